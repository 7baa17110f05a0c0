//! Object types, interfaces and payloads of the GraphQL schema.
//!
//! The types refer to each other, so the files in this folder import each other.
//!
//! - `release`, `revision`, `lifecycle`: releases, their revisions, schedules, embargoes and withdrawals
//! - `topic`, `place`: the concepts of the two vocabularies
//! - `connection`, `page_info`: Relay pages
//! - `release_set`, `aggregates`: statistics of sets of releases
//! - `search`: matches of a search, and suggestions
//! - `history`: pages of revisions, revision diffs, and the journal
//! - `access`: viewer, tokens and access log
//! - `node`: the Relay `Node` interface
//! - `payload`: results of mutations, and inputs of release mutations

pub mod access;
pub mod aggregates;
pub mod connection;
pub mod history;
pub mod lifecycle;
pub mod node;
pub mod page_info;
pub mod payload;
pub mod place;
pub mod release;
pub mod release_set;
pub mod revision;
pub mod search;
pub mod topic;
