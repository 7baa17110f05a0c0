//! Options and errors of opening a database, and the settings that all its connections have in common.
//!
//! URLs are shown without their password.

use std::{path::PathBuf, time::Duration};

use sea_orm::{ConnectOptions, DbErr};

/// How long a database that is opened may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// How long a connection, a lock or the right to write is waited for before the operation fails with
    /// [`DatabaseError::Unavailable`](super::DatabaseError::Unavailable).
    pub wait: Duration,
    /// Begin a new database where a SQLite file is missing beside its lock file, empty or truncated. What is left of the old
    /// one is moved aside.
    pub new_database: bool,
}

impl Default for OpenOptions {
    /// For commands, which have time.
    fn default() -> Self {
        Self { wait: Duration::from_secs(10), new_database: false }
    }
}

impl OpenOptions {
    /// For a server, whose clients wait for an answer.
    pub fn serving() -> Self {
        Self { wait: Duration::from_secs(2), ..Self::default() }
    }
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no database that Dateline knows.
    #[error("the database URL {0} is not understood: write sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME")]
    Url(String),
    /// It is a file that cannot be opened, or a server that does not answer.
    #[error("the database {url} cannot be opened: {reason}")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// What the database says, and what to do about it.
        reason: String,
    },
    /// The file is missing although a database was served from it, or it is empty or truncated.
    #[error(
        "the database {url} cannot be opened: {reason}. To begin an empty newsroom instead, add --new-database: what is left \
         of the old file is kept beside it"
    )]
    NotADatabase {
        /// The URL.
        url: String,
        /// What is wrong with the file.
        reason: String,
    },
    /// A newer Dateline wrote it.
    #[error(
        "the database was made by a newer Dateline (it has the step {step}, which this version does not know): \
         use that version or a newer one, or restore a backup made before the update"
    )]
    Newer {
        /// The first unknown step.
        step: String,
    },
    /// Another server serves it.
    #[error("{0} is served by another process already: stop that one first, or use another database file (--database)")]
    Served(PathBuf),
    /// Bringing it to the present schema failed; it is as it was before.
    #[error("the database could not be brought to the schema of this version and was left as it was: {0}")]
    Migration(DbErr),
}

/// Options of every connection: statements may hold drafts and never reach a log.
pub(super) fn base_options(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        // For the start, while a database still boots or recovers; each operation has a shorter limit of its own.
        .connect_timeout(CONNECT_TIMEOUT)
        .acquire_timeout(CONNECT_TIMEOUT)
}

/// A database URL that may be shown: without the password.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.chars().take(40).collect() };
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:…@{host}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}
