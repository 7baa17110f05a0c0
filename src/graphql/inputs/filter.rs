//! Input objects for release filters and sort orders, and their conversion to catalog filters and sort keys.
//!
//! The conversion decodes global ids and limits the length of lists. `catalog::query::filter` evaluates the filters.

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

/// Selects releases. All given conditions must match. `and`, `or` and `not` combine filters. An empty list matches
/// nothing, but an empty `and`, `all` or `none` matches everything. A list can have at most 1,000 entries, and
/// filters can be nested at most 16 levels deep.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ReleaseFilter {
    /// Filters that must all match.
    and: Option<Vec<ReleaseFilter>>,
    /// Filters of which at least one must match.
    or: Option<Vec<ReleaseFilter>>,
    /// A filter that must not match.
    not: Option<Box<ReleaseFilter>>,
    /// Releases with one of these ids. An unknown id matches nothing.
    ids: Option<Vec<ID>>,
    /// Releases of one of these kinds.
    kinds: Option<Vec<ReleaseKind>>,
    /// Conditions on the topics of the release.
    topics: Option<TopicSetFilter>,
    /// Conditions on the places of the release.
    places: Option<PlaceSetFilter>,
    /// Releases in one of these languages, including more specific tags: `pt` also matches `pt-BR`.
    languages: Option<Vec<LanguageTag>>,
    /// Releases whose release date is in this range.
    release_date: Option<DateRange>,
    /// Releases that were last made public in this range of instants.
    published_at: Option<DateTimeRange>,
    /// Releases whose visible content last changed in this range of instants.
    modified_at: Option<DateTimeRange>,
    /// Releases in one of these workflow states. Useful only for the desk (AUTHOR, EDITOR, ADMIN): for other viewers,
    /// every release is PUBLISHED.
    states: Option<Vec<ReleaseState>>,
    /// Whether the release has a working revision (unpublished changes) beside its live revision. Useful only for the
    /// desk (AUTHOR, EDITOR, ADMIN): for other viewers, no release has one.
    has_working: Option<bool>,
    /// Releases created by one of the actors with these ids (`Actor.id`). Useful only for the desk (AUTHOR, EDITOR,
    /// ADMIN): for other viewers, no release matches.
    authors: Option<Vec<String>>,
}

/// Conditions on the topics of a release. All given conditions must match.
#[derive(Clone, Debug, InputObject)]
pub struct TopicSetFilter {
    /// The release has at least one of these topics.
    any: Option<Vec<TopicRef>>,
    /// The release has all of these topics.
    all: Option<Vec<TopicRef>>,
    /// The release has none of these topics.
    none: Option<Vec<TopicRef>>,
    /// true: only releases without topics. false: only releases with at least one topic.
    missing: Option<bool>,
    /// Whether a release with a narrower topic counts as having the given topic.
    #[graphql(default = true)]
    include_narrower: bool,
}

/// Conditions on the places of a release. All given conditions must match.
#[derive(Clone, Debug, InputObject)]
pub struct PlaceSetFilter {
    /// The release has at least one of these places.
    any: Option<Vec<PlaceRef>>,
    /// The release has all of these places.
    all: Option<Vec<PlaceRef>>,
    /// The release has none of these places.
    none: Option<Vec<PlaceRef>>,
    /// true: only releases without a place in this `role`. false: only releases with at least one such place.
    missing: Option<bool>,
    /// Limits the conditions of this input to the places in a release's dateline, or to the places that the release is
    /// about. With ANY, a place in either role can match.
    #[graphql(default_with = "PlaceRole::Any")]
    role: PlaceRole,
    /// Whether a release with a place inside the given place counts as having the given place.
    #[graphql(default = true)]
    include_within: bool,
    /// The release has a place whose location is inside this circle. Places without a location never match. A filter,
    /// including all nested filters, can contain at most ten circles.
    near: Option<NearInput>,
}

/// A circle on the globe: a point (WGS 84) and a radius.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct NearInput {
    /// Degrees north, -90 to 90.
    latitude: f64,
    /// Degrees east, -180 to 180.
    longitude: f64,
    /// The radius along the earth's surface (great circle), in kilometres, 0 or more.
    kilometres: f64,
}

/// A range of calendar dates. If `from` or `until` is absent, the range is unbounded at that end.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct DateRange {
    /// First day, inclusive.
    from: Option<Date>,
    /// Last day, inclusive.
    until: Option<Date>,
}

/// A range of instants. If `from` or `until` is absent, the range is unbounded at that end.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct DateTimeRange {
    /// First instant, inclusive.
    from: Option<DateTime>,
    /// Last instant, inclusive.
    until: Option<DateTime>,
}

/// A sort key for releases.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct ReleaseOrder {
    /// The property to sort the releases by.
    by: ReleaseOrderKey,
    /// The sort direction.
    #[graphql(default_with = "Direction::Desc")]
    direction: Direction,
}

/// Maximum number of entries in one list of a filter.
const MAX_LIST_LENGTH: usize = 1000;

impl ReleaseFilter {
    /// Converts the argument `filter`, if it is present, to a catalog filter.
    pub fn resolve_argument(filter: Option<Self>, ids: &IdCodec) -> Result<Option<catalog::ReleaseFilter>, ApiError> {
        filter.map(|filter| filter.resolve(ids)).transpose().map_err(|error| error.at("filter"))
    }

    /// Converts this input to a catalog filter.
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
    /// Converts this input to a catalog range.
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

/// Checks the length of a list of topic or place references, and converts each reference.
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

/// Converts the argument `orderBy` to catalog sort keys. Default: latest release date first.
pub fn resolve_order(keys: Option<Vec<ReleaseOrder>>) -> Result<Vec<OrderBy>, ApiError> {
    let keys: Vec<OrderBy> =
        keys.into_iter().flatten().map(|key| OrderBy { by: key.by.into(), direction: key.direction.into() }).collect();
    check_unique_keys(&keys, |key| key.by)?;
    Ok(if keys.is_empty() { catalog::NEWEST_FIRST.to_vec() } else { keys })
}

/// Rejects an `orderBy` that contains the same key twice.
pub(super) fn check_unique_keys<T, K: PartialEq>(order: &[T], key: impl Fn(&T) -> K) -> Result<(), ApiError> {
    let is_repeated = |(index, item): (usize, &T)| order[..index].iter().any(|other| key(other) == key(item));
    if order.iter().enumerate().any(is_repeated) {
        return Err(ApiError::bad_input("`orderBy` contains a key twice: use each key once").at("orderBy"));
    }
    Ok(())
}
