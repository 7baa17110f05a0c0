//! Input objects for release filters and sort orders, converted to those of the catalog.
//!
//! Decodes global ids and limits the length of lists. Filters are evaluated in `catalog::query::filter`.

use async_graphql::{ID, InputObject};
use entity::Noun;

use super::lookup::{PlaceRef, TopicRef};
use crate::{
    catalog::{self, ConceptRef, Near, OrderBy, Range},
    graphql::base::{
        enums::{Direction, PlaceRole, ReleaseKind, ReleaseOrderKey, ReleaseState},
        error::ApiError,
        global_id,
        scalars::{Date, DateTime, LanguageTag},
    },
    newsroom::access::public_id::IdCodec,
};

/// Selects releases. All given conditions must match; `and`, `or` and `not` combine filters. An empty list matches
/// nothing, except that an empty `and`, `all` or `none` matches everything. A list has at most 1,000 entries, and
/// filters can be nested up to 16 deep.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ReleaseFilter {
    /// All of these filters must match.
    and: Option<Vec<ReleaseFilter>>,
    /// At least one of these filters must match.
    or: Option<Vec<ReleaseFilter>>,
    /// This filter must not match.
    not: Option<Box<ReleaseFilter>>,
    /// Releases with one of these ids. Unknown ids match nothing.
    ids: Option<Vec<ID>>,
    /// Releases of one of these kinds.
    kinds: Option<Vec<ReleaseKind>>,
    /// Conditions on the topics.
    topics: Option<TopicSetFilter>,
    /// Conditions on the places.
    places: Option<PlaceSetFilter>,
    /// Releases in one of these languages or in a more specific form of one: `pt` includes `pt-BR`.
    languages: Option<Vec<LanguageTag>>,
    /// The release date.
    release_date: Option<DateRange>,
    /// When the release was last made public.
    published_at: Option<DateTimeRange>,
    /// When the visible content of the release last changed.
    modified_at: Option<DateTimeRange>,
    /// Releases in one of these states. Useful for the desk only: for other viewers every release is PUBLISHED.
    states: Option<Vec<ReleaseState>>,
    /// Whether there is a working revision beside the live one. Useful for the desk only: for other viewers there is
    /// none.
    has_working: Option<bool>,
    /// Releases created by one of the actors with these ids. Useful for the desk only: for other viewers releases
    /// have no author.
    authors: Option<Vec<String>>,
}

/// Conditions on the topics of a release. All given conditions must match.
#[derive(Clone, Debug, InputObject)]
pub struct TopicSetFilter {
    /// The release has at least one of these.
    any: Option<Vec<TopicRef>>,
    /// The release has all of these.
    all: Option<Vec<TopicRef>>,
    /// The release has none of these.
    none: Option<Vec<TopicRef>>,
    /// true: the release has no topic; false: it has at least one.
    missing: Option<bool>,
    /// Whether a narrower topic counts as the given topic.
    #[graphql(default = true)]
    include_narrower: bool,
}

/// Conditions on the places of a release. All given conditions must match.
#[derive(Clone, Debug, InputObject)]
pub struct PlaceSetFilter {
    /// The release has at least one of these.
    any: Option<Vec<PlaceRef>>,
    /// The release has all of these.
    all: Option<Vec<PlaceRef>>,
    /// The release has none of these.
    none: Option<Vec<PlaceRef>>,
    /// true: the release has no place in this role; false: it has at least one.
    missing: Option<bool>,
    /// The role of the place in the release.
    #[graphql(default_with = "PlaceRole::Any")]
    role: PlaceRole,
    /// Whether a place within the given place counts as that place.
    #[graphql(default = true)]
    include_within: bool,
    /// The release has a place whose location lies within this circle. Places without a location never match. A filter
    /// can contain at most ten circles.
    near: Option<NearInput>,
}

/// A circle on the globe: a point (WGS 84) and a radius.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct NearInput {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
    /// The radius in kilometres along a great circle, 0 or more.
    kilometres: f64,
}

/// A range of calendar dates. Without `from` or `until`, it is open at that end.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct DateRange {
    /// First day, inclusive.
    from: Option<Date>,
    /// Last day, inclusive.
    until: Option<Date>,
}

/// A range of instants. Without `from` or `until`, it is open at that end.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct DateTimeRange {
    /// First instant, inclusive.
    from: Option<DateTime>,
    /// Last instant, inclusive.
    until: Option<DateTime>,
}

/// A sort key of releases.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct ReleaseOrder {
    /// What to sort by.
    by: ReleaseOrderKey,
    /// The sort direction.
    #[graphql(default_with = "Direction::Desc")]
    direction: Direction,
}

/// Maximum number of entries of a list in a filter.
const MAX_LIST_LENGTH: usize = 1000;

impl ReleaseFilter {
    /// Converts the argument `filter`, if it is present, to a filter of the catalog.
    pub fn resolve_argument(filter: Option<Self>, ids: &IdCodec) -> Result<Option<catalog::ReleaseFilter>, ApiError> {
        filter.map(|filter| filter.resolve(ids)).transpose().map_err(|error| error.at("filter"))
    }

