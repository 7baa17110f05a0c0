//! The database itself, by its own means: SQLite's integrity check and its check of foreign keys; on PostgreSQL the check of
//! indexes that the extension amcheck has, where it is installed.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, StreamTrait, TransactionTrait};

use super::{
    attempt,
    finding::{Findings, Kind, REINDEX, RESTORE},
    reference,
};

/// Lets the database verify itself.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings) {
    match ConnectionTrait::get_database_backend(read) {
        DbBackend::Sqlite => {
            attempt(read, findings, "SQLite file", by_sqlite).await;
            attempt(read, findings, "foreign keys", foreign_keys).await;
        }
        _ => attempt(read, findings, "indexes", by_amcheck).await,
    }
}

/// One row after the other: what was told before it failed is kept.
async fn by_sqlite(read: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let all = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check(100)".to_owned());
    let mut rows = read.stream_raw(all).await?;
    while let Some(row) = rows.next().await {
        let told: String = row?.try_get_by_index(0)?;
        if told != "ok" {
            findings.add(Kind::Damage, "SQLite file", told, RESTORE);
        }
    }
    Ok(())
}

/// Foreign keys that are not verified row by row; those would be reported twice.
async fn foreign_keys(read: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let broken = "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2";
    for row in read.query_all_raw(Statement::from_string(DbBackend::Sqlite, broken.to_owned())).await? {
        let (table, parent, number): (String, String, i64) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if !reference::is_verified(&table, &parent) {
            findings.add(Kind::Orphan, table, format!("{number} rows refer to no row of {parent}"), RESTORE);
        }
    }
    Ok(())
}

async fn by_amcheck(read: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let statement = |sql: String| Statement::from_string(DbBackend::Postgres, sql);
    let installed = "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
                     WHERE e.extname = 'amcheck'";
    let Some(row) = read.query_one_raw(statement(installed.to_owned())).await? else { return Ok(()) };
    let schema: String = row.try_get_by_index(0)?;
    let may = format!("SELECT has_function_privilege('{schema}.bt_index_check(regclass)', 'EXECUTE')");
    let row = read.query_one_raw(statement(may)).await?;
    if !row.map(|row| row.try_get_by_index::<bool>(0)).transpose()?.unwrap_or_default() {
        return Ok(());
    }
    let indexes = "SELECT c.relname::text, c.oid::bigint FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                   JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid \
                   AND c.relpersistence = 'p' AND c.relnamespace = current_schema()::regnamespace ORDER BY 1";
    for row in read.query_all_raw(statement(indexes.to_owned())).await? {
        let (name, oid): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let own = read.begin().await?;
        let done = own.execute_unprepared(&format!("SELECT {schema}.bt_index_check({oid}::regclass)")).await;
        match done {
            Ok(_) => own.commit().await?,
            Err(error) => {
                own.rollback().await?;
                findings.add(Kind::Damage, format!("index {name}"), error.to_string(), REINDEX);
            }
        }
    }
    Ok(())
}
