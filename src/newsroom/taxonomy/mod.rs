//! Taxonomy: commands that create, update, merge and retire topics and places (controlled vocabularies as in SKOS).
//!
//! Queries read and search topics and places in the catalog (`catalog::store::vocabulary`).
//!
//! - `topic`: create and update topics; conversion of a topic to rows
//! - `place`: create and update places; ISO 3166, UN M49 and GeoNames codes, coordinates
//! - `merge`: merge and retire concepts; redirects of their ids, slugs and URIs
//! - `hierarchy`: search for an ancestor in the hierarchy, to refuse cycles

pub(in crate::newsroom) mod hierarchy;
pub(crate) mod merge;
pub mod place;
pub mod topic;
