//! The `dateline` command: reads settings, starts the log, does what it is told.

use std::process::ExitCode;

use clap::Parser;
use dateline::{cli::Cli, config::Settings};
use tracing_subscriber::EnvFilter;

/// Answers are made of many small things that live for a moment: the system's allocator would be a third of their cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (settings, unknown) = match cli.settings() {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    start_log(&settings);
    for variable in unknown {
        tracing::warn!(variable, "is not a setting of Dateline; README.md lists them");
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let done = runtime.block_on(cli.run(settings));
    // What still waits for a database that does not answer must not keep the process.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) => failed(&*error),
    }
}

/// The log goes to standard error: standard output is for answers.
fn start_log(settings: &Settings) {
    // The steps taken are told by us, once each.
    let filter = EnvFilter::try_new(format!("sea_orm_migration=warn,{}", settings.log)).unwrap_or_default();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
    }
}

#[expect(clippy::print_stderr, reason = "the last word to whoever started it")]
fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("dateline: {error}");
    ExitCode::FAILURE
}
