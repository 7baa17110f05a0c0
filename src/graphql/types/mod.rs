//! Object types, interfaces and payloads of the GraphQL schema.
//!
//! The types refer to each other, so the files in this folder import each other.
//!
//! - `release`, `revision`, `lifecycle`: releases, their revisions, schedules, embargoes and withdrawals
//! - `topic`, `place`: concepts
//! - `connection`, `page_info`: Relay pages
//! - `release_set`, `facet`, `timeline`, `trend`: statistics
//! - `history`: revisions and journal
//! - `access`: viewer, tokens and access log
//! - `node`: the Relay `Node` interface
//! - `payload`: results and inputs of mutations

pub mod access;
pub mod connection;
pub mod facet;
pub mod history;
pub mod lifecycle;
pub mod node;
pub mod page_info;
pub mod payload;
pub mod place;
pub mod release;
pub mod release_set;
pub mod revision;
pub mod timeline;
pub mod topic;
pub mod trend;
