//! Durability tests of the real program under faults: full or failing disks, database outages, and shutdown. A
//! mutation must be either done, or rejected without any change, or have an unknown result. The client resolves an
//! unknown result by sending the request again with the same `Idempotency-Key`.
//!
//! - `client`: HTTP client and the classification of responses
//! - `database_file`: SQLite files that are deleted, replaced, or damaged
//! - `database_outage`: databases that stop for a while
//! - `disk_full`: disks without free space
//! - `fault`: disk faults injected by a preloaded library
//! - `fault_matrix`: every fault at every step of every mutation
//! - `load`: load generator with concurrent readers and editors
//! - `mutation`: the mutations that tests send, and a check whether their rows are stored
//! - `program`: the server process
//! - `proxy`: TCP proxy that injects faults between Dateline and PostgreSQL
//! - `shutdown`: SIGTERM in every situation
//! - `stored_rows`: direct reads of the database
//! - `wire`: reading and writing of PostgreSQL protocol messages

#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]
#![expect(clippy::print_stdout, reason = "measurements for runs with --nocapture")]
#![expect(clippy::format_collect, reason = "short texts in tests")]

mod client;
mod database_file;
mod database_outage;
mod disk_full;
mod fault;
mod fault_matrix;
mod load;
mod mutation;
mod program;
mod proxy;
mod shutdown;
mod stored_rows;
mod wire;

#[path = "../api/harness"]
mod harness {
    pub(crate) mod postgres;
    #[expect(dead_code, reason = "its servers are for tests without faults")]
    pub(crate) mod server_process;
}

use harness::{postgres, server_process};
