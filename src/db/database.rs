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
    /// One connection that only the monitor uses, so that it waits for nobody.
    pub(super) probe: DatabaseConnection,
    pub(super) health: Arc<Health>,
    /// The database file; none on PostgreSQL.
    pub(super) file: Option<Arc<DatabaseFile>>,
    /// How long a writer waits for others.
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

    /// Begins a transaction that reads one state of the database, whatever is written meanwhile.
    pub async fn begin_read(&self) -> Result<Transaction, DbErr> {
        Ok(Transaction::new(self.begin_inspection().await?, self.health.clone(), Purpose::Read, None))
    }

    /// The same as the driver has it: in a nested transaction an error can be passed over. For verifying a damaged database.
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
