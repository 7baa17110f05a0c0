//! The `dateline` binary: parses the command line, loads the settings, starts logging and runs the command.
//!
//! Logs go to standard error, results to standard output. The commands are in `dateline::cli`.

use std::process::ExitCode;

use dateline::{
    cli::{Cli, report_failure},
    config::Settings,
};
use tracing_subscriber::EnvFilter;

/// Memory allocator. Building a response allocates many small objects with a short lifetime; with the system's
/// allocator, a third of the cost was allocation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let (settings, unknown) = match cli.settings() {
        Ok(settings) => settings,
        Err(error) => return report_failure(&error),
    };
    start_log(&settings);
    for variable in unknown {
        tracing::warn!(variable, "unknown setting; docs/settings.md lists all settings");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return report_failure(&error),
    };
    let result = runtime.block_on(cli.run(settings));
    // Tasks that wait for an unresponsive database must not keep the process alive.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => report_failure(&*error),
    }
}

/// Starts logging to standard error. Standard output is for results.
fn start_log(settings: &Settings) {
    // Hide the migration library's own messages below `warn`, because Dateline logs each migration itself.
    let filter = EnvFilter::try_new(format!("sea_orm_migration=warn,{}", settings.log)).unwrap_or_default();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Drop a log line that cannot be written (closed pipe), because reporting the failure would panic.
        .log_internal_errors(false);
    if settings.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
    }
}
