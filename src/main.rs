//! The `dateline` binary. The program is in `dateline::cli`.

use std::process::ExitCode;

/// Memory allocator. Building a response allocates many small objects with a short lifetime; with the system's
/// allocator, a third of the cost was allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dateline::cli::run()
}
