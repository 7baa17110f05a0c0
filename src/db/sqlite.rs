//! Opens SQLite: one write connection, a few read connections and one for the monitor, with a write-ahead log,
//! `synchronous=FULL` and secure delete. Error messages say what to do about the file.

use std::{path::Path, sync::Arc};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, sqlx};
use sqlx::{Connection, SqliteConnection, pool::PoolConnectionMetadata};

use super::{
    database::Db,
    file::{self, DatabaseFile},
    health::{Health, Purpose},
    options::{OpenError, OpenOptions, base_options},
};

/// Maximum number of read connections, not counting the monitor's connection.
const READERS: u32 = 4;

/// Opens the SQLite file at a path. Creates a missing file unless the options forbid that.
pub(super) async fn open(path: &str, options: &OpenOptions) -> Result<Db, OpenError> {
    let url = format!("sqlite://{path}");
    let unreachable = |reason: String| OpenError::Unreachable { url: url.clone(), reason };
    if path.is_empty() || path.contains(":memory:") || path.contains('?') {
        return Err(unreachable(
            "the URL must name a file, without options, for example sqlite://dateline.db".to_owned(),
        ));
    }
    let file = DatabaseFile::new(file::canonical_path(Path::new(path)));
    let parent = file.path().parent();
    if let Some(folder) = parent.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(unreachable(format!("the folder {} does not exist: create it first", folder.display())));
    }
    if file.path().is_dir() {
        return Err(unreachable("it is a folder: choose a file".to_owned()));
    }
    if options.must_exist && !file.path().exists() {
        return Err(OpenError::Missing(url));
    }
    let failed = |error: std::io::Error| unreachable(format!("{} ({error})", advice(&error.to_string())));
    if let Some(reason) = file::check_before_opening(file.path()).map_err(failed)? {
        if !options.new_database {
            return Err(OpenError::NotADatabase { url, reason });
        }
        let moved = file::move_aside(file.path()).map_err(failed)?;
        tracing::warn!(reason, kept = ?moved, "creating a new database in place of the old one");
    }
    file::create_private(file.path()).map_err(failed)?;
    let file = Arc::new(file);
    let health = Arc::new(Health::new(true));
    let connect = async |connections: u32, purpose: Purpose| {
        connect(&file, options, &health, connections, purpose)
            .await
            .map_err(|error| unreachable(explain(&file, &error)))
    };
    let write = connect(1, Purpose::Write).await?;
    // SQLite does not check whether the file is a database until the first statement.
    write
        .execute_unprepared("SELECT count(*) FROM sqlite_master")
        .await
        .map_err(|error| unreachable(explain(&file, &error)))?;
    let read = connect(READERS, Purpose::Read).await?;
    let probe = connect(1, Purpose::Read).await?;
    Ok(Db::new([read, write, probe], health, Some(file), options.wait))
}

async fn connect(
    file: &DatabaseFile,
    options: &OpenOptions,
    health: &Arc<Health>,
    connections: u32,
    purpose: Purpose,
) -> Result<DatabaseConnection, DbErr> {
    let (name, wait) = (file.path().to_owned(), options.wait);
    let mut settings = ConnectOptions::new("sqlite:");
    base_options(&mut settings).max_connections(connections).min_connections(1).map_sqlx_sqlite_opts(move |sqlite| {
        let sqlite = sqlite
            .filename(&name)
            .create_if_missing(false)
            .busy_timeout(wait)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            // `Db::checkpoint` makes the checkpoints and detects their failures. SQLite's automatic checkpoints
            // ignore errors: after a failed fsync, a second attempt may succeed although the data is not on disk.
            .pragma("wal_autocheckpoint", "0")
            // `secure_delete` overwrites deleted data instead of only marking its space as free.
            .pragma("secure_delete", "ON")
            .pragma("foreign_keys", "ON")
            .pragma("cache_size", "-32768")
            // `mmap_size` is not set: with mmap, a disk error or a truncation of the file by another process would
            // kill this process (SIGBUS).
            .pragma("temp_store", "MEMORY")
            // The driver's SQLite thread passes up to 1024 rows at a time to the reading task. Waking the task for
            // each row would cost more than reading the row.
            .row_buffer_size(1024)
            .statement_cache_capacity(256);
        if purpose == Purpose::Read { sqlite.pragma("query_only", "ON") } else { sqlite }
    });
    let health = health.clone();
    settings.map_sqlx_sqlite_pool_opts(move |pool| {
        let (before, after) = (health.clone(), health.clone());
        // Connections are never closed because of their age. When the last connection closes, SQLite deletes its
        // write-ahead log, and the server would stop writes because that watched file is missing.
        pool.idle_timeout(None)
            .max_lifetime(None)
            .before_acquire(move |_, meta: PoolConnectionMetadata| {
                let is_usable = !before.is_retired(purpose, meta.age);
                Box::pin(async move { Ok(is_usable) })
            })
            .after_release(move |connection, meta| {
                let health = after.clone();
                Box::pin(async move {
                    Ok(is_outside_a_transaction(connection).await? && !health.is_retired(purpose, meta.age))
                })
            })
    });
    Database::connect(settings).await
}

/// Returns whether a released connection can be used for another transaction.
///
/// After a failed write, SQLite may have rolled back automatically. The driver's own ROLLBACK then fails, and the
/// driver still counts an open transaction. It would begin the next transaction as a savepoint, which ends without a
/// COMMIT.
async fn is_outside_a_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // If a transaction was dropped, `ping` first runs its rollback.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Returns a SQLite error message with the file name and advice.
fn explain(file: &DatabaseFile, error: &DbErr) -> String {
    let text = error.to_string();
    format!("{} ({text}); {}", file.path().display(), advice(&text))
}

fn advice(text: &str) -> &'static str {
    if text.contains("not a database") {
        "the file is not a SQLite database: choose another file, or restore it from a backup"
    } else if text.contains("unable to open") || text.contains("denied") {
        "check that this user can read and write the file and its folder"
    } else if text.contains("readonly") {
        "the file or its folder is read-only: change the permissions"
    } else if text.contains("malformed") {
        "the file is damaged: restore it from a backup"
    } else {
        "check the file"
    }
}
