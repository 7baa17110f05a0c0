//! Options for opening a database, errors of opening, and settings that all connections share. Messages show URLs
//! without the password.

use std::{path::PathBuf, time::Duration};

use sea_orm::{ConnectOptions, DbErr};

/// Maximum time for opening a database.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Options for opening a database.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// How long an operation waits for a connection or a lock before it fails with
    /// [`DatabaseError::Unavailable`](super::DatabaseError::Unavailable).
    pub wait: Duration,
    /// Whether to create a new database in place of a SQLite file that is empty or truncated, or that is missing
    /// although its lock file or write-ahead log exists. The remaining old files are renamed.
    pub new_database: bool,
    /// Whether opening fails if the SQLite file does not exist. If false, the file is created.
    pub must_exist: bool,
}

impl Default for OpenOptions {
    /// The options for commands, which can wait longer than a server.
    fn default() -> Self {
        Self { wait: Duration::from_secs(10), new_database: false, must_exist: false }
    }
}

impl OpenOptions {
    /// The options for commands that need an existing newsroom, to read or change it.
    pub fn existing() -> Self {
        Self { must_exist: true, ..Self::default() }
    }

    /// The options for a server. Its `wait` is short, because clients are waiting for a response.
    pub fn serving() -> Self {
        Self { wait: Duration::from_secs(2), ..Self::default() }
    }
}

/// The reason why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names a database that is not supported.
    #[error("the database URL {0} is not supported: use sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME")]
    Url(String),
    /// The SQLite file does not exist, and the options forbid creating it.
    #[error("there is no database {0}: name another one (--database)")]
    Missing(String),
    /// The SQLite file cannot be opened, or the PostgreSQL server does not answer.
    #[error("the database {url} cannot be opened: {reason}")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// The error of the database, with advice.
        reason: String,
    },
    /// The SQLite file is empty or truncated, or it is missing although files of an earlier database exist beside it.
    #[error(
        "the database {url} cannot be opened: {reason}. To start an empty newsroom instead, add --new-database: the rest of \
         the old file is renamed and kept"
    )]
    NotADatabase {
        /// The URL of the SQLite file.
        url: String,
        /// The problem of the file, with advice.
        reason: String,
    },
    /// The database has a migration that this version does not know, so a newer version of Dateline created it.
    #[error(
        "the database was created by a newer Dateline (it has the migration {step}, which this version does not know): \
         use that version or a newer one, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Name of the first unknown migration.
        step: String,
    },
    /// Another process already serves the database.
    #[error(
        "{0} is already served by another process: stop that process first, or use another database file (--database)"
    )]
    Served(PathBuf),
    /// A migration failed. The database is unchanged.
    #[error("the migration to the schema of this version failed, and the database is unchanged: {0}")]
    Migration(DbErr),
}

/// Sets the options that all connections share. Statements are never logged, because they can contain drafts.
pub(super) fn base_options(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        // Timeout for the first connection. It is long, because the database may still be starting or recovering.
        // Each later operation has a shorter timeout.
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
}

/// Returns a database URL without its password, for messages.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.chars().take(40).collect() };
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:…@{host}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}
