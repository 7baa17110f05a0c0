//! Fault matrix: sends each kind of mutation again and again, each time with a fault one step later, on both
//! databases. Each time, compares the response with the database three times: at once, after `kill -9` and a restart,
//! and after a retry of the same request.
//!
//! - `postgres`: faults of connections and statements on PostgreSQL
//! - `report`: the results, and violations of the durability guarantees
//! - `sqlite`: disk faults on SQLite

mod postgres;
mod report;
mod sqlite;
