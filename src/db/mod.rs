//! Database access (SQLite and PostgreSQL): opening, connection pools, reads, transactions, migrations and health.
//!
//! Everything that differs between the two databases is here. Business rules and most queries are in `newsroom` and
//! `catalog`.
//!
//! - `sqlite`: opens a SQLite file
//! - `postgres`: connects to PostgreSQL
//! - `file`: integrity of the SQLite file
//! - `migrate`: schema migrations
//! - `reader`: reads with timeout and one retry
//! - `transaction`: transactions with an exact outcome
//! - `error`: classification of database errors: retry, outage, damage
//! - `health`: health of the database
//! - `monitor`: health check, clock samples, checkpoints
//! - `dialect`: SQL that differs

mod dialect;
mod error;
mod file;
mod health;
mod migrate;
mod monitor;
mod postgres;
mod reader;
mod sqlite;
mod transaction;

use std::{borrow::Cow, fs::File, path::PathBuf, sync::Arc, time::Duration};

use sea_orm::{
    AccessMode, ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use dialect::{joined_keys, json_array, key_digits, parse_joined_keys, using_index};
use error::ErrorKind;
pub use error::{DatabaseError, is_transient};
use file::DatabaseFile;
use health::{Health, Purpose};
pub use reader::Reader;
pub use transaction::Transaction;

/// How long a database that is opened may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    write: DatabaseConnection,
    /// One connection that only the monitor uses, so that it waits for nobody.
    probe: DatabaseConnection,
    health: Arc<Health>,
    /// The database file; none on PostgreSQL.
    file: Option<Arc<DatabaseFile>>,
    /// How long a writer waits for others.
    wait: Duration,
}

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// How long a connection, a lock or the right to write is waited for before the operation fails with
    /// [`DatabaseError::Unavailable`].
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

