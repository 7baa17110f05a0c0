//! Access: tokens, preview links, idempotency keys, the access log, public ids and resume tokens.
//!
//! - `tokens`: issue, authenticate and revoke access tokens
//! - `preview_links`: secret links that show the newest revision of one release
//! - `link_names`: how journal notes and the access log name a preview link
//! - `idempotency`: keys and stored responses of repeatable requests
//! - `access_log`: log of reads of embargoed releases and of uses of preview links
//! - `pending_reads`: entries of the access log that are not yet written
//! - `public_id`: encryption of database keys to public ids, and decryption
//! - `resume_token`: encryption of journal positions, cursors and preview links

pub mod access_log;
pub mod idempotency;
pub(in crate::newsroom) mod link_names;
pub mod pending_reads;
pub mod preview_links;
pub mod public_id;
pub mod resume_token;
pub mod tokens;
