//! The `dateline` binary: parses the command line, loads the settings, starts logging and runs the command.
//!
//! Logs go to standard error, results to standard output. The commands are in `dateline::cli`.

use std::process::ExitCode;

use dateline::{
    cli::{Cli, report_failure},
    config::Settings,
};
use tracing_subscriber::EnvFilter;

/// Answers are made of many small things that live for a moment: the system's allocator would be a third of their cost.
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
        tracing::warn!(variable, "is not a setting of Dateline; docs/settings.md lists them");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return report_failure(&error),
    };
    let result = runtime.block_on(cli.run(settings));
    // What still waits for a database that does not answer must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => report_failure(&*error),
    }
}

/// The log goes to standard error: standard output is for answers.
fn start_log(settings: &Settings) {
    // The steps taken are told by us, once each.
    let filter = EnvFilter::try_new(format!("sea_orm_migration=warn,{}", settings.log)).unwrap_or_default();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written, because nobody reads any more, is left out: telling so would panic.
        .log_internal_errors(false);
    if settings.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
    }
}
