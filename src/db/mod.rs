//! Database access (SQLite and PostgreSQL): opening, connection pools, reads, transactions, migrations and health.
//!
//! This module handles all differences between the two databases. Business rules and most queries are in `newsroom`
//! and `catalog`.
//!
//! - `open`: opens a database by its URL
//! - `sqlite`: opens a SQLite file
//! - `postgres`: connects to PostgreSQL
//! - `options`: options for opening a database, and the errors of opening
//! - `database`: `Db`, the open database: connections, transactions, closing
//! - `file`: integrity checks of the SQLite file
//! - `migrate`: schema migrations
//! - `reader`: reads outside a transaction, with a timeout and one retry
//! - `transaction`: transactions that report their outcome exactly: committed, rolled back, or unknown
//! - `error`: classification of database errors: retry, outage, full disk, damage
//! - `health`: shared health state: outage, stopped writes, retired connections, clock problem
//! - `monitor`: periodic health checks, clock samples, WAL checkpoints
//! - `dialect`: SQL fragments that differ between the databases

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
