//! Fault matrix: repeats each mutation with a fault at each successive step, on both databases. Compares the response
//! with the database immediately, after `kill -9` and a restart, and after a retry of the same request.
//!
//! - `postgres`: connection and statement faults
//! - `report`: the results, and violations of the guarantees
//! - `sqlite`: disk faults

mod postgres;
mod report;
mod sqlite;
