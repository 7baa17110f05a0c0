//! Keeps the catalog in sync with the database: loads it, follows the journal, and buffers recent journal entries.
//! This is the only part of the catalog that executes SQL.
//!
//! - `follower`: holds the published snapshot and applies new journal entries to the next snapshot
//! - `replay`: builds a snapshot from the whole journal, for `dateline check`
//! - `journal_reader`: reads journal entries from the database
//! - `journal_buffer`: keeps recent journal entries in memory and notifies subscribers
//! - `load`: loads all rows in one consistent read, and images of single releases and concepts
//! - `indexer`: where the search index is kept, and shared state
//! - `index_maintenance`: keeps the search index complete
//! - `documents`: reads the texts that the index contains
//! - `builder`: builds a snapshot from the images of all concepts and releases

pub mod builder;
mod documents;
pub mod follower;
pub mod index_maintenance;
pub mod indexer;
pub mod journal_buffer;
pub mod journal_reader;
pub mod load;
pub mod replay;