    /// Converts to a filter of the catalog.
    fn resolve(self, ids: &IdCodec) -> Result<catalog::ReleaseFilter, ApiError> {
        let lists = [
            ("and", self.and.as_ref().map(Vec::len)),
            ("or", self.or.as_ref().map(Vec::len)),
            ("ids", self.ids.as_ref().map(Vec::len)),
            ("kinds", self.kinds.as_ref().map(Vec::len)),
            ("languages", self.languages.as_ref().map(Vec::len)),
            ("states", self.states.as_ref().map(Vec::len)),
            ("authors", self.authors.as_ref().map(Vec::len)),
        ];
        lists.into_iter().try_for_each(|(name, length)| check_list_length(name, length))?;
        let resolve_all = |filters: Option<Vec<Self>>, name: &str| {
            filters
                .map(|filters| {
                    filters
                        .into_iter()
                        .map(|filter| filter.resolve(ids))
                        .collect::<Result<Vec<_>, _>>()
                        .map_err(|error| error.at(name))
                })
                .transpose()
        };
        Ok(catalog::ReleaseFilter {
            and: resolve_all(self.and, "and")?,
            or: resolve_all(self.or, "or")?,
            not: self
                .not
                .map(|filter| filter.resolve(ids).map(Box::new).map_err(|error| error.at("not")))
                .transpose()?,
            ids: self
                .ids
                .map(|global_ids| {
                    global_ids
                        .iter()
                        .map(|id| global_id::decode_as(ids, Noun::Release, id))
                        .collect::<Result<_, _>>()
                        .map_err(|error| error.at("ids"))
                })
                .transpose()?,
            kinds: self.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            topics: self.topics.map(|topics| topics.resolve(ids)).transpose().map_err(|error| error.at("topics"))?,
            places: self.places.map(|places| places.resolve(ids)).transpose().map_err(|error| error.at("places"))?,
            languages: self.languages.map(|tags| tags.into_iter().map(|tag| tag.0).collect()),
            release_date: self.release_date.map(DateRange::resolve),
            published_at: self.published_at.map(DateTimeRange::resolve),
            modified_at: self.modified_at.map(DateTimeRange::resolve),
            states: self.states.map(|states| states.into_iter().map(Into::into).collect()),
            has_working: self.has_working,
            authors: self.authors,
        })
    }
}

impl DateRange {
    /// Converts to a range of the catalog.
    pub fn resolve(self) -> Range<chrono::NaiveDate> {
        Range { from: self.from.map(|date| date.0), until: self.until.map(|date| date.0) }
    }
}

impl DateTimeRange {
    fn resolve(self) -> Range<chrono::DateTime<chrono::Utc>> {
        Range { from: self.from.map(|at| at.0), until: self.until.map(|at| at.0) }
    }
}

impl TopicSetFilter {
    fn resolve(self, ids: &IdCodec) -> Result<catalog::TopicSetFilter, ApiError> {
        Ok(catalog::TopicSetFilter {
            any: resolve_references("any", self.any, |topic: TopicRef| topic.resolve(ids))?,
            all: resolve_references("all", self.all, |topic: TopicRef| topic.resolve(ids))?,
            none: resolve_references("none", self.none, |topic: TopicRef| topic.resolve(ids))?,
            missing: self.missing,
            include_narrower: self.include_narrower,
        })
    }
}

impl PlaceSetFilter {
    fn resolve(self, ids: &IdCodec) -> Result<catalog::PlaceSetFilter, ApiError> {
        Ok(catalog::PlaceSetFilter {
            any: resolve_references("any", self.any, |place: PlaceRef| place.resolve(ids))?,
            all: resolve_references("all", self.all, |place: PlaceRef| place.resolve(ids))?,
            none: resolve_references("none", self.none, |place: PlaceRef| place.resolve(ids))?,
            missing: self.missing,
            role: self.role.into(),
            include_within: self.include_within,
            near: self.near.map(|near| Near {
                latitude: near.latitude,
                longitude: near.longitude,
                kilometres: near.kilometres,
            }),
        })
    }
}

/// Converts the references of a list, and checks its length.
fn resolve_references<R>(
    name: &'static str,
    list: Option<Vec<R>>,
    resolve: impl Fn(R) -> Result<ConceptRef, ApiError>,
) -> Result<Option<Vec<ConceptRef>>, ApiError> {
    check_list_length(name, list.as_ref().map(Vec::len))?;
    list.map(|list| list.into_iter().map(resolve).collect::<Result<_, _>>().map_err(|error| error.at(name))).transpose()
}

fn check_list_length(name: &str, length: Option<usize>) -> Result<(), ApiError> {
    match length {
        Some(length) if length > MAX_LIST_LENGTH => {
            Err(ApiError::bad_input(format!("`{name}` has {length} entries; the maximum is {MAX_LIST_LENGTH}"))
                .at(name))
        }
        _ => Ok(()),
    }
}

/// Converts the sort order of a list. Without keys, the newest release date comes first.
pub fn resolve_order(keys: Option<Vec<ReleaseOrder>>) -> Result<Vec<OrderBy>, ApiError> {
    let keys: Vec<OrderBy> =
        keys.into_iter().flatten().map(|key| OrderBy { by: key.by.into(), direction: key.direction.into() }).collect();
    check_unique_keys(&keys, |key| key.by)?;
    Ok(if keys.is_empty() { catalog::NEWEST_FIRST.to_vec() } else { keys })
}

/// Rejects a sort order that contains a key twice.
pub(super) fn check_unique_keys<T, K: PartialEq>(order: &[T], key: impl Fn(&T) -> K) -> Result<(), ApiError> {
    let is_repeated = |(index, item): (usize, &T)| order[..index].iter().any(|other| key(other) == key(item));
    if order.iter().enumerate().any(is_repeated) {
        return Err(ApiError::bad_input("`orderBy` contains a key twice: use each key once").at("orderBy"));
    }
    Ok(())
}
