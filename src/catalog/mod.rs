//! The catalog: what lists, counts and aggregates are answered from.
//!
//! Every fact is in the database; the catalog keeps in memory what sets are made of, as an immutable [`Snapshot`] that follows
//! the journal. A request pins one snapshot and sees one revision of the newsroom throughout. It begins with
//! [`Snapshot::visible_to`] and narrows from there; there is no other way to a [`ReleaseSet`], and so no way to what the viewer
//! may not see. Only `load` and `follow` know that there is a database; nothing here knows GraphQL.

mod query;
mod snapshot;
mod store;
mod sync;

pub use query::aggregates::calendar::{Interval, Weekday};
pub use query::aggregates::compare::{ComparisonPeriod, Delta};
pub use query::aggregates::facet::{Bucket, Facet, FacetField, FacetOrder, FacetOrderKey, FacetRequest, FacetScope};
pub use query::aggregates::timeline::{DateField, MAX_TIMELINE_POINTS, TimePoint, Timeline, TimelineRequest};
pub use query::aggregates::trend::{Duration, TopicTrend, TrendRequest};
pub use query::change_event::{ChangeKind, changes_hierarchy};
pub use query::filter::canonical::CanonicalFilter;
pub use query::filter::concepts::{ConceptRef, PlaceRoleFilter, PlaceSetFilter, TopicSetFilter};
pub use query::filter::error::FilterError;
pub use query::filter::near::Near;
pub use query::filter::{MAX_FILTER_DEPTH, Range, ReleaseFilter};
pub use query::handle::Handle;
pub use query::page::{Direction, NEWEST_FIRST, OrderBy, OrderKey, PageWindow, Slice, SortPosition};
pub use query::release_set::{ReleaseKey, ReleaseSet, Tombstone};
pub use snapshot::Snapshot;
pub use snapshot::audience::Audience;
pub(crate) use snapshot::difference::comparable;
pub use store::collation::{LabelSortKey, fold};
pub use store::vocabulary::{Concept, ExternalCode, Vocabulary};
pub use sync::follower::Catalog;
pub(crate) use sync::follower::replay_all;
pub(crate) use sync::load::{
    assigned_places, assigned_topics, load_in_transaction, places as place_images, releases as release_images,
    topics as topic_images,
};

#[cfg(test)]
mod tests;
