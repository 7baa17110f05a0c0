//! The catalog: what lists, counts and aggregates are answered from.
//!
//! Every fact is in the database; the catalog keeps in memory what sets are made of, as an immutable [`Snapshot`] that follows
//! the journal. A request pins one snapshot and sees one revision of the newsroom throughout. It begins with
//! [`Snapshot::visible_to`] and narrows from there; there is no other way to a [`ReleaseSet`], and so no way to what the viewer
//! may not see. Only `load` and `follow` know that there is a database; nothing here knows GraphQL.

mod audience;
mod bits;
mod calendar;
mod canonical;
mod census;
mod column;
mod coming;
mod compare;
mod condition;
mod dated;
mod difference;
mod facet;
mod fault;
mod filter;
mod follow;
mod freshness;
mod glimpse;
mod handle;
mod index;
mod label;
mod load;
mod loader;
mod memo;
mod near;
mod order;
mod page;
mod recent;
mod related;
mod rows;
mod set;
mod snapshot;
mod tally;
mod thesaurus;
mod timeline;
mod trend;
mod vocabulary;

pub use audience::Audience;
pub use calendar::{Interval, Weekday};
pub use canonical::CanonicalFilter;
pub use compare::{ComparisonPeriod, Delta};
pub use condition::{ConceptRef, PlaceRoleFilter, PlaceSetFilter, TopicSetFilter};
pub(crate) use difference::comparable;
pub use facet::{Bucket, Facet, FacetField, FacetOrder, FacetOrderKey, FacetRequest, FacetScope};
pub use fault::FilterError;
pub use filter::{MAX_FILTER_DEPTH, Range, ReleaseFilter};
pub use follow::Catalog;
pub(crate) use follow::replay_all;
pub use glimpse::{ChangeKind, changes_hierarchy};
pub use handle::Handle;
pub use label::{LabelSortKey, fold};
pub(crate) use load::{
    assigned_places, assigned_topics, load_in_transaction, places as place_images, releases as release_images,
    topics as topic_images,
};
pub use near::Near;
pub use page::{Direction, NEWEST_FIRST, OrderBy, OrderKey, PageWindow, Slice, SortPosition};
pub use set::{ReleaseKey, ReleaseSet, Tombstone};
pub use snapshot::Snapshot;
pub use timeline::{DateField, MAX_TIMELINE_POINTS, TimePoint, Timeline, TimelineRequest};
pub use trend::{Duration, TopicTrend, TrendRequest};
pub use vocabulary::{Concept, ExternalCode, Vocabulary};

#[cfg(test)]
mod tests;
