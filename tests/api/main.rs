//! The newsroom through its real router, on both databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::format_collect, clippy::similar_names, clippy::unreadable_literal, reason = "texts of tests")]

mod access;
mod acts;
mod attacks;
mod bodies;
mod callers;
mod check;
mod clocks;
mod command;
mod crawl;
mod cursors;
mod demo;
mod desk;
mod disconnected;
mod drain;
mod events;
mod fixtures;
mod following;
mod hidden;
mod http;
mod ids;
mod import;
mod instants;
mod intake;
mod kept;
mod killed;
mod limits;
mod line;
mod lines;
mod logs;
mod oidc;
mod operations;
mod pipes;
mod postgres;
mod range;
mod reading;
mod readme;
mod refusals;
mod secrets;
mod served;
mod sets;
mod snapshots;
mod sockets;
mod statements;
mod texts;
mod thesaurus;
mod timelines;
mod tls;
mod transitions;
mod unseen;
mod versions;
mod world;
mod writing;
