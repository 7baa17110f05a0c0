//! Full-text search in release sets: what of the index belongs to a view, and the matches of a search text.
//!
//! The crate `search` evaluates a search over the releases that the viewer may see, and over no others. The result
//! narrows a release set like a filter.
//!
//! - `index_state`: the index as of one view, and how a changed release changes it
//! - `names`: names of topics and places, which are searched like a field
//! - `request`: a search and its result, as data
//! - `ranked_matches`: the matches of a search with their relevance
//! - `matching`: evaluates a search in a release set
//! - `suggestions`: topics, places and releases that continue a text

pub mod index_state;
pub mod matching;
mod names;
mod ranked_matches;
pub mod request;
pub mod suggestions;
