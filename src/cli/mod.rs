//! Command line: argument parsing with clap, settings from flags, environment and file, and dispatch to the commands.
//!
//! - `serve`: HTTP server
//! - `migrate`: schema migrations
//! - `import`, `export`: NDJSON files
//! - `check`: consistency check and repair
//! - `purge`: permanent removal of a release
//! - `restored`: marking of a database as restored from a backup
//! - `token`: access tokens
//! - `schema`: GraphQL schema (SDL)
//! - `demo`: demo data of `serve --demo`
//! - `context`: error type, database and application of the settings
//! - `output`: standard output and standard error

mod check;
mod context;
pub mod demo;
mod export;
mod import;
mod migrate;
mod output;
mod purge;
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
    after_help = "Begin with a newsroom of ours to look around in:\n  dateline serve --demo\n\nor with one of your own:\n  dateline import releases.ndjson\n  dateline serve\n\nExit codes: 0 done; 1 failed; 2 not understood; 3 an import refused records or met conflicts, or a check found something wrong."
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
struct GlobalArgs {
    /// The database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://dateline.db]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// A settings file [default: dateline.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Begin an empty newsroom where the SQLite file is missing although it was served, empty or truncated; what is left of it
    /// is kept beside it
    #[arg(long, global = true)]
    new_database: bool,
    /// What to log: error, warn, info, debug [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the newsroom over HTTP
    #[command(after_help = "Stop with Ctrl-C or SIGTERM; requests under way are finished first.")]
    Serve(serve::Serve),
    /// Bring the database to the shape of this version
    Migrate,
    /// Take in releases, topics and places from files
    #[command(
        after_help = "Examples:\n  dateline import archive.ndjson\n  dateline import --dry-run --strict archive.ndjson\n  curl -s https://example.org/export | dateline import -\n  dateline import --format listing news.txt"
    )]
    Import(import::Import),
    /// Write everything that travels as ndjson
    Export(export::Export),
    /// Remove all that a release says and said, for good
    #[command(
        after_help = "Example:\n  dateline purge a-name-that-must-go --reason \"Order 12/2026 of the district court\" --yes\n\nWhat stays is one entry in the journal with the reason. Backups made before still hold the release."
    )]
    Purge(purge::Purge),
    /// Say that the database was restored from a backup: what clients hold of the time since then means nothing any more
    #[command(
        after_help = "Run it once, before you serve. A server that runs while its database is restored notices by itself."
    )]
    Restored,
    /// Verify rows, journal and catalog against each other; change nothing
    #[command(
        after_help = "It may run while a server serves the same database. Each line says what is wrong, where, and what to do. It ends with 0 where nothing is wrong, with 3 where something is, and with 1 where the database has not the shape of this version."
    )]
    Check(check::Check),
    /// Print the GraphQL schema
    Schema,
    /// Make, list and revoke access tokens
    #[command(
        subcommand,
        after_help = "Example:\n  dateline token create --subject \"Ana Lim\" --name \"Ana's laptop\" --role EDITOR --expires 90d"
    )]
    Token(token::Token),
}

impl Cli {
    /// What the command line says; otherwise it was answered already (`--help`, `--version`, a fault in it), and this is the exit
    /// code.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| match output::ignore_broken_pipe(error.print()) {
            Ok(()) => ExitCode::from(error.exit_code() as u8),
            Err(error) => report_failure(&error),
        })
    }

    /// The settings that the command line, the environment and the file amount to; and variables that nobody knows.
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

    /// Does what was said.
    pub async fn run(self, settings: Settings) -> Result<ExitCode, CommandError> {
        report_file_size_limit_as_error();
        match self.command {
            Command::Serve(serve) => serve.run(settings).await,
            Command::Migrate => migrate::run(&settings).await,
            Command::Restored => restored::run(&settings).await,
            Command::Import(import) => import.run(&settings).await,
            Command::Export(export) => export.run(&settings).await,
            Command::Purge(purge) => purge.run(&settings).await,
            Command::Check(check) => check.run(&settings).await,
            Command::Schema => schema::run(),
            Command::Token(token) => token.run(&settings).await,
        }
    }
}

/// Tells why a command failed; its exit code.
pub fn report_failure(error: &dyn std::error::Error) -> ExitCode {
    output::print_to_stderr(&format!("dateline: {error}"));
    ExitCode::FAILURE
}

/// Has a write beyond the limit of a file's size (RLIMIT_FSIZE) fail with an error; unhandled, the signal ends the process.
fn report_file_size_limit_as_error() {
    #[cfg(all(any(target_os = "linux", target_os = "macos"), not(any(target_arch = "mips", target_arch = "mips64"))))]
    {
        /// SIGXFSZ.
        const FILE_SIZE: i32 = 25;
        use tokio::signal::unix::{SignalKind, signal};
        // The handler stays when its receiver is dropped.
        if let Err(error) = signal(SignalKind::from_raw(FILE_SIZE)) {
            tracing::debug!(%error, "SIGXFSZ is not handled");
        }
    }
}
