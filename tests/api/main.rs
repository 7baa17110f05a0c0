//! The newsroom through its real router, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::format_collect, clippy::similar_names, clippy::unreadable_literal, reason = "texts of tests")]

mod command;
mod crash_recovery;
mod harness;
mod http;
mod oidc;
mod queries;
mod snapshots;
mod visibility;
mod workflow;
