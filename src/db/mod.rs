//! Database access (SQLite and PostgreSQL): opening, connection pools, reads, transactions, migrations and health.
//!
//! All differences between the two databases are handled here. Business rules and most queries are in `newsroom` and
//! `catalog`.
//!
//! - `open`: opens a database by its URL
//! - `sqlite`: opens a SQLite file
//! - `postgres`: connects to PostgreSQL
//! - `options`: options and errors of opening
//! - `database`: the open database: connections, transactions, closing
//! - `file`: integrity of the SQLite file
//! - `migrate`: schema migrations
//! - `reader`: reads with timeout and one retry
//! - `transaction`: transactions with an exact outcome
//! - `error`: classification of database errors: retry, outage, damage
//! - `health`: health of the database
//! - `monitor`: health check, clock samples, checkpoints
//! - `dialect`: SQL that differs between the databases

mod database;
mod dialect;
mod error;
mod file;
mod health;
mod migrate;
mod monitor;
mod open;
mod options;
mod postgres;
mod reader;
mod sqlite;
mod transaction;

pub use database::Db;
pub use dialect::{joined_keys, json_array, key_digits, parse_joined_keys, using_index};
pub use error::{DatabaseError, is_transient};
pub use options::{OpenError, OpenOptions, redacted};
pub use reader::Reader;
pub use transaction::Transaction;
