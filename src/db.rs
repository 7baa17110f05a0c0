//! The database: connecting, migrating, beginning transactions. What differs between SQLite and PostgreSQL is in this file.
//!
//! SQLite: one connection that writes and a few that read, write-ahead log, full durability, foreign keys on. PostgreSQL: one
//! pool for both. Rules of the newsroom are not here, nor queries.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    FromQueryResult, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

/// How long a writer waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Any number that other programs are unlikely to lock by.
const MIGRATION_LOCK: i64 = 0x0da7_e11e;

/// An open database.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    file: Option<PathBuf>,
}

/// Why a database cannot be used.
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
        /// What the database says, and what may mend it.
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
    /// Bringing it to the present shape failed; it is as it was before.
    #[error("the database could not be brought to the shape of this version and was left as it was: {0}")]
    Migration(DbErr),
}

impl Db {
    /// Opens a database: `sqlite://FILE` (made when missing) or `postgres://…`. Changes nothing in it.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Self::open_sqlite(path.strip_prefix("//").unwrap_or(path)).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Self::open_postgres(url).await;
        }
        Err(OpenError::Url(redacted(url)))
    }

    async fn open_sqlite(path: &str) -> Result<Self, OpenError> {
        let shown = format!("sqlite://{path}");
        if path.is_empty() || path.contains(":memory:") || path.contains('?') {
            let reason = "name a file, without options: sqlite://dateline.db".to_owned();
            return Err(OpenError::Unreachable { url: shown, reason });
        }
        let file = PathBuf::from(path);
        let unreachable = |reason: String| OpenError::Unreachable { url: shown.clone(), reason };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return Err(unreachable(format!("the folder {} does not exist: make it first", folder.display())));
        }
        if file.is_dir() {
            return Err(unreachable("it is a folder: name a file".to_owned()));
        }
        let connect = async |connections: u32, query_only: bool| {
            let mut options = ConnectOptions::new("sqlite:");
            let name = file.clone();
            quiet(&mut options).max_connections(connections).min_connections(1).map_sqlx_sqlite_opts(move |sqlite| {
                let sqlite = sqlite
                    .filename(&name)
                    .create_if_missing(true)
                    .busy_timeout(BUSY_TIMEOUT)
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    // What is deleted is written over, not just let go of.
                    .pragma("secure_delete", "ON")
                    .pragma("foreign_keys", "ON")
                    .pragma("cache_size", "-32768")
                    .pragma("mmap_size", "2147418112")
                    .pragma("temp_store", "MEMORY")
                    // Rows pass between threads in runs: a wake-up for each would cost more than the row.
                    .row_buffer_size(1024)
                    .statement_cache_capacity(256);
                if query_only { sqlite.pragma("query_only", "ON") } else { sqlite }
            });
            Database::connect(options).await.map_err(|error| unreachable(mended(&file, &error)))
        };
        let write = connect(1, false).await?;
        // A file that is no database tells so at the first statement, not when it is opened.
        write
            .execute_unprepared("SELECT count(*) FROM sqlite_master")
            .await
            .map_err(|error| unreachable(mended(&file, &error)))?;
        let read = connect(4, true).await?;
        Ok(Self { read, write, file: Some(file) })
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let mut options = ConnectOptions::new(url);
        quiet(&mut options)
            .max_connections(16)
            .min_connections(1)
            .set_application_name("dateline")
            .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(256));
        let connection = Database::connect(options).await.map_err(|error| OpenError::Unreachable {
            url: redacted(url),
            reason: format!("{error}; check host, port, name and password, and that the server runs"),
        })?;
        Ok(Self { read: connection.clone(), write: connection, file: None })
    }

    /// Where reads go that need no transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Which database it is, in its own words.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Counts statements: `callback` hears of each one that is sent, reads and writes alike. For tests and metrics.
    pub fn on_statement(&mut self, callback: impl Fn(&sea_orm::metric::Info<'_>) + Clone + Send + Sync + 'static) {
        self.read.set_metric_callback(callback.clone());
        self.write.set_metric_callback(callback);
    }

    /// Brings the database to the shape of this version; in one transaction, so wholly or not at all. Answers the names of the
    /// steps that were taken.
    pub async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
        let pending = |taken: Vec<String>| match taken.iter().find(|step| !known.contains(step)) {
            Some(step) => Err(OpenError::Newer { step: step.clone() }),
            None => Ok(known.iter().filter(|step| !taken.contains(step)).cloned().collect::<Vec<_>>()),
        };
        if pending(self.steps_taken(&self.write).await.map_err(OpenError::Migration)?)?.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = self.begin_write().await.map_err(OpenError::Migration)?;
        if self.backend() == DbBackend::Postgres {
            let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            transaction.execute_unprepared(&lock).await.map_err(OpenError::Migration)?;
        }
        // Another process may have been quicker.
        let steps = pending(self.steps_taken(&transaction).await.map_err(OpenError::Migration)?)?;
        Migrator::up(&transaction, None).await.map_err(OpenError::Migration)?;
        transaction.commit().await.map_err(OpenError::Migration)?;
        Ok(steps)
    }

    /// Names of the steps that the database has.
    async fn steps_taken<C: ConnectionTrait>(&self, connection: &C) -> Result<Vec<String>, DbErr>
    where
        for<'c> &'c C: migration::IntoSchemaManagerConnection<'c>,
    {
        #[derive(FromQueryResult)]
        struct Step {
            version: String,
        }
        if !SchemaManager::new(connection).has_table("seaql_migrations").await? {
            return Ok(Vec::new());
        }
        let all = Statement::from_string(self.backend(), "SELECT version FROM seaql_migrations ORDER BY version");
        Ok(Step::find_by_statement(all).all(connection).await?.into_iter().map(|step| step.version).collect())
    }

    /// Begins a transaction that will write. On SQLite it holds the one right to write from here on.
    pub async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
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
    pub async fn begin_read(&self) -> Result<DatabaseTransaction, DbErr> {
        match self.backend() {
            DbBackend::Sqlite => self.read.begin().await,
            _ => self.read.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await,
        }
    }

    /// Takes the right to serve this database; it is held until the file is dropped. A SQLite file is served by one process;
    /// PostgreSQL by any number, so there the answer is none.
    pub fn lock_for_serving(&self) -> Result<Option<File>, OpenError> {
        let Some(file) = &self.file else { return Ok(None) };
        let mut name = file.clone().into_os_string();
        name.push(".lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&name).map_err(|error| {
            OpenError::Unreachable {
                url: format!("sqlite://{}", file.display()),
                reason: format!("its lock file {} cannot be written: {error}", Path::new(&name).display()),
            }
        })?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(_) => Err(OpenError::Served(file.clone())),
        }
    }

    /// After an erasure: writes what was deleted over, in the file and in its write-ahead log. PostgreSQL does it by and by
    /// (VACUUM).
    pub async fn scrub(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite {
            self.write.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    /// Closes all connections; on SQLite the write-ahead log is folded into the file.
    pub async fn close(self) {
        // Only a failure to say goodbye; everything that was promised is on disk already.
        let _ = self.read.close().await;
        let _ = self.write.close().await;
    }
}

/// A key as 32 hexadecimal digits.
pub fn key_digits(backend: DbBackend, key: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("hex({key})"),
        _ => format!("replace({key}::text, '-', '')"),
    }
}

