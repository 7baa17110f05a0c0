//! Object types, interfaces and payloads of the GraphQL schema.
//!
//! The types refer to each other, so the files of this folder import each other.
//!
//! - `release`, `revision`: releases and their revisions
//! - `topic`, `place`: concepts
//! - `connection`, `page_info`: Relay pages
//! - `release_set`, `facet`, `timeline`, `trend`: statistics
//! - `history`: revisions, journal and access log
//! - `token`, `viewer`: access
//! - `node`: the Relay `Node` interface
//! - `payload`: results and inputs of mutations

pub mod connection;
pub mod facet;
pub mod history;
pub mod node;
pub mod page_info;
pub mod payload;
pub mod place;
pub mod release;
pub mod release_set;
pub mod revision;
pub mod timeline;
pub mod token;
pub mod topic;
pub mod trend;
pub mod viewer;
