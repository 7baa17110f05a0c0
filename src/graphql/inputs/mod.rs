//! Input objects and their conversion to values of the catalog and the newsroom.
//!
//! - `filter`: release filters, date ranges and sort orders
//! - `facet`: which buckets of a facet to return
//! - `lookup`: references by id, slug or code
//! - `pagination`: the argument `first`
//! - `patch`: absent, null and given fields
//! - `search`: a full-text search

pub mod facet;
pub mod filter;
pub mod lookup;
pub mod pagination;
pub mod patch;
pub mod search;
