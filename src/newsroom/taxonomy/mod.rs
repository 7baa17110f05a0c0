//! Taxonomy: commands on topics and places (controlled vocabularies as in SKOS), merging and retiring.
//!
//! The catalog reads and searches them (`catalog::store::vocabulary`).
//!
//! - `topic`: create and update topics; rows of a topic
//! - `place`: create and update places; ISO 3166, UN M49 and GeoNames codes, coordinates
//! - `merge`: merge and retire concepts; redirects of their ids, slugs and URIs
//! - `hierarchy`: search of a path to an ancestor, to refuse cycles

pub(in crate::newsroom) mod hierarchy;
pub(crate) mod merge;
pub mod place;
pub mod topic;
