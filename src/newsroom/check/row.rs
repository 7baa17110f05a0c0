//! Every row of every table, read completely: a damaged page fails here, and so does a value that no version of Dateline wrote.

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
    attempt,
    finding::{Findings, Kind, RESTORE},
};

/// Reads all tables; how many rows each has, as far as it could be read.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings) -> Vec<(String, u64)> {
    let mut rows = Vec::new();
    table::<release::Entity>(read, findings, &mut rows).await;
    table::<revision::Entity>(read, findings, &mut rows).await;
    table::<topic::Entity>(read, findings, &mut rows).await;
    table::<place::Entity>(read, findings, &mut rows).await;
    table::<topic_name::Entity>(read, findings, &mut rows).await;
    table::<topic_broader::Entity>(read, findings, &mut rows).await;
    table::<place_name::Entity>(read, findings, &mut rows).await;
    table::<revision_topic::Entity>(read, findings, &mut rows).await;
    table::<revision_place::Entity>(read, findings, &mut rows).await;
    table::<slug::Entity>(read, findings, &mut rows).await;
    table::<merged_concept::Entity>(read, findings, &mut rows).await;
    table::<correction::Entity>(read, findings, &mut rows).await;
    table::<journal::Entity>(read, findings, &mut rows).await;
    table::<journal_head::Entity>(read, findings, &mut rows).await;
    table::<api_token::Entity>(read, findings, &mut rows).await;
    table::<preview_link::Entity>(read, findings, &mut rows).await;
    table::<signing_key::Entity>(read, findings, &mut rows).await;
    table::<access_log::Entity>(read, findings, &mut rows).await;
    table::<idempotency::Entity>(read, findings, &mut rows).await;
    rows
}

async fn table<E: EntityTrait>(read: &DatabaseTransaction, findings: &mut Findings, rows: &mut Vec<(String, u64)>) {
    let name = E::default().table_name().to_owned();
    let mut number = 0;
    attempt(read, findings, &format!("table {name}"), async |read, findings| {
        all_rows::<E>(read, findings, &name, &mut number).await
    })
    .await;
    rows.push((name, number));
}

async fn all_rows<E: EntityTrait>(
    read: &DatabaseTransaction,
    findings: &mut Findings,
    name: &str,
    number: &mut u64,
) -> Result<(), DbErr> {
    let backend = ConnectionTrait::get_database_backend(read);
    let mut rows = read.stream_raw(Statement::from_string(backend, format!("SELECT * FROM \"{name}\""))).await?;
    while let Some(row) = rows.next().await {
        let row = row?;
        *number += 1;
        let why = match catch_unwind(AssertUnwindSafe(|| E::Model::from_query_result(&row, ""))) {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            // Some values end the driver instead of giving an error.
            Err(_) => "it holds a value beyond everything that can be read".to_owned(),
        };
        let place = format!("{name} {}", key::<E>(&row));
        findings.add(Kind::Row, place, format!("the row cannot be read: {why}"), RESTORE);
    }
    Ok(())
}

/// The primary key of a row, as far as it can be read.
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
