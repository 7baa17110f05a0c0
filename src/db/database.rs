//! The open database: its connections, transactions, the serving lock, erasure and closing.
//!
//! [`Db`] is a cheap handle; clones share the connections. Opening is in `open`, migrations in `migrate`, the health
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

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Db {
    read: Reader,
    pub(super) write: DatabaseConnection,
    /// A connection that only the monitor uses, so that the monitor never waits for other operations.
    pub(super) probe: DatabaseConnection,
    pub(super) health: Arc<Health>,
    /// The database file. `None` on PostgreSQL.
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

    /// The connections for reads outside a transaction.
    pub fn reader(&self) -> &Reader {
        &self.read
    }

    /// The database backend.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Why a server on this database is not ready, in words that may be published: messages of the database are only in
    /// the log. `None` if the server is ready.
    pub fn unready_reason(&self) -> Option<Cow<'static, str>> {
        self.health.unready_reason()
    }

    /// Fails with [`DatabaseError::ClockIsOff`] if the last [`Db::measure`] found a clock problem. Operations that
    /// record no new instant do not need this check.
    pub fn check_clock(&self) -> Result<(), DatabaseError> {
        self.health.check_clock()
    }

    /// Registers a callback that is called for every statement, reads and writes alike. For tests and metrics.
    pub fn on_statement(&mut self, callback: impl Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static) {
        self.read.pool.set_metric_callback(callback.clone());
        self.write.set_metric_callback(callback);
    }

    /// Begins a write transaction. On SQLite it takes the write lock.
    ///
    /// Fails with [`DatabaseError::Unavailable`] if the write lock or a connection is not available in time.
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
        // Nothing has been written yet, so a lost connection is retried once.
        if result.as_ref().is_err_and(|error| self.health.observe(error) == ErrorKind::Lost) {
            result = attempt().await;
        }
        match result {
            Ok(inner) => Ok(Transaction::new(inner, self.health.clone(), Purpose::Write, self.file.clone())),
            Err(error) => {
                // The connection is closed instead of returned to the pool, unless there is none or it only waited for
                // a lock.
                if !matches!(self.health.observe(&error), ErrorKind::NoConnection | ErrorKind::Locked) {
                    self.health.retire(Purpose::Write);
                }
                Err(error.into())
            }
        }
    }

    /// Closes the write connections before they are used again, because their responses cannot be trusted.
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

    /// Begins a transaction that reads one state of the database and does not see concurrent writes.
    pub async fn begin_read(&self) -> Result<Transaction, DbErr> {
        Ok(Transaction::new(self.begin_inspection().await?, self.health.clone(), Purpose::Read, None))
    }

    /// Begins a read transaction of the driver, in which an error in a nested transaction can be ignored. For checking
    /// a damaged database.
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

    /// Takes the exclusive lock for serving this database, and begins to watch the database file. The lock is held
    /// until the returned file is dropped. Only one process can serve a SQLite file. Any number can serve PostgreSQL,
    /// so the result is `None` there.
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

    /// Overwrites deleted data in the file and in its write-ahead log after an erasure. If that is not possible at
    /// once, a running server retries every 30 seconds. PostgreSQL removes deleted data later (VACUUM).
    pub async fn scrub(&self) {
        if let Some(file) = &self.file {
            file.schedule_truncation(Duration::ZERO);
            // A failure is logged, and the monitor retries.
            let _ = self.checkpoint().await;
        }
    }

    /// Whether writes have stopped until the next restart.
    pub fn has_stopped_writing(&self) -> bool {
        self.health.check_writable().is_err()
    }

    /// Closes all connections. On SQLite this copies the write-ahead log into the file. If writes have stopped, the log
    /// is left unchanged, because it may hold the only good copy of the data.
    pub async fn close(self) {
        if self.has_stopped_writing() {
            return;
        }
        // Errors lose no data here, because all acknowledged writes are on disk.
        let _ = self.probe.close().await;
        let _ = self.read.pool.close().await;
        let _ = self.write.close().await;
    }
}

/// Completes BEGIN even if the caller is dropped; the transaction is then rolled back. On PostgreSQL the driver does
/// not count a BEGIN that is cancelled, so the connection would return to the pool inside a transaction.
async fn uncancelled(
    begin: impl Future<Output = Result<DatabaseTransaction, DbErr>> + Send + 'static,
) -> Result<DatabaseTransaction, DbErr> {
    tokio::spawn(begin).await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
}
