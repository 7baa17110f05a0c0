//! Opens PostgreSQL: creates connection pools for reads, writes and the health check, and sets lock and session
//! timeouts.

use std::sync::Arc;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, sqlx};
use sqlx::{Connection, Executor, pool::PoolConnectionMetadata};

use super::{
    database::Db,
    health::{Health, Purpose},
    options::{OpenError, OpenOptions, base_options, redacted},
};

/// Maximum number of read connections in one process.
const READERS: u32 = 12;

/// Maximum number of write connections in one process. All writes lock the same row, the journal's head, so further
/// connections would only wait for that lock inside the database.
const WRITERS: u32 = 4;

/// Connects to the PostgreSQL database at a URL.
pub(super) async fn open(url: &str, options: &OpenOptions) -> Result<Db, OpenError> {
    let health = Arc::new(Health::new(false));
    let connect = async |connections: u32, purpose: Purpose| {
        connect(url, options, &health, connections, purpose).await.map_err(|error| OpenError::Unreachable {
            url: redacted(url),
            reason: format!("{error}; check host, port, name and password, and that the server is running"),
        })
    };
    let pools = [
        connect(READERS, Purpose::Read).await?,
        connect(WRITERS, Purpose::Write).await?,
        connect(1, Purpose::Read).await?,
    ];
    Ok(Db::new(pools, health, None, options.wait))
}

async fn connect(
    url: &str,
    options: &OpenOptions,
    health: &Arc<Health>,
    connections: u32,
    purpose: Purpose,
) -> Result<DatabaseConnection, DbErr> {
    let mut settings = ConnectOptions::new(url);
    base_options(&mut settings)
        .max_connections(connections)
        // The pool opens no connections in advance. Its maintenance task would do so, and would occupy a slot of the
        // pool while it tries to connect, possibly for minutes.
        .min_connections(0)
        .set_application_name("dateline")
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(256));
    let (health, wait) = (health.clone(), options.wait);
    settings.map_sqlx_postgres_pool_opts(move |pool| {
        let (before, after) = (health.clone(), health.clone());
        pool.after_connect(move |connection, _| {
            Box::pin(async move {
                // A statement waits for a PostgreSQL lock as long as a writer waits for another writer on SQLite.
                let mut settings = format!("SET lock_timeout = {}", wait.as_millis());
                if purpose == Purpose::Write {
                    // If a server loses its connection during a transaction, PostgreSQL keeps the lock on the
                    // journal's head row until it ends the session. Without this setting that takes hours.
                    let idle = 2 * wait.as_millis();
                    settings.push_str(&format!("; SET idle_in_transaction_session_timeout = {idle}"));
                }
                connection.execute(sqlx::AssertSqlSafe(settings)).await.map(drop)
            })
        })
        .before_acquire(move |_, meta: PoolConnectionMetadata| {
            let is_usable = !before.is_retired(purpose, meta.age);
            Box::pin(async move { Ok(is_usable) })
        })
        .after_release(move |connection, meta| {
            let is_usable = !connection.is_in_transaction() && !after.is_retired(purpose, meta.age);
            Box::pin(async move { Ok(is_usable) })
        })
    });
    Database::connect(settings).await
}
