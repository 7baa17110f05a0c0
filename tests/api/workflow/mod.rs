//! Tests of the editorial workflow.
//!
//! - `access`: preview links, journal, idempotency keys, and purging
//! - `change_stream`: changes that subscribers receive
//! - `clock_offset`: servers with a wrong clock
//! - `editing`: mutations and their validation
//! - `model`: the catalog after random mutations, compared with a reloaded catalog
//! - `revisions`: corrections, diffs, and concurrent edits
//! - `schedules`: schedules and embargoes
//! - `taxonomy`: topics and places
//! - `transitions`: every action in every state, compared with the workflow table

pub mod access;
pub mod change_stream;
pub mod clock_offset;
pub mod editing;
pub mod model;
pub mod revisions;
pub mod schedules;
pub mod taxonomy;
pub mod transitions;
