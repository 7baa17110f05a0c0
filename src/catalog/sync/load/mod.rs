//! Loads the catalog from the database in one consistent read: all releases, topics and places, and the head of the
//! journal.
//!
//! Releases are read in batches, and each batch arrives as one JSON text. A blocking thread adds a batch to the
//! snapshot while the next batch is read, so only a few batches are in memory at once. The same SQL also reads images
//! of single releases for the journal. A loaded snapshot can therefore not differ from a snapshot that followed the
//! journal. Stored dates outside the years 0001 to 9999 are clamped and logged.
//!
//! - `concepts`: images of topics and places
//! - `slugs`: former slugs of releases, topics and places
//! - `out_of_range`: log of stored dates and instants outside the years 0001 to 9999

mod concepts;
mod out_of_range;
mod slugs;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun, journal_head,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
    revision_place::{self, PlaceRole},
    revision_topic,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    Value, sea_query::Expr,
};
use serde::Deserialize;
use uuid::Uuid;

use super::builder::SnapshotBuilder;
use crate::{
    catalog::snapshot::Snapshot,
    date_range::Stored,
    db::{DatabaseError, Db, joined_keys, json_array, key_digits, parse_joined_keys, using_index},
    journal::{ReleaseImage, VersionImage, WorkingImage},
};
pub(crate) use concepts::{places, topics};
use out_of_range::{OutOfRangeLog, RowRef};
use slugs::former_slugs;

/// Maximum number of releases in a batch.
const RELEASES_PER_BATCH: usize = 2000;

/// Loads the whole catalog in one consistent read.
pub(in crate::catalog) async fn load(db: &Db) -> Result<Snapshot, DatabaseError> {
    let read = db.begin_read().await?;
    let snapshot = load_in_transaction(&read).await?;
    read.commit().await?;
    Ok(snapshot)
}

/// Loads the whole catalog. `read` must be a transaction in which all reads see the same state of the database.
pub(crate) async fn load_in_transaction<C: ConnectionTrait>(read: &C) -> Result<Snapshot, DbErr> {
    let backend = read.get_database_backend();
    let head = head(read).await?;
    let mut builder = SnapshotBuilder::default();
    let mut out_of_range = OutOfRangeLog::default();
    builder.add_topics(concepts::topics_reporting(read, None, &mut out_of_range).await?);
    builder.add_places(concepts::places_reporting(read, None, &mut out_of_range).await?);
    let mut former = former_slugs(read, Noun::Release, None).await?;
    // The database reads the next batch of releases while a blocking thread adds this batch to the snapshot.
    let (batch_sender, mut batch_receiver) = tokio::sync::mpsc::channel::<String>(2);
    let (last_id_sender, mut last_id_receiver) = tokio::sync::mpsc::channel::<Uuid>(2);
    let build = tokio::task::spawn_blocking(move || {
        let mut with_working_version = Vec::new();
        while let Some(batch) = batch_receiver.blocking_recv() {
            let images = decode_releases(&batch, &mut out_of_range)?;
            // The last id is sent first, so the next batch is read while this batch is added.
            let last = images.iter().map(|image| image.id).max().unwrap_or_default();
            let _ = last_id_sender.blocking_send(last);
            for mut image in images {
                image.former_slugs = former.remove(&image.id).unwrap_or_default();
                if image.working.is_some() { with_working_version.push(image) } else { builder.add_release(&image) }
            }
        }
        Ok::<_, DbErr>((builder, with_working_version, out_of_range))
    });
    let batch_sql = format!(
        "SELECT string_agg(line, ',') FROM ({} LIMIT {RELEASES_PER_BATCH}) run",
        select(backend, "WHERE r.id > $1")
    );
    let mut after = Some(Uuid::nil());
    while let Some(start) = after {
        let statement = Statement::from_sql_and_values(backend, &batch_sql, [Value::from(start)]);
        let row = read.query_one_raw(statement).await?;
        let Some(batch) = row.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten() else {
            break;
        };
        if batch_sender.send(batch).await.is_err() {
            break;
        }
        after = last_id_receiver.recv().await;
    }
    drop(batch_sender);
    let failed = |error: tokio::task::JoinError| DbErr::Custom(error.to_string());
    let (mut builder, mut with_working_version, out_of_range) = build.await.map_err(failed)??;
    load_working_concepts(read, &mut with_working_version).await?;
    out_of_range.log();
    let finish = move || {
        with_working_version.iter().for_each(|image| builder.add_release(image));
        builder.finish(head.epoch, head.sequence)
    };
    tokio::task::spawn_blocking(finish).await.map_err(failed)
}

/// Reads the head of the journal: the sequence of the last entry, and the epoch of the database.
pub(in crate::catalog) async fn head<C: ConnectionTrait>(connection: &C) -> Result<journal_head::Model, DbErr> {
    let head = journal_head::Entity::find_by_id(1).one(connection).await?;
    head.ok_or_else(|| {
        DbErr::RecordNotFound("the table journal_head is empty: the database was not migrated".to_owned())
    })
}

