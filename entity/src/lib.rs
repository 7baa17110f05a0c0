//! The rows of Dateline's database, as SeaORM entities: one file per table.
//!
//! A row knows its columns and nothing else: no rule of the newsroom, no GraphQL, no HTTP. The tables themselves are made by
//! the `migration` crate.
//!
//! What a release *is* (address, state, instants) lives in [`release`]; what it *says* lives in [`revision`] rows that are
//! written once and never changed.

pub mod access_log;
pub mod api_token;
pub mod correction;
pub mod idempotency;
pub mod journal;
pub mod journal_head;
pub mod merged_concept;
pub mod place;
pub mod place_name;
pub mod preview_link;
pub mod release;
pub mod revision;
pub mod revision_place;
pub mod revision_topic;
pub mod signing_key;
pub mod slug;
pub mod topic;
pub mod topic_broader;
pub mod topic_name;

mod name_role;
mod noun;

pub use name_role::NameRole;
pub use noun::Noun;
