//! Tables of topics and places. Both are concepts in the sense of SKOS.
//!
//! - `topic`, `place`: the concepts
//! - `topic_name`, `place_name`, `name_role`: names by language (SKOS `prefLabel`, `altLabel`)
//! - `topic_broader`: hierarchy of topics (the hierarchy of places is a column of `place`)
//! - `merged_concept`: redirects from the ids and URIs of merged concepts

pub mod merged_concept;
pub(crate) mod name_role;
pub mod place;
pub mod place_name;
pub mod topic;
pub mod topic_broader;
pub mod topic_name;
