//! Queries of the catalog: release sets, and everything that is computed from a set.
//!
//! All of them are pure functions of a pinned snapshot: no database, no clock. `release_set` decides what the viewer
//! may see.
//!
//! - `view`: a snapshot with its cache, which queries read
//! - `release_set`: the set of releases visible to a viewer, narrowed by filters
//! - `handle`: one visible release
//! - `page`: keyset pagination of a set in any order
//! - `filter`: filters on releases, their errors and their canonical form
//! - `date_span`: first and last dates of a set
//! - `aggregates`: facet counts, timelines, comparisons, trends
//! - `related`: similar releases
//! - `change_event`: what a journal entry changed for a viewer (change stream)
//! - `facet_field`: fields of facets and the filter conditions on them
//! - `facet_index`: facet index and facet counts as data
//! - `cache`: results computed once for a snapshot

pub mod aggregates;
pub mod cache;
pub mod change_event;
pub mod date_span;
pub mod facet_field;
pub mod facet_index;
pub mod filter;
pub mod handle;
pub mod page;
pub mod related;
pub mod release_set;
pub mod view;
