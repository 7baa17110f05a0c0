//! Tests of queries.
//!
//! - `attacks`: malicious requests over TCP
//! - `bodies`: rendering and loading of release bodies
//! - `cursors`: pagination cursors
//! - `date_range`: the supported range of dates
//! - `errors`: error messages
//! - `limits`: request limits
//! - `lists`: pagination, ordering, and filters
//! - `release_sets`: facet counts, timelines, comparisons, and trends
//! - `search`: full-text search
//! - `search_index`: maintenance of the search index
//! - `texts`: search for names, collation, and stored texts
//! - `timelines`: timelines over centuries
//! - `validation`: validation and execution of GraphQL operations

pub mod attacks;
pub mod bodies;
pub mod cursors;
pub mod date_range;
pub mod errors;
pub mod limits;
pub mod lists;
pub mod release_sets;
pub mod search;
pub mod search_index;
pub mod texts;
pub mod timelines;
pub mod validation;