/// Changes the epoch of the database, unless another process has already changed it from the given value.
pub(in crate::catalog) async fn rotate_epoch(db: &Db, epoch: Uuid) -> Result<(), DatabaseError> {
    let tx = db.begin_write().await?;
    journal_head::Entity::update_many()
        .col_expr(journal_head::Column::Epoch, Expr::value(Uuid::now_v7()))
        .filter(journal_head::Column::Id.eq(1))
        .filter(journal_head::Column::Epoch.eq(epoch))
        .exec(&tx)
        .await?;
    tx.commit().await
}

/// Reads images of releases with their former slugs, oldest first. Executes two SQL statements, and two more if any
/// release has both a live and a working revision.
pub(crate) async fn releases<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<Vec<ReleaseImage>, DbErr> {
    let backend = connection.get_database_backend();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let placeholders: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let sql = select(backend, &format!("WHERE r.id IN ({})", placeholders.join(", ")));
    let values = ids.iter().map(|&id| Value::from(id));
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let json_rows: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    let mut images = decode_releases(&json_rows.join(","), &mut OutOfRangeLog::default())?;
    load_working_concepts(connection, &mut images).await?;
    let mut former = former_slugs(connection, Noun::Release, Some(ids)).await?;
    for image in &mut images {
        image.former_slugs = former.remove(&image.id).unwrap_or_default();
    }
    Ok(images)
}

/// Fills in the topics and places of the working revisions in the images.
async fn load_working_concepts<C: ConnectionTrait>(connection: &C, images: &mut [ReleaseImage]) -> Result<(), DbErr> {
    let keys: Vec<Uuid> =
        images.iter().filter_map(|image| image.working.as_ref()).map(|working| working.revision_id).collect();
    let mut topics = assigned_topics(connection, &keys).await?;
    let mut places = assigned_places(connection, &keys).await?;
    for working in images.iter_mut().filter_map(|image| image.working.as_mut()) {
        working.topics = topics.remove(&working.revision_id).unwrap_or_default();
        [working.dateline, working.about] = places.remove(&working.revision_id).unwrap_or_default();
    }
    Ok(())
}

/// Returns the SQL that selects releases with their shown revision, its topics and its places, oldest release first.
///
/// Each release is one JSON array with the fields of [`ReleaseRow`]. Transferring a value from the database costs
/// about as much as finding the value, so the values of many releases are transferred as one text. The SQL is written
/// by hand, because it names the covering index that contains all required columns of a revision.
fn select(backend: DbBackend, condition: &str) -> String {
    let json_row = json_array(
        backend,
        &[
            &key_digits(backend, "r.id"),
            "r.slug",
            "r.state",
            "r.revision",
            "r.author",
            "r.modified_at",
            "r.first_published_at",
            "r.published_at",
            "r.withdrawal_kind",
            "CASE WHEN r.state = 'SCHEDULED' THEN r.schedule_at END",
            "r.embargo_until",
            "r.working_outdated",
            &format!(
                "CASE WHEN r.live_revision_id IS NOT NULL AND r.working_revision_id IS NOT NULL THEN {} END",
                key_digits(backend, "r.working_revision_id")
            ),
            &key_digits(backend, "v.id"),
            "v.number",
            "v.kind",
            "v.language",
            "v.release_date",
            &joined_keys(backend, "'T'", "topic_id", "revision_topic", "revision_id = v.id"),
            &joined_keys(backend, "role", "place_id", "revision_place", "revision_id = v.id"),
        ],
    );
    let by_index = using_index(backend, "revision_catalog");
    format!(
        "SELECT {json_row} AS line FROM release r \
         JOIN revision v {by_index} ON v.id = COALESCE(r.live_revision_id, r.working_revision_id) {condition} ORDER BY r.id"
    )
}

/// A release as the SQL of [`select`] returns it: the fields of the release, the id of its working revision if there
/// is also a live revision, the shown revision, and the topics and places of the shown revision.
#[derive(Deserialize)]
struct ReleaseRow<'a>(
    Uuid,
    String,
    ReleaseState,
    i32,
    String,
    Stored<DateTime<Utc>>,
    Option<Stored<DateTime<Utc>>>,
    Option<Stored<DateTime<Utc>>>,
    Option<WithdrawalKind>,
    Option<Stored<DateTime<Utc>>>,
    Option<Stored<DateTime<Utc>>>,
    SqlBool,
    Option<Uuid>,
    Uuid,
    i32,
    ReleaseKind,
    String,
    Stored<NaiveDate>,
    Option<&'a str>,
    Option<&'a str>,
);

/// A Boolean value in JSON from the database. SQLite has no Boolean type and returns 0 or 1.
struct SqlBool(bool);

