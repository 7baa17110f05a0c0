//! The open database ([`Db`]): its connections, transactions, the lock of the process that serves it, scrubbing of
//! deleted data, and closing.
//!
//! Opening is in `open`, migrations are in `migrate`, and the health check and checkpoints are in `monitor`.
//! check and checkpoints in `monitor`.

use std::{borrow::Cow, fs::File, sync::Arc, time::Duration};

use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use super::{
    error::{DatabaseError, ErrorKind},
    file::{self, DatabaseFile},
    health::{Health, Purpose},
    options::OpenError,
    reader::{READ_TIMEOUT, Reader},
    transaction::Transaction,
};

/// A handle to an open database. Cloning is cheap: all clones share the connections.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    pub(super) write: DatabaseConnection,
    /// A connection that only the monitor uses. The monitor therefore never waits for other operations.
    pub(super) probe: DatabaseConnection,
    pub(super) health: Arc<Health>,
    /// The SQLite database file. `None` on PostgreSQL.
    pub(super) file: Option<Arc<DatabaseFile>>,
    /// How long a writer waits for a lock or a connection.
    wait: Duration,
}

impl Db {
    pub(super) fn new(
        [read, write, probe]: [DatabaseConnection; 3],
        health: Arc<Health>,
        file: Option<Arc<DatabaseFile>>,
        wait: Duration,
    ) -> Self {
        Self { read: Reader { pool: read, health: health.clone() }, write, probe, health, file, wait }
    }

    /// Returns the connections for reads outside a transaction.
    pub fn reader(&self) -> &Reader {
        &self.read
    }

    /// Returns the database backend: SQLite or PostgreSQL.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Returns why a server that uses this database is not ready, or `None` if it is ready. The text may be shown to
    /// clients, because it never contains a message of the database; those messages are only logged.
    pub fn unready_reason(&self) -> Option<Cow<'static, str>> {
        self.health.unready_reason()
    }

    /// Fails with [`DatabaseError::ClockIsOff`] if the last [`Db::measure`] found a clock problem. Only operations
    /// that record a new instant need this check.
    pub fn check_clock(&self) -> Result<(), DatabaseError> {
        self.health.check_clock()
    }

    /// Registers a callback that runs for every SQL statement, read or write. For tests and metrics.
    pub fn on_statement(&mut self, callback: impl Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static) {
        self.read.pool.set_metric_callback(callback.clone());
        self.write.set_metric_callback(callback);
    }

    /// Begins a write transaction. On SQLite this acquires the write lock.
    ///
    /// Fails with [`DatabaseError::Unavailable`] if no connection, or on SQLite no write lock, is available within
    /// the `wait` time of the open options.
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
        // Nothing has been written yet. If the connection was lost, BEGIN is therefore tried once more.
        if result.as_ref().is_err_and(|error| self.health.observe(error) == ErrorKind::Lost) {
            result = attempt().await;
        }
        match result {
            Ok(inner) => Ok(Transaction::new(inner, self.health.clone(), Purpose::Write, self.file.clone())),
            Err(error) => {
                // After a failed BEGIN the state of the connection is unknown, so the pool must close it. Exceptions:
                // no connection was available, or BEGIN only waited for a lock.
                if !matches!(self.health.observe(&error), ErrorKind::NoConnection | ErrorKind::Locked) {
                    self.health.retire(Purpose::Write);
                }
                Err(error.into())
            }
        }
    }

    /// Makes the pool close all write connections before their next use, because their responses cannot be trusted.
    pub fn close_writers(&self) {
        self.health.retire(Purpose::Write);
    }

    pub(super) async fn begin_on_writer(self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        match self.backend() {
            DbBackend::Sqlite => self.write.begin_with_options(options).await,
            _ => self.write.begin().await,
        }
    }

    /// Begins a read transaction. All its reads see the same state of the database, without concurrent writes.
    pub async fn begin_read(&self) -> Result<Transaction, DbErr> {
        Ok(Transaction::new(self.begin_inspection().await?, self.health.clone(), Purpose::Read, None))
    }

    /// Begins a read transaction for checking a damaged database. Unlike [`Transaction`], the returned driver
    /// transaction remains usable after an error in a nested transaction.
    pub async fn begin_inspection(&self) -> Result<DatabaseTransaction, DbErr> {
        let limit = Some(READ_TIMEOUT);
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

    /// Acquires the exclusive lock for serving this database, and starts to watch the database file. Dropping the
    /// returned file releases the lock. Only one process at a time can serve a SQLite file. Any number of processes
    /// can serve a PostgreSQL database, so there the result is `None`.
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
        file.watch().map_err(|error| unreachable(format!("the file cannot be examined: {error}")))?;
        Ok(Some(lock))
    }

    /// Overwrites deleted data in the SQLite file and in its write-ahead log, after content was erased. If this fails
    /// or a reader blocks it, a running server retries every 30 seconds. On PostgreSQL this does nothing: VACUUM
    /// removes deleted data later.
    pub async fn scrub(&self) {
        if let Some(file) = &self.file {
            file.schedule_truncation(Duration::ZERO);
            // Errors are ignored here, because `checkpoint` logs them and the monitor retries.
            let _ = self.checkpoint().await;
        }
    }

    /// Returns whether writes have stopped. Only a restart of the server allows writes again.
    pub fn has_stopped_writing(&self) -> bool {
        self.health.check_writable().is_err()
    }

    /// Closes all connections. On SQLite this copies the write-ahead log into the database file. If writes have
    /// stopped, this does nothing and leaves the write-ahead log unchanged, because the log may contain the only good
    /// copy of the data.
    pub async fn close(self) {
        if self.has_stopped_writing() {
            return;
        }
        // Errors are ignored here, because all acknowledged writes are already on disk.
        let _ = self.probe.close().await;
        let _ = self.read.pool.close().await;
        let _ = self.write.close().await;
    }
}

/// Runs BEGIN to completion even if the caller is dropped. In that case the new transaction is rolled back. The
/// PostgreSQL driver does not track a cancelled BEGIN, so the connection would otherwise return to the pool inside a
/// transaction.
async fn uncancelled(
    begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
) -> Result<DatabaseTransaction, DbErr> {
    tokio::spawn(begin).await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
}
