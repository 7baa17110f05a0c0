//! What is answered holds, whatever happens below: disks that fill up or fail, a database that goes away, a server that is told
//! to stop. The real program, run as a process, is asked over HTTP; faults are made from outside of it.
//!
//! A mutation is answered in one of three ways: it was done; it was refused, and nothing was changed, now or after a restart; or
//! it is not known, and the same request under the same `Idempotency-Key` finds out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the figures, for whoever runs it with --nocapture")]
#![expect(clippy::format_collect, reason = "texts of tests")]

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
    #[expect(dead_code, reason = "its servers are for tests in which nothing fails")]
    pub(crate) mod server_process;
}

use harness::{postgres, server_process};
