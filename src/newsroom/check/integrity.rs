//! Integrity check by the database system: on SQLite, `PRAGMA integrity_check` and the foreign key check; on
//! PostgreSQL, checks of the B-tree indexes.
//!
//! The checks on PostgreSQL need the extension amcheck, and the database user must be allowed to execute its
//! functions. Otherwise nothing is checked on PostgreSQL.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, StreamTrait, TransactionTrait};

use super::{
    finding::{FindingKind, Findings, REBUILD_INDEXES, RESTORE_BACKUP},
    reference,
    savepoint::in_savepoint,
};

/// Runs the integrity checks that the database system offers.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings) {
    match ConnectionTrait::get_database_backend(tx) {
        DbBackend::Sqlite => {
            in_savepoint(tx, findings, "SQLite file", check_sqlite_file).await;
            in_savepoint(tx, findings, "foreign keys", check_foreign_keys).await;
        }
        _ => in_savepoint(tx, findings, "indexes", check_indexes).await,
    }
}

/// Runs `PRAGMA integrity_check`. The messages are streamed: if the statement fails midway, the messages before the
/// failure are still reported.
async fn check_sqlite_file(tx: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check(100)".to_owned());
    let mut rows = tx.stream_raw(statement).await?;
    while let Some(row) = rows.next().await {
        let message: String = row?.try_get_by_index(0)?;
        if message != "ok" {
            findings.add(FindingKind::Damage, "SQLite file", message, RESTORE_BACKUP);
        }
    }
    Ok(())
}

/// Runs SQLite's foreign key check. Skips the foreign keys that `reference` checks row by row, because their
/// violations would be reported twice.
async fn check_foreign_keys(tx: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let broken = "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2";
    for row in tx.query_all_raw(Statement::from_string(DbBackend::Sqlite, broken.to_owned())).await? {
        let (table, parent, number): (String, String, i64) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if !reference::is_verified(&table, &parent) {
            findings.add(
                FindingKind::Orphan,
                table,
                format!("{number} rows refer to missing rows of {parent}"),
                RESTORE_BACKUP,
            );
        }
    }
    Ok(())
}

async fn check_indexes(tx: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let statement = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let installed = "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
                     WHERE e.extname = 'amcheck'";
    let Some(row) = tx.query_one_raw(statement(installed.to_owned())).await? else { return Ok(()) };
    let schema: String = row.try_get_by_index(0)?;
    let privilege = format!("SELECT has_function_privilege('{schema}.bt_index_check(regclass)', 'EXECUTE')");
    let row = tx.query_one_raw(statement(privilege)).await?;
    if !row.map(|row| row.try_get_by_index::<bool>(0)).transpose()?.unwrap_or_default() {
        return Ok(());
    }
    let indexes = "SELECT c.relname::text, c.oid::bigint FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                   JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid \
                   AND c.relpersistence = 'p' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1";
    for row in tx.query_all_raw(statement(indexes.to_owned())).await? {
        let (name, oid): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let savepoint = tx.begin().await?;
        let result = savepoint.execute_unprepared(&format!("SELECT {schema}.bt_index_check({oid}::regclass)")).await;
        match result {
            Ok(_) => savepoint.commit().await?,
            Err(error) => {
                savepoint.rollback().await?;
                findings.add(FindingKind::Damage, format!("index {name}"), error.to_string(), REBUILD_INDEXES);
            }
        }
    }
    Ok(())
}
