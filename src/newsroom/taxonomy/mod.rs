//! Taxonomy: commands that create, update, merge and retire topics and places (controlled vocabularies as in SKOS).
//!
//! Queries read and search topics and places in the catalog (`catalog::store::vocabulary`).
//!
//! - `concept`: what topics and places share; create and update
//! - `merge`: merge and retire concepts; redirects of their ids, slugs and URIs
//! - `topic`: fields of topics; conversion of a topic to rows
//! - `place`: fields of places: ISO 3166, UN M49 and GeoNames codes, coordinates; conversion of a place to rows
//! - `hierarchy`: search for an ancestor in the hierarchy, to refuse cycles

pub mod concept;
pub(in crate::newsroom) mod hierarchy;
pub(crate) mod merge;
pub mod place;
pub mod topic;
