//! Integration tests of the API: the real router on SQLite and PostgreSQL, and the real program run as a process.
//!
//! - `harness`: test server, database servers, clients, and checks that tests share
//! - `queries`: lists, cursors, filters, facets, timelines, bodies, errors, and limits
//! - `snapshots`: objects, errors and log lines as snapshot files
//! - `visibility`: hidden content is not visible to the public or the press
//! - `workflow`: transitions, revisions, schedules, embargoes, preview links, idempotency, and change streams
//! - `http`: transport, WebSocket, server-sent events, TLS, rate limits, and reconnects to the database
//! - `oidc`: sign-in with tokens of an OpenID Connect issuer
//! - `command`: the commands of `dateline`: serve, import, export, check
//! - `documentation`: documents, their examples and links, and generated files
//! - `crash_recovery`: `kill -9` during random mutations

#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]
#![expect(clippy::format_collect, clippy::similar_names, clippy::unreadable_literal, reason = "short texts in tests")]

mod command;
mod crash_recovery;
mod documentation;
mod harness;
mod http;
mod oidc;
mod queries;
mod snapshots;
mod visibility;
mod workflow;
