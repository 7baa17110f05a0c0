//! Dateline: a GraphQL content backend for newsrooms.
//!
//! Layers call downwards only. The entry points are [`graphql`], `http`, `cli` and [`interchange`] (import and
//! export). Below them are [`newsroom`] (business rules, transactions), [`catalog`] (in-memory read model), `db`
//! and the `entity` crate (rows). A write is one transaction that changes rows and appends an entry to the
//! [`journal`]; the catalog applies the entry. See `docs/architecture.md`.

pub mod app;
pub mod auth;
pub mod blocking;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod date_range;
pub mod db;
pub mod error_code;
pub mod fair_semaphore;
pub mod graphql;
pub mod http;
pub mod interchange;
pub mod jobs;
pub mod journal;
pub mod limits;
pub mod newsroom;
pub mod site;
