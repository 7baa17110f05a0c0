//! Integration tests of Dateline. Most of them send requests to the real router, on SQLite and PostgreSQL. Others
//! start the real program as a child process.
//!
//! - `harness`: test server, database servers, clients, and checks that tests share
//! - `queries`: lists, cursors, filters, facets, timelines, release bodies, errors, and limits
//! - `snapshots`: objects, errors and log lines as snapshot files
//! - `visibility`: hidden content is not visible to the public or the press
//! - `workflow`: transitions, revisions, schedules, embargoes, preview links, idempotency, and change streams
//! - `http`: transport, WebSocket, server-sent events, TLS, rate limits, and reconnects to the database
//! - `site`: public pages, feeds and formats for machines
//! - `oidc`: sign-in with tokens that an OpenID Connect issuer signed
//! - `command`: the subcommands of `dateline`, such as serve, import, export, and check
//! - `documentation`: the Markdown documents, their examples and links, and the generated files
//! - `crash_recovery`: stored data after `kill -9` during random mutations

#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]
#![expect(clippy::format_collect, clippy::similar_names, clippy::unreadable_literal, reason = "short texts in tests")]

mod command;
mod crash_recovery;
mod documentation;
mod harness;
mod http;
mod oidc;
mod queries;
mod site;
mod snapshots;
mod visibility;
mod workflow;
