pub mod access_log;
pub mod idempotency;
pub mod preview_links;
pub mod public_id;
pub mod resume_token;
pub mod tokens;
