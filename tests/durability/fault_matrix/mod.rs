//! Fault matrix: each mutation is repeated, and each time the next step fails, on both databases.
//! The response is compared with the database at once, after `kill -9` and a restart, and after the same request again.
//!
//! - `postgres`: faults of connections and statements
//! - `report`: the results, and what must never happen
//! - `sqlite`: faults of the disk

mod postgres;
mod report;
mod sqlite;
