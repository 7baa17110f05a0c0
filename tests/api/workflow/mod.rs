//! Tests of the editorial workflow.
//!
//! - `access`: preview links, journal, idempotency keys, and purging
//! - `change_stream`: changes for subscribers
//! - `clock_offset`: servers with a wrong clock
//! - `editing`: mutations and their validation
//! - `model`: random mutations compared with a reloaded catalog
//! - `revisions`: corrections, diffs, and concurrent edits
//! - `schedules`: schedules and embargoes
//! - `taxonomy`: topics and places
//! - `transitions`: the workflow table

pub mod access;
pub mod change_stream;
pub mod clock_offset;
pub mod editing;
pub mod model;
pub mod revisions;
pub mod schedules;
pub mod taxonomy;
pub mod transitions;
