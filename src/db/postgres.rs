//! Opens PostgreSQL: connection pools for reads, writes and the health check, with lock and session timeouts.

use std::sync::Arc;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, sqlx};
use sqlx::{Connection, Executor, pool::PoolConnectionMetadata};

use super::{
    database::Db,
    health::{Health, Purpose},
    options::{OpenError, OpenOptions, base_options, redacted},
};

/// Maximum number of read connections of one process.
const READERS: u32 = 12;

/// Maximum number of write connections. Writes wait for each other at the journal's head row, so more connections would
/// only wait inside the database.
const WRITERS: u32 = 4;

/// Connects to the database at a URL.
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
        // No connection is kept open in advance. While the driver's maintenance task tries to connect, it would occupy
        // a slot of the pool, possibly for minutes.
        .min_connections(0)
        .set_application_name("dateline")
        .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(256));
    let (health, wait) = (health.clone(), options.wait);
    settings.map_sqlx_postgres_pool_opts(move |pool| {
        let (before, after) = (health.clone(), health.clone());
        pool.after_connect(move |connection, _| {
            Box::pin(async move {
                // The same wait as for another writer on SQLite.
                let mut settings = format!("SET lock_timeout = {}", wait.as_millis());
                if purpose == Purpose::Write {
                    // A server that loses its connection to the database during a transaction holds the lock on the
                    // journal's head row until the database ends the session. Without this setting that takes hours.
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
