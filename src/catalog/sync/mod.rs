//! Synchronisation of the catalog with the database: initial load, following the journal, recent entries. The only
//! part of the catalog that executes SQL.
//!
//! - `follower`: the published snapshot, and applying new journal entries to the next one
//! - `replay`: a snapshot replayed from the whole journal, for `dateline check`
//! - `journal_reader`: journal entries read from the database
//! - `journal_buffer`: recent journal entries in memory, and notification of subscribers
//! - `load`: loading all rows in one consistent read, and images of single releases and concepts
//! - `builder`: bulk building of a snapshot

pub mod builder;
pub mod follower;
pub mod journal_buffer;
pub mod journal_reader;
pub mod load;
pub mod replay;
