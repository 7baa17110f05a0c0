//! The catalog, the in-memory read model: releases, topics and places as bitmaps, columns and sorted indexes.
//!
//! Lists, counts, facets, timelines and trends are computed from an immutable `Snapshot`, which follows the journal.
//! The database remains the source of truth. A request pins one snapshot and sees the same data throughout. Every
//! query begins with `View::visible_to`, and later steps can only narrow its result, so no query reaches a release
//! that the viewer must not see. The catalog does not depend on GraphQL or HTTP. Within the catalog, only `sync` uses
//! the database.
//!
//! - `store`: containers that do not know what a release is: bitmap index, column, sorted index, key index,
//!   vocabulary
//! - `snapshot`: the data at one journal sequence, and how journal entries and scheduled transitions change this data
//! - `query`: release sets, filters, pagination, facets, timelines, trends, and the cache of query results
//! - `sort`: sort keys, directions and the default order of releases
//! - `sync`: loads the catalog from the database, follows the journal, and keeps recent journal entries in memory

mod query;
mod snapshot;
mod sort;
mod store;
mod sync;

pub use query::aggregates::calendar::{Interval, Weekday, start_of_day};
pub use query::aggregates::compare::{ComparisonPeriod, Delta};
pub use query::aggregates::facet::{Bucket, Facet, FacetOrder, FacetOrderKey, FacetRequest, FacetScope, kind_label};
pub use query::aggregates::timeline::{DateField, MAX_TIMELINE_POINTS, TimePoint, Timeline, TimelineRequest};
pub use query::aggregates::trend::{Duration, TopicTrend, TrendRequest};
pub use query::change_event::{ChangeKind, changes_hierarchy};
pub use query::facet_field::{FacetField, PlaceRoleFilter};
pub use query::filter::canonical::CanonicalFilter;
pub use query::filter::concept_filter::{ConceptRef, PlaceSetFilter, TopicSetFilter};
pub use query::filter::error::FilterError;
pub use query::filter::near::Near;
pub use query::filter::vocabulary_filter::VocabularyFilter;
pub use query::filter::{Range, ReleaseFilter};
pub use query::handle::Handle;
pub use query::page::{PageWindow, Slice, SortPosition};
pub use query::release_set::{ReleaseKey, ReleaseSet, Tombstone};
pub use query::search::{
    matching::{ReleaseMatch, SearchError},
    request::SearchRequest,
    suggestions::Suggestion,
};
pub use query::view::View;
pub use search::{Field as SearchField, Highlight, Mode as SearchMode, fold, word_count as search_word_count};
pub use snapshot::Snapshot;
pub use snapshot::audience::Audience;
pub(crate) use snapshot::difference::comparable;
pub use sort::{BEST_FIRST, Direction, NEWEST_FIRST, OrderBy, OrderKey, SortKey};
pub use store::collation::LabelSortKey;
pub use store::vocabulary::{Concept, ExternalCode, Vocabulary};
pub use sync::follower::Catalog;
pub(crate) use sync::load::{
    assigned_places, assigned_topics, load_in_transaction, places as place_images, releases as release_images,
    topics as topic_images,
};
pub(crate) use sync::replay::replay_all;
pub use sync::{index_maintenance::RebuildError, indexer::IndexLocation};

#[cfg(test)]
mod tests;
