//! Dateline: a GraphQL content backend for newsrooms.
//!
//! Three floors, and calls go down only. The edges ([`graphql`], `http`, [`oidc`], `cli`, [`interchange`]) speak to the world; the
//! [`newsroom`] has the rules; the [`catalog`] answers sets from memory, and the `entity` crate holds the rows. Every write is
//! one transaction that changes rows and appends to the [`journal`]; the catalog follows the journal. `docs/architecture.md`
//! tells the whole.

pub mod app;
pub mod auth;
pub mod blocking;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod date_range;
pub mod db;
pub mod fair_semaphore;
pub mod graphql;
pub mod http;
pub mod interchange;
pub mod jobs;
pub mod journal;
pub mod limits;
pub mod newsroom;
