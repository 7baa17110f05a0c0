//! Input objects for release filters and sort orders, and their conversion to catalog filters and sort keys.
//!
//! The conversion decodes global ids and checks the length of lists. `catalog::query::filter` evaluates the filters.

use async_graphql::{ID, InputObject};
use entity::Noun;

use super::lookup::{PlaceRef, TopicRef};
use crate::{
    catalog::{self, Near, OrderBy, Range},
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

impl ReleaseFilter {
    /// Converts the argument `filter`, if it is present, to a catalog filter.
    pub fn resolve_argument(filter: Option<Self>, ids: &IdCodec) -> Result<Option<catalog::ReleaseFilter>, ApiError> {
        filter.map(|filter| filter.resolve(ids)).transpose().map_err(|error| error.at("filter"))
    }

    /// Converts this input to a catalog filter.
    fn resolve(self, ids: &IdCodec) -> Result<catalog::ReleaseFilter, ApiError> {
        Ok(catalog::ReleaseFilter {
            and: convert_list("and", self.and, |filter| filter.resolve(ids))?,
            or: convert_list("or", self.or, |filter| filter.resolve(ids))?,
            not: self
                .not
                .map(|filter| filter.resolve(ids).map(Box::new).map_err(|error| error.at("not")))
                .transpose()?,
            ids: convert_list("ids", self.ids, |id| global_id::decode_as(ids, Noun::Release, &id))?,
            kinds: convert_list("kinds", self.kinds, |kind| Ok(kind.into()))?,
            topics: self.topics.map(|topics| topics.resolve(ids)).transpose().map_err(|error| error.at("topics"))?,
            places: self.places.map(|places| places.resolve(ids)).transpose().map_err(|error| error.at("places"))?,
            languages: convert_list("languages", self.languages, |tag| Ok(tag.0))?,
            release_date: self.release_date.map(DateRange::resolve),
            published_at: self.published_at.map(DateTimeRange::resolve),
            modified_at: self.modified_at.map(DateTimeRange::resolve),
            states: convert_list("states", self.states, |state| Ok(state.into()))?,
            has_working: self.has_working,
            authors: convert_list("authors", self.authors, Ok)?,
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
            any: convert_list("any", self.any, |topic| topic.resolve(ids))?,
            all: convert_list("all", self.all, |topic| topic.resolve(ids))?,
            none: convert_list("none", self.none, |topic| topic.resolve(ids))?,
            missing: self.missing,
            include_narrower: self.include_narrower,
        })
    }
}

impl PlaceSetFilter {
    fn resolve(self, ids: &IdCodec) -> Result<catalog::PlaceSetFilter, ApiError> {
        Ok(catalog::PlaceSetFilter {
            any: convert_list("any", self.any, |place| place.resolve(ids))?,
            all: convert_list("all", self.all, |place| place.resolve(ids))?,
            none: convert_list("none", self.none, |place| place.resolve(ids))?,
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

/// Checks the length of a list and converts each entry.
fn convert_list<T, U>(
    name: &'static str,
    list: Option<Vec<T>>,
    convert: impl Fn(T) -> Result<U, ApiError>,
) -> Result<Option<Vec<U>>, ApiError> {
    let Some(list) = list else { return Ok(None) };
    catalog::ReleaseFilter::check_list_length(name, list.len()).map_err(ApiError::from_filter)?;
    list.into_iter().map(convert).collect::<Result<_, _>>().map(Some).map_err(|error| error.at(name))
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
