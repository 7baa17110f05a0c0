//! Command line: parses arguments with clap, reads settings from flags, environment and file, and runs the command.
//!
//! - `serve`: HTTP server
//! - `migrate`: schema migrations
//! - `import`, `export`: NDJSON files
//! - `check`: consistency check and repair
//! - `purge`: permanent removal of a release
//! - `reindex`: rebuilds the search index
//! - `restored`: marking of a database as restored from a backup
//! - `token`: access tokens
//! - `schema`: GraphQL schema (SDL)
//! - `demo`: demo data of `serve --demo`
//! - `demo_data`: generated newsroom of any size
//! - `log`: logging to standard error
//! - `context`: shared code: error type, opening the configured database and application, viewer of commands
//! - `output`: standard output and standard error

mod check;
mod context;
pub mod demo;
mod demo_data;
mod export;
mod import;
mod log;
mod migrate;
mod output;
mod purge;
mod reindex;
mod restored;
mod schema;
mod serve;
mod token;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::{ConfigError, Layers, Settings};
use context::CommandError;

/// A GraphQL content backend for newsrooms.
#[derive(Debug, Parser)]
#[command(
    name = "dateline",
    version,
    about,
    after_help = "Start with a demo newsroom:\n  dateline serve --demo\n\nor with your own:\n  dateline import releases.ndjson\n  dateline serve\n\nExit codes: 0 success; 1 failure; 2 invalid arguments; 3 an import refused records or had conflicts, or a check has findings."
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug)]
struct GlobalArgs {
    /// Database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://dateline.db]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Settings file [default: dateline.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Start an empty newsroom if a SQLite file that was served before is now missing, empty or truncated; the damaged
    /// file is renamed and kept
    #[arg(long, global = true)]
    new_database: bool,
    /// Log level: error, warn, info, debug [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the newsroom over HTTP
    #[command(after_help = "Stop with Ctrl-C or SIGTERM; requests in flight are finished first.")]
    Serve(serve::Serve),
    /// Migrate the database to the schema of this version
    Migrate,
    /// Import releases, topics and places from files
    #[command(
        after_help = "Examples:\n  dateline import archive.ndjson\n  dateline import --dry-run --strict archive.ndjson\n  curl -s https://example.org/export | dateline import -\n  dateline import --format listing news.txt"
    )]
    Import(import::Import),
    /// Fill an empty database with a generated newsroom of N releases, dated up to today
    #[command(
        after_help = "Example:\n  dateline demo-data 10000 --database sqlite://demo-data.db\n\nDates are relative to today, in the newsroom's time zone. Two runs on the same day generate the same newsroom."
    )]
    DemoData(demo_data::DemoData),
    /// Export releases, topics and places as NDJSON
    Export(export::Export),
    /// Permanently remove a release with all its revisions
    #[command(
        after_help = "Example:\n  dateline purge a-name-that-must-go --reason \"Order 12/2026 of the district court\" --yes\n\nOne journal entry with the reason remains. Older backups still contain the release."
    )]
    Purge(purge::Purge),
    /// Rebuild the search index
    #[command(
        after_help = "A server keeps its index complete on its own, and builds damaged parts again. Stop the server that uses the index first."
    )]
    Reindex,
    /// Mark the database as restored from a backup, so that resume positions from before the restore are refused
    #[command(
        after_help = "Run it once after a restore, before you serve. A server that runs while its database is restored notices on its own."
    )]
    Restored,
    /// Compare rows, journal and catalog of a database; change nothing
    #[command(
        after_help = "It can run while a server serves the same database. Each line says what is wrong, where, and what to do. Exit codes: 0 nothing is wrong; 3 something is; 1 the database does not have the schema of this version."
    )]
    Check(check::Check),
    /// Print the GraphQL schema
    Schema,
    /// Create, list and revoke access tokens
    #[command(
        subcommand,
        after_help = "Example:\n  dateline token create --subject \"Ana Lim\" --name \"Ana's laptop\" --role EDITOR --expires 90d"
    )]
    Token(token::Token),
}

impl Cli {
    /// Parses the command line. For `--help`, `--version` and invalid arguments, prints the text and returns the
    /// exit code as `Err`.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match output::ignore_broken_pipe(error.print()) {
            Ok(()) => ExitCode::from(error.exit_code() as u8),
            Err(error) => report_failure(&error),
        })
    }

    /// Reads the settings from the file, the environment and the flags. Also returns the names of unknown
    /// `DATELINE_*` environment variables.
    pub fn settings(&self) -> Result<(Settings, Vec<String>), ConfigError> {
        let mut layers = Layers::defaults();
        let named = self.global.config.clone();
        let file = named.clone().unwrap_or_else(|| PathBuf::from("dateline.toml"));
        match std::fs::read_to_string(&file) {
            Ok(text) => layers.file(&file, &text)?,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ConfigError::unreadable(&file, &error)),
        }
        let unknown = layers.environment(std::env::vars());
        layers.flag("database_url", "--database", self.global.database.clone());
        layers.flag("log", "--log", self.global.log.clone());
        if let Command::Serve(serve) = &self.command {
            layers.flag("listen", "--listen", serve.listen.clone());
            layers.flag("profile", "--profile", serve.profile.clone());
        }
        let settings = Settings { new_database: self.global.new_database, ..layers.settings()? };
        Ok((settings, unknown))
    }

    /// Runs the command.
    async fn run(self, settings: Settings) -> Result<ExitCode, CommandError> {
        report_file_size_limit_as_error();
        match self.command {
            Command::Serve(serve) => serve.run(settings).await,
            Command::Migrate => migrate::run(&settings).await,
            Command::Reindex => reindex::run(&settings).await,
            Command::Restored => restored::run(&settings).await,
            Command::Import(import) => import.run(&settings).await,
            Command::DemoData(demo_data) => demo_data.run(&settings).await,
            Command::Export(export) => export.run(&settings).await,
            Command::Purge(purge) => purge.run(&settings).await,
            Command::Check(check) => check.run(&settings).await,
            Command::Schema => schema::run(),
            Command::Token(token) => token.run(&settings).await,
        }
    }
}

/// The program: reads the command line and the settings, starts logging, and runs the command.
pub fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let (settings, unknown) = match cli.settings() {
        Ok(settings) => settings,
        Err(error) => return report_failure(&error),
    };
    log::start(&settings);
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

/// Prints the reason why a command failed to standard error, and returns the exit code.
fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    output::print_to_stderr(&format!("dateline: {error}"));
    ExitCode::FAILURE
}

/// Handles SIGXFSZ, so that a write beyond the file size limit (RLIMIT_FSIZE) fails with an error instead of ending
/// the process.
fn report_file_size_limit_as_error() {
    #[cfg(all(any(target_os = "linux", target_os = "macos"), not(any(target_arch = "mips", target_arch = "mips64"))))]
    {
        /// Signal number of SIGXFSZ.
        const FILE_SIZE: i32 = 25;
        use tokio::signal::unix::{SignalKind, signal};
        // The signal handler stays installed after its receiver is dropped.
        if let Err(error) = signal(SignalKind::from_raw(FILE_SIZE)) {
            tracing::debug!(%error, "SIGXFSZ is not handled");
        }
    }
}
