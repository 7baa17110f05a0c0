//! Options and errors of opening a database, and the settings that all its connections share.
//!
//! URLs are shown without their password.

use std::{path::PathBuf, time::Duration};

use sea_orm::{ConnectOptions, DbErr};

/// How long opening a database may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// How long to wait for a connection, a lock or the write lock before the operation fails with
    /// [`DatabaseError::Unavailable`](super::DatabaseError::Unavailable).
    pub wait: Duration,
    /// Whether to create a new database if the SQLite file is missing beside its lock file, empty or truncated. The
    /// remaining old files are renamed.
    pub new_database: bool,
    /// Whether a SQLite file that does not exist is an error. Otherwise it is created.
    pub must_exist: bool,
}

impl Default for OpenOptions {
    /// The options for commands, which can wait long.
    fn default() -> Self {
        Self { wait: Duration::from_secs(10), new_database: false, must_exist: false }
    }
}

impl OpenOptions {
    /// The options for commands that read or change an existing newsroom.
    pub fn existing() -> Self {
        Self { must_exist: true, ..Self::default() }
    }

    /// The options for a server, whose clients wait for a response.
    pub fn serving() -> Self {
        Self { wait: Duration::from_secs(2), ..Self::default() }
    }
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not of a supported database.
    #[error("the database URL {0} is not supported: use sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME")]
    Url(String),
    /// The SQLite file does not exist, and the command does not create one.
    #[error("there is no database {0}: name another one (--database)")]
    Missing(String),
    /// The file cannot be opened, or the server does not answer.
    #[error("the database {url} cannot be opened: {reason}")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// The error of the database, with advice.
        reason: String,
    },
    /// The file is missing although a database was served from it, or it is empty or truncated.
    #[error(
        "the database {url} cannot be opened: {reason}. To start an empty newsroom instead, add --new-database: the rest of \
         the old file is renamed and kept"
    )]
    NotADatabase {
        /// The URL.
        url: String,
        /// The problem of the file.
        reason: String,
    },
    /// The database has migrations of a newer version.
    #[error(
        "the database was created by a newer Dateline (it has the migration {step}, which this version does not know): \
         use that version or a newer one, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The first unknown migration.
        step: String,
    },
    /// Another process serves the database.
    #[error(
        "{0} is already served by another process: stop that process first, or use another database file (--database)"
    )]
    Served(PathBuf),
    /// The migration failed. The database is unchanged.
    #[error("the migration to the schema of this version failed, and the database is unchanged: {0}")]
    Migration(DbErr),
}

/// Options of every connection. Statements can contain drafts and are therefore never logged.
pub(super) fn base_options(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        // Timeout of the first connection. It is long, because the database may still be starting or recovering. Each
        // operation has its own, shorter timeout.
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
}

/// A database URL without its password, for messages.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.chars().take(40).collect() };
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:…@{host}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}
