//! Queries: what people type, and which documents match it.
//!
//! - `parse`: clauses of a text
//! - `terms`: the terms of the index that a word stands for, in tiers
//! - `domain`: the documents that a search may find
//! - `names`: names of topics and places, which are searched like a field
//! - `postings`: reads the documents of terms and phrases
//! - `search`: evaluation and ranking
//! - `spelling`: suggestions for misspelt words

pub mod domain;
pub mod names;
pub mod parse;
mod postings;
pub mod search;
pub mod spelling;
pub mod terms;
