//! The domain layer: editorial rules, reads and writes. Functions take a `Viewer`, and `now` if they depend on time.
//!
//! A read asks the catalog what the viewer may see, and then fetches rows from the database. A write is one
//! transaction (`unit_of_work`) that includes a journal entry. A command returns after the catalog has applied that
//! entry. The domain layer does not depend on GraphQL, HTTP or configuration files.
//!
//! - `service`: `Newsroom`, the handle whose methods are the commands and reads, and its settings
//! - `workflow`: state machine of releases, roles and permissions
//! - `unit_of_work`: write transaction with journal entries, and confirmation of the commit
//! - `validation`: `Validator` and `Patch`, field errors of input
//! - `release`: commands on releases (draft, publish, schedule, embargo, withdraw, purge), their content and revisions
//! - `taxonomy`: topics and places, merging and retiring
//! - `slug_registry`: ownership of slugs of releases, topics and places
//! - `reading`: lists, keyset pagination with cursors, revision history, journal, change stream
//! - `access`: tokens, preview links, idempotency keys, access log, public ids and resume tokens
//! - `text`: validation of plain text, language tags, local times, slug format
//! - `import`: bulk import
//! - `export`: reads all topics, places and releases for an export
//! - `check`: verification of the stored data
//! - `repair`: replacement of stored dates outside the years 0001 to 9999
//! - `error`: the error type of this layer

pub mod access;
pub mod check;
pub mod error;
pub mod export;
pub mod import;
pub mod reading;
pub mod release;
pub mod repair;
mod service;
mod slug_registry;
pub mod taxonomy;
pub mod text;
pub mod unit_of_work;
pub mod validation;
pub mod workflow;

pub use error::{CurrentRevision, Error, ErrorCode, FieldError};
pub use service::{Newsroom, NewsroomSettings};
pub use validation::Patch;

pub use crate::db::DatabaseError;
