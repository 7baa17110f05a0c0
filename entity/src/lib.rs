//! Database schema as SeaORM entities: one file for each table. The entities contain columns only: no business
//! rules, no GraphQL, no HTTP.
//!
//! The `migration` crate creates the tables. The workflow state of a release is in `releases::release`. Its content
//! is in `releases::revision`, whose rows are never updated.
//!
//! - `releases`: releases, revisions, their topics and places, corrections, preview links
//! - `concepts`: topics and places, names, hierarchy, merges
//! - `journal`, `journal_head`: the journal, and its last sequence with the epoch of the database
//! - `slug`: slugs and their owners
//! - `api_token`, `access_log`, `idempotency`, `signing_key`: access tokens, access log, idempotency keys, secret
//!   of the newsroom
//! - `noun`: the kinds of objects that have public ids, slugs or journal entries

pub mod access_log;
pub mod api_token;
mod concepts;
pub mod idempotency;
pub mod journal;
pub mod journal_head;
mod noun;
mod releases;
pub mod signing_key;
pub mod slug;

pub use concepts::{merged_concept, name_role::NameRole, place, place_name, topic, topic_broader, topic_name};
pub use noun::Noun;
pub use releases::{correction, preview_link, release, revision, revision_place, revision_topic};
