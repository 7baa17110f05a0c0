//! Reads: lists with cursors, revision history, audit log, and the change stream of subscriptions.
//!
//! - `list`: pages of releases with their rows; pages of topics and places
//! - `pagination`: page sizes and cursors of all lists (Relay connections)
//! - `search`: full-text search in a set of releases
//! - `row_page`: keyset pagination in SQL
//! - `history`: revisions of a release; journal entries
//! - `change_stream`: changes visible to a viewer, starting at a position in the journal

pub mod change_stream;
pub mod history;
pub mod list;
pub mod pagination;
pub mod row_page;
mod search;
