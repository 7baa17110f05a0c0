//! Input objects of facets (`first`, `minCount`, `orderBy`, …), validated and converted to a catalog request.

use async_graphql::InputObject;

use super::{filter::check_unique_keys, lookup::TopicRef, pagination::page_size};
use crate::{
    catalog::{self, FacetField, FacetRequest, ReleaseSet},
    graphql::base::{
        enums::{Direction, FacetOrderKey, FacetScope, PlaceKind, PlaceRole},
        error::ApiError,
    },
    newsroom::{access::public_id::IdCodec, reading::pagination::DEFAULT_SIZE},
};

/// Selects and sorts the buckets of a facet. Each bucket counts the releases with one value, for example one kind.
#[derive(Clone, Debug, InputObject)]
pub struct FacetInput {
    /// Maximum number of buckets, 1 to 200.
    #[graphql(default_with = "DEFAULT_SIZE")]
    first: i32,
    /// Which conditions of the release filter apply when the facet counts releases.
    #[graphql(default_with = "FacetScope::ExcludeOwnFilter")]
    scope: FacetScope,
    /// Only values with at least this many releases. 0 also lists values without releases.
    #[graphql(default = 1)]
    min_count: i32,
    /// Sort keys, the most important first. Buckets with equal keys are sorted by label. Default: `COUNT`, largest
    /// first.
    order_by: Option<Vec<FacetOrder>>,
    /// Only values whose label contains this text, ignoring case and accents. At most 200 characters.
    label_contains: Option<String>,
}

/// Selects and sorts the buckets of a facet by topic. Each bucket counts the releases with one topic.
#[derive(Clone, Debug, InputObject)]
pub struct TopicFacetInput {
    /// Maximum number of buckets, 1 to 200.
    #[graphql(default_with = "DEFAULT_SIZE")]
    first: i32,
    /// Which conditions of the release filter apply when the facet counts releases.
    #[graphql(default_with = "FacetScope::ExcludeOwnFilter")]
    scope: FacetScope,
    /// Only topics with at least this many releases. 0 also lists topics without releases.
    #[graphql(default = 1)]
    min_count: i32,
    /// Sort keys, the most important first. Buckets with equal keys are sorted by label. Default: `COUNT`, largest
    /// first.
    order_by: Option<Vec<FacetOrder>>,
    /// Only topics whose label contains this text, ignoring case and accents. At most 200 characters.
    label_contains: Option<String>,
    /// Whether a topic also counts the releases of its narrower topics. Each release counts once per topic.
    #[graphql(default = true)]
    roll_up: bool,
    /// Only topics directly below the given topic. Releases that count for none of these topics are in `missing`.
    under: Option<TopicRef>,
}

/// Selects and sorts the buckets of a facet by place. Each bucket counts the releases with one place.
#[derive(Clone, Debug, InputObject)]
pub struct PlaceFacetInput {
    /// Maximum number of buckets, 1 to 200.
    #[graphql(default_with = "DEFAULT_SIZE")]
    first: i32,
    /// Which conditions of the release filter apply when the facet counts releases.
    #[graphql(default_with = "FacetScope::ExcludeOwnFilter")]
    scope: FacetScope,
    /// Only places with at least this many releases. 0 also lists places without releases.
    #[graphql(default = 1)]
    min_count: i32,
    /// Sort keys, the most important first. Buckets with equal keys are sorted by label. Default: `COUNT`, largest
    /// first.
    order_by: Option<Vec<FacetOrder>>,
    /// Only places whose label contains this text, ignoring case and accents. At most 200 characters.
    label_contains: Option<String>,
    /// Only places of this kind, for example countries. A release counts for the place of this kind that is or
    /// contains its place. Releases without such a place are in `missing`. Without `level`, each place counts only
    /// its own releases.
    level: Option<PlaceKind>,
    /// Which places of a release count: the places of its dateline, the places that it is about, or both.
    #[graphql(default_with = "PlaceRole::Any")]
    role: PlaceRole,
}

/// A sort key for the buckets of a facet.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct FacetOrder {
    /// The property to sort the buckets by.
    by: FacetOrderKey,
    /// The sort direction.
    #[graphql(default_with = "Direction::Desc")]
    direction: Direction,
}

impl Default for FacetInput {
    fn default() -> Self {
        Self {
            first: DEFAULT_SIZE,
            scope: FacetScope::ExcludeOwnFilter,
            min_count: 1,
            order_by: None,
            label_contains: None,
        }
    }
}

impl Default for TopicFacetInput {
    fn default() -> Self {
        let FacetInput { first, scope, min_count, order_by, label_contains } = FacetInput::default();
        Self { first, scope, min_count, order_by, label_contains, roll_up: true, under: None }
    }
}

impl Default for PlaceFacetInput {
    fn default() -> Self {
        let FacetInput { first, scope, min_count, order_by, label_contains } = FacetInput::default();
        Self { first, scope, min_count, order_by, label_contains, level: None, role: PlaceRole::Any }
    }
}

/// Maximum length of `labelContains`, in characters.
const MAX_LABEL_QUERY_CHARS: usize = 200;

impl FacetInput {
    /// Creates the input that selects the `first` largest buckets with at least one release.
    pub(in crate::graphql) fn with_first(first: i32, scope: FacetScope) -> Self {
        Self { first, scope, ..Self::default() }
    }

    pub(in crate::graphql) fn request(self, field: FacetField) -> Result<FacetRequest, ApiError> {
        let first = page_size(self.first)?;
        let min_count = u64::try_from(self.min_count).map_err(|_| {
            ApiError::bad_input(format!("`minCount` must be 0 or more, got {}", self.min_count)).at("minCount")
        })?;
        let order: Vec<catalog::FacetOrder> = self
            .order_by
            .into_iter()
            .flatten()
            .map(|key| catalog::FacetOrder { by: key.by.into(), direction: key.direction.into() })
            .collect();
        check_unique_keys(&order, |key| key.by)?;
        if self.label_contains.as_ref().is_some_and(|text| text.chars().count() > MAX_LABEL_QUERY_CHARS) {
            let message = format!("`labelContains` has more than {MAX_LABEL_QUERY_CHARS} characters: shorten it");
            return Err(ApiError::bad_input(message).at("labelContains"));
        }
        Ok(FacetRequest {
            field,
            first,
            scope: self.scope.into(),
            min_count,
            order,
            label_contains: self.label_contains,
        })
    }
}

impl TopicFacetInput {
    pub(in crate::graphql) fn request(self, ids: &IdCodec, set: &ReleaseSet) -> Result<FacetRequest, ApiError> {
        let under =
            self.under.map(|under| under.find(ids, set.snapshot())).transpose().map_err(|error| error.at("under"))?;
        let Self { first, scope, min_count, order_by, label_contains, roll_up, .. } = self;
        let field = FacetField::Topics { roll_up, under };
        FacetInput { first, scope, min_count, order_by, label_contains }.request(field)
    }
}

impl PlaceFacetInput {
    pub(in crate::graphql) fn request(self) -> Result<FacetRequest, ApiError> {
        let field = FacetField::Places { level: self.level.map(Into::into), role: self.role.into() };
        let Self { first, scope, min_count, order_by, label_contains, .. } = self;
        FacetInput { first, scope, min_count, order_by, label_contains }.request(field)
    }
}