/// A subquery that answers the keys that belong to a row as one text, so that they come in that row: for each a letter (the first
/// of a text in the same table), its position and 32 hexadecimal digits, parted by commas, in any order. [`keys_of`] reads it.
pub fn joined_keys(backend: DbBackend, letter_of: &str, key: &str, table: &str, condition: &str) -> String {
    let digits = key_digits(backend, key);
    format!(
        "(SELECT string_agg(substr({letter_of}, 1, 1) || position || {digits}, ',') FROM {table} WHERE {condition})"
    )
}

/// Some columns as one JSON array.
pub fn json_array(backend: DbBackend, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    match backend {
        DbBackend::Sqlite => format!("json_array({columns})"),
        _ => format!("json_build_array({columns})::text"),
    }
}

/// What makes SQLite read a table by an index that holds all that is asked for; PostgreSQL finds that by itself.
pub fn using_index(backend: DbBackend, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
}

/// The keys with a letter in a text that [`joined_keys`] made, by position.
pub fn keys_of(text: Option<&str>, letter: char) -> Vec<Uuid> {
    let entry = |entry: &str| {
        let (position, key) = entry.strip_prefix(letter)?.split_at_checked(entry.len().checked_sub(33)?)?;
        Some((position.parse::<i32>().ok()?, Uuid::try_parse_ascii(key.as_bytes()).ok()?))
    };
    let mut keys: Vec<(i32, Uuid)> = text.into_iter().flat_map(|text| text.split(',')).filter_map(entry).collect();
    keys.sort_unstable_by_key(|&(position, _)| position);
    keys.into_iter().map(|(_, key)| key).collect()
}

/// Options of every connection: statements may hold drafts and never reach a log.
fn quiet(options: &mut ConnectOptions) -> &mut ConnectOptions {
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false)
        .connect_timeout(Duration::from_secs(10))
        .acquire_timeout(Duration::from_secs(30))
}

/// A database URL that may be shown: without the password.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.chars().take(40).collect() };
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:…@{host}", user.split(':').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// What SQLite says of a file, and what may mend it.
fn mended(file: &Path, error: &DbErr) -> String {
    let text = error.to_string();
    let advice = if text.contains("not a database") {
        "the file is not a SQLite database: name another one, or restore it from a backup"
    } else if text.contains("unable to open") {
        "check that the file and its folder may be read and written"
    } else if text.contains("readonly") {
        "the file or its folder may not be written: change its permissions"
    } else if text.contains("malformed") {
        "the file is damaged: restore it from a backup"
    } else {
        "check the file"
    };
    format!("{} ({text}); {advice}", file.display())
}
