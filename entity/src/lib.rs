//! The rows of Dateline's database, as SeaORM entities: one file per table.
//!
//! A row knows its columns and nothing else: no rule of the newsroom, no GraphQL, no HTTP. The tables themselves are made by
//! the `migration` crate.
//!
//! What a release *is* (address, state, instants) lives in [`release`]; what it *says* lives in [`revision`] rows that are
//! written once and never changed.

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
