//! Tests that hidden content and secrets are not visible.
//!
//! - `hidden_releases`: every generated query gets the same response with and without hidden releases
//! - `indistinguishable`: two newsrooms, one with hidden content, give the same public responses
//! - `public_ids`: ids reveal neither row keys nor creation times
//! - `response_cache`: ETag, Cache-Control, persisted queries, and trusted documents
//! - `schema_walk`: generates queries from the schema
//! - `secrets_in_logs`: the log contains no tokens and no query texts

pub mod hidden_releases;
pub mod indistinguishable;
pub mod public_ids;
pub mod response_cache;
pub mod schema_walk;
pub mod secrets_in_logs;
