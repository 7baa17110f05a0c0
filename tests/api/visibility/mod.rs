//! Tests that hidden content and secrets are not visible.
//!
//! - `hidden_releases`: every generated query with and without hidden releases
//! - `indistinguishable`: public responses do not depend on hidden content
//! - `public_ids`: ids reveal no keys and no creation times
//! - `response_cache`: ETag, Cache-Control, and persisted queries
//! - `schema_walk`: queries generated from the schema
//! - `secrets_in_logs`: no tokens or queries in the log

pub mod hidden_releases;
pub mod indistinguishable;
pub mod public_ids;
pub mod response_cache;
pub mod schema_walk;
pub mod secrets_in_logs;
