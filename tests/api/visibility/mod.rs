pub mod hidden_releases;
pub mod indistinguishable;
pub mod public_ids;
pub mod response_cache;
pub mod schema_walk;
pub mod secrets_in_logs;
