//! Queries of the catalog: release sets, and everything that is computed from a release set.
//!
//! All queries are pure functions of a pinned snapshot: they use no database and no clock. `release_set` decides
//! which releases the viewer may see.
//!
//! - `view`: a snapshot with the cache of its query results; queries read it
//! - `release_set`: the releases that a viewer may see, narrowed by filters
//! - `handle`: one visible release
//! - `page`: keyset pagination of a release set in any order
//! - `filter`: filters on releases, topics and places, their errors and their canonical forms
//! - `date_span`: first and last dates of a release set
//! - `aggregates`: facet counts, timelines, comparisons, trends
//! - `search`: full-text search in a release set
//! - `related`: releases that are similar to a given release
//! - `change_event`: what a journal entry changed for a viewer, for change streams
//! - `facet_field`: the fields that facets count by, and the filter conditions on these fields
//! - `facet_index`: data types of facet indexes and facet counts
//! - `cache`: query results that are computed at most once per snapshot

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
pub mod search;
pub mod view;
