//! Check of rows: reads every row of every table and decodes all columns, which finds damaged pages and invalid
//! values.
//!
//! This part of the check also counts the rows of each table for the report.

use std::panic::{AssertUnwindSafe, catch_unwind};

use entity::{
    access_log, api_token, correction, idempotency, journal, journal_head, merged_concept, place, place_name,
    preview_link, release, revision, revision_place, revision_topic, signing_key, slug, topic, topic_broader,
    topic_name,
};
use futures_util::StreamExt;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, Iden, Iterable, QueryResult, Statement,
    StreamTrait,
};
use uuid::Uuid;

use super::{
    finding::{FindingKind, Findings, RESTORE_BACKUP},
    savepoint::in_savepoint,
};

/// Reads all tables. Returns the number of rows read from each table. If a table cannot be read to the end, its
/// number is too low.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings) -> Vec<(String, u64)> {
    let mut rows = Vec::new();
    read_table::<release::Entity>(tx, findings, &mut rows).await;
    read_table::<revision::Entity>(tx, findings, &mut rows).await;
    read_table::<topic::Entity>(tx, findings, &mut rows).await;
    read_table::<place::Entity>(tx, findings, &mut rows).await;
    read_table::<topic_name::Entity>(tx, findings, &mut rows).await;
    read_table::<topic_broader::Entity>(tx, findings, &mut rows).await;
    read_table::<place_name::Entity>(tx, findings, &mut rows).await;
    read_table::<revision_topic::Entity>(tx, findings, &mut rows).await;
    read_table::<revision_place::Entity>(tx, findings, &mut rows).await;
    read_table::<slug::Entity>(tx, findings, &mut rows).await;
    read_table::<merged_concept::Entity>(tx, findings, &mut rows).await;
    read_table::<correction::Entity>(tx, findings, &mut rows).await;
    read_table::<journal::Entity>(tx, findings, &mut rows).await;
    read_table::<journal_head::Entity>(tx, findings, &mut rows).await;
    read_table::<api_token::Entity>(tx, findings, &mut rows).await;
    read_table::<preview_link::Entity>(tx, findings, &mut rows).await;
    read_table::<signing_key::Entity>(tx, findings, &mut rows).await;
    read_table::<access_log::Entity>(tx, findings, &mut rows).await;
    read_table::<idempotency::Entity>(tx, findings, &mut rows).await;
    rows
}

async fn read_table<E: EntityTrait>(tx: &DatabaseTransaction, findings: &mut Findings, rows: &mut Vec<(String, u64)>) {
    let name = E::default().table_name().to_owned();
    let mut count = 0;
    in_savepoint(tx, findings, &format!("table {name}"), async |tx, findings| {
        all_rows::<E>(tx, findings, &name, &mut count).await
    })
    .await;
    rows.push((name, count));
}

async fn all_rows<E: EntityTrait>(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    name: &str,
    count: &mut u64,
) -> Result<(), DbErr> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let mut rows = tx.stream_raw(Statement::from_string(backend, format!("SELECT * FROM \"{name}\""))).await?;
    while let Some(row) = rows.next().await {
        let row = row?;
        *count += 1;
        let why = match catch_unwind(AssertUnwindSafe(|| E::Model::from_query_result(&row, ""))) {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            // The driver panics on some values instead of returning an error.
            Err(_) => "it has a value that the database driver cannot decode".to_owned(),
        };
        let location = format!("{name} {}", key::<E>(&row));
        findings.add(FindingKind::Row, location, format!("the row cannot be read: {why}"), RESTORE_BACKUP);
    }
    Ok(())
}

/// Formats the primary key of a row for findings. A column that cannot be read is shown as `?`.
fn key<E: EntityTrait>(row: &QueryResult) -> String {
    let column = |column: E::PrimaryKey| {
        let name = column.to_string();
        let value = row
            .try_get::<Uuid>("", &name)
            .map(|id| id.simple().to_string())
            .or_else(|_| row.try_get::<i64>("", &name).map(|number| number.to_string()))
            .or_else(|_| row.try_get::<i32>("", &name).map(|number| number.to_string()))
            .or_else(|_| row.try_get::<String>("", &name));
        format!("{name}={}", value.unwrap_or_else(|_| "?".to_owned()))
    };
    E::PrimaryKey::iter().map(column).collect::<Vec<_>>().join(" ")
}