impl<'de> Deserialize<'de> for SqlBool {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum BoolEncoding {
            Bool(bool),
            Number(i64),
        }
        Ok(Self(match BoolEncoding::deserialize(deserializer)? {
            BoolEncoding::Bool(value) => value,
            BoolEncoding::Number(number) => number != 0,
        }))
    }
}

/// Decodes releases that the SQL of [`select`] returned, separated by commas. The topics and places of working
/// revisions remain empty. Dates and instants outside the years 0001 to 9999 are clamped and recorded in
/// `out_of_range`.
fn decode_releases(json_rows: &str, out_of_range: &mut OutOfRangeLog) -> Result<Vec<ReleaseImage>, DbErr> {
    let text = format!("[{json_rows}]");
    let rows: Vec<ReleaseRow<'_>> = serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?;
    let image = |row: ReleaseRow<'_>| {
        let release_row = RowRef { table: "release", id: row.0, slug: &row.1 };
        let modified_at = out_of_range.clamped(release_row, "modified_at", row.5);
        let mut clamped =
            |column, at: Option<Stored<DateTime<Utc>>>| at.map(|at| out_of_range.clamped(release_row, column, at));
        let first_published_at = clamped("first_published_at", row.6);
        let published_at = clamped("published_at", row.7);
        let schedule_at = clamped("schedule_at", row.9);
        let embargo_until = clamped("embargo_until", row.10);
        let revision_row = RowRef { table: "revision", id: row.13, slug: &row.1 };
        let release_date = out_of_range.clamped(revision_row, "release_date", row.17);
        ReleaseImage {
            id: row.0,
            slug: row.1,
            former_slugs: Vec::new(),
            state: row.2,
            revision: row.3,
            author: row.4,
            modified_at,
            first_published_at,
            published_at,
            withdrawal_kind: row.8,
            schedule_at,
            embargo_until,
            working: row.12.map(|revision_id| WorkingImage {
                revision_id,
                outdated: row.11.0,
                topics: Vec::new(),
                dateline: Vec::new(),
                about: Vec::new(),
            }),
            shown: VersionImage {
                revision_id: row.13,
                number: row.14,
                kind: row.15,
                language: row.16,
                release_date,
                topics: parse_joined_keys(row.18, 'T'),
                // Role letters: D for DATELINE, A for ABOUT.
                dateline: parse_joined_keys(row.19, 'D'),
                about: parse_joined_keys(row.19, 'A'),
            },
        }
    };
    Ok(rows.into_iter().map(image).collect())
}

/// Maximum number of ids in one SQL statement.
const MAX_KEYS_PER_STATEMENT: usize = 8000;

/// Reads the topics of revisions, in order. The map's keys are the ids of the revisions.
pub(crate) async fn assigned_topics<C: ConnectionTrait>(
    connection: &C,
    revisions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Uuid>>, DbErr> {
    let mut by_revision: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for chunk in revisions.chunks(MAX_KEYS_PER_STATEMENT) {
        let rows: Vec<(Uuid, Uuid)> = revision_topic::Entity::find()
            .select_only()
            .columns([revision_topic::Column::RevisionId, revision_topic::Column::TopicId])
            .filter(revision_topic::Column::RevisionId.is_in(chunk.to_vec()))
            .order_by_asc(revision_topic::Column::RevisionId)
            .order_by_asc(revision_topic::Column::Position)
            .into_tuple()
            .all(connection)
            .await?;
        rows.into_iter().for_each(|(revision, topic)| by_revision.entry(revision).or_default().push(topic));
    }
    Ok(by_revision)
}

/// Reads the places of revisions, in order. The map's keys are the ids of the revisions. Each value has two lists:
/// the places of the dateline, and the places that the revision is about.
pub(crate) async fn assigned_places<C: ConnectionTrait>(
    connection: &C,
    revisions: &[Uuid],
) -> Result<HashMap<Uuid, [Vec<Uuid>; 2]>, DbErr> {
    let mut by_revision: HashMap<Uuid, [Vec<Uuid>; 2]> = HashMap::new();
    for chunk in revisions.chunks(MAX_KEYS_PER_STATEMENT) {
        let rows: Vec<(Uuid, PlaceRole, Uuid)> = revision_place::Entity::find()
            .select_only()
            .columns([
                revision_place::Column::RevisionId,
                revision_place::Column::Role,
                revision_place::Column::PlaceId,
            ])
            .filter(revision_place::Column::RevisionId.is_in(chunk.to_vec()))
            .order_by_asc(revision_place::Column::RevisionId)
            .order_by_asc(revision_place::Column::Position)
            .into_tuple()
            .all(connection)
            .await?;
        for (revision, role, place) in rows {
            by_revision.entry(revision).or_default()[usize::from(role == PlaceRole::About)].push(place);
        }
    }
    Ok(by_revision)
}