impl Db {
    /// Opens a database with the default options: `sqlite://FILE` (created when missing) or `postgres://…`. Does not migrate.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, &OpenOptions::default()).await
    }

    /// Opens a database.
    pub async fn open_with(url: &str, options: &OpenOptions) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite::open(path.strip_prefix("//").unwrap_or(path), options).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return postgres::open(url, options).await;
        }
        Err(OpenError::Url(redacted(url)))
    }

    fn new(
        [read, write, probe]: [DatabaseConnection; 3],
        health: Arc<Health>,
        file: Option<Arc<DatabaseFile>>,
        wait: Duration,
    ) -> Self {
        Self { read: Reader { pool: read, health: health.clone() }, write, probe, health, file, wait }
    }

    /// Where reads go that need no transaction.
    pub fn reader(&self) -> &Reader {
        &self.read
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Why a server on this database is not ready, in words for everybody: what the database said is in the log. None where it is.
    pub fn unready_reason(&self) -> Option<Cow<'static, str>> {
        self.health.unready_reason()
    }

    /// Refuses acts with [`DatabaseError::ClockIsOff`] while the clock is not right, by the last [`Db::measure`]. What records no instant of
    /// its own, or one of something that is done already, does not ask.
    pub fn check_clock(&self) -> Result<(), DatabaseError> {
        self.health.check_clock()
    }

    /// Counts statements: `callback` hears of each one that is sent, reads and writes alike. For tests and metrics.
    pub fn on_statement(&mut self, callback: impl Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static) {
        self.read.pool.set_metric_callback(callback.clone());
        self.write.set_metric_callback(callback);
    }

    /// Begins a transaction that will write. On SQLite it holds the one right to write from here on.
    ///
    /// Fails with [`DatabaseError::Unavailable`] where the right to write, or a connection, cannot be had in time.
    pub async fn begin_write(&self) -> Result<Transaction, DatabaseError> {
        self.health.check_writable()?;
        if let Some(reason) = self.file.as_ref().and_then(|file| file.identity_problem()) {
            self.health.stop_writes(&reason);
            return Err(DatabaseError::WritesStopped(reason));
        }
        let attempt = async || {
            self.health.run_while_available(Some(self.wait), uncancelled(self.clone().begin_on_writer())).await
        };
        let mut result = attempt().await;
        // Nothing has happened yet, so a connection that turns out to be lost is no reason to refuse.
        if result.as_ref().is_err_and(|error| self.health.observe(error) == ErrorKind::Lost) {
            result = attempt().await;
        }
        match result {
            Ok(inner) => Ok(Transaction::new(inner, self.health.clone(), Purpose::Write, self.file.clone())),
            Err(error) => {
                // Closed, not pooled, unless none was had or it waited for a lock in vain.
                if !matches!(self.health.observe(&error), ErrorKind::NoConnection | ErrorKind::Locked) {
                    self.health.retire(Purpose::Write);
                }
                Err(error.into())
            }
        }
    }

    /// Has the connections that write closed before they are used again: what they answered cannot be trusted.
    pub fn close_writers(&self) {
        self.health.retire(Purpose::Write);
    }

    async fn begin_on_writer(self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        match self.backend() {
            DbBackend::Sqlite => self.write.begin_with_options(options).await,
            _ => self.write.begin().await,
        }
    }

    /// Begins a transaction that reads one state of the database, whatever is written meanwhile.
    pub async fn begin_read(&self) -> Result<Transaction, DbErr> {
        Ok(Transaction::new(self.begin_inspection().await?, self.health.clone(), Purpose::Read, None))
    }

    /// The same as the driver has it: in a nested transaction an error can be passed over. For verifying a damaged database.
    pub async fn begin_inspection(&self) -> Result<DatabaseTransaction, DbErr> {
        let limit = Some(reader::READ_TIMEOUT);
        let attempt =
            async || self.health.run_while_available(limit, uncancelled(self.clone().begin_on_reader())).await;
        let result = attempt().await;
        if result.as_ref().is_err_and(|error| self.health.observe(error).is_retryable()) {
            return attempt().await;
        }
        result
    }

    async fn begin_on_reader(self) -> Result<DatabaseTransaction, DbErr> {
        let pool = &self.read.pool;
        match self.backend() {
            DbBackend::Sqlite => pool.begin().await,
            _ => {
                let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
                pool.begin_with_config(Some(isolation), Some(access)).await
            }
        }
    }

    /// Takes the right to serve this database, held until the file is dropped, and begins to watch the database file. A SQLite
    /// file is served by one process; PostgreSQL by any number, so there the answer is none.
    pub fn lock_for_serving(&self) -> Result<Option<File>, OpenError> {
        let Some(file) = &self.file else { return Ok(None) };
        let name = file.companion(".lock");
        let unreachable =
            |reason: String| OpenError::Unreachable { url: format!("sqlite://{}", file.path().display()), reason };
        let lock = file::open_lock(&name)
            .map_err(|error| unreachable(format!("its lock file {} cannot be written: {error}", name.display())))?;
        if lock.try_lock().is_err() {
            return Err(OpenError::Served(file.path().to_owned()));
        }
        file.watch().map_err(|error| unreachable(format!("the file cannot be looked at: {error}")))?;
        Ok(Some(lock))
    }

    /// After an erasure: writes what was deleted over, in the file and in its write-ahead log. Where that is not possible at
    /// once it is tried again every half a minute while the database is served. PostgreSQL does it by and by (VACUUM).
    pub async fn scrub(&self) {
        if let Some(file) = &self.file {
            file.schedule_truncation(Duration::ZERO);
            // A failure is logged, and the next attempt comes by itself.
            let _ = self.checkpoint().await;
        }
    }

    /// Whether writes have stopped until the next start.
    pub fn has_stopped_writing(&self) -> bool {
        self.health.check_writable().is_err()
    }

    /// Closes all connections; on SQLite the write-ahead log is copied into the file. Where writes have stopped, the log is
    /// left as it is: what is in it may be the only good copy.
    pub async fn close(self) {
        if self.has_stopped_writing() {
            return;
        }
        // An error here loses nothing: everything that was acknowledged is on disk already.
        let _ = self.probe.close().await;
        let _ = self.read.pool.close().await;
        let _ = self.write.close().await;
    }
}

/// Begins a transaction to its end, also where nobody waits for it any more; then it is rolled back. On PostgreSQL the driver does
/// not count a BEGIN that is dropped half-way, and the connection would go back into the pool inside a transaction.
async fn uncancelled(
    begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
) -> Result<DatabaseTransaction, DbErr> {
    tokio::spawn(begin).await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
}

/// Options of every connection: statements may hold drafts and never reach a log.
fn base_options(options: &mut ConnectOptions) -> &mut ConnectOptions {
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
