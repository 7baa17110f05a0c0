//! Repair of stored dates and instants outside the years 0001 to 9999: finds them in all tables and replaces them
//! with the nearest end of the range.
//!
//! `dateline check --repair` runs this repair. Values outside these years come from earlier program versions or from
//! other programs. Code that reads such a value clamps it (module `date_range`). The journal records each repaired
//! release as `release.repair`. The checks of the database are in `check`.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun, access_log, api_token, correction, idempotency, journal, merged_concept, place, preview_link, release,
    revision, slug, topic,
};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn,
    QueryFilter, QuerySelect, Statement,
};
use uuid::Uuid;

use super::{
    error::Error,
    service::Newsroom,
    workflow::{self, Resource},
};
use crate::{
    auth::viewer::Viewer,
    date_range::{OutOfRange, Ranged, Stored},
};

/// A column that stores dates or instants.
#[derive(Clone, Copy, Debug)]
struct RangedColumn {
    name: &'static str,
    kind: ValueKind,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueKind {
    Date,
    Instant,
}

/// A table that has dates or instants.
#[derive(Clone, Debug)]
struct Table {
    name: &'static str,
    /// Columns of the primary key, and whether they are UUIDs.
    key: Vec<(&'static str, bool)>,
    has_slug: bool,
    columns: Vec<RangedColumn>,
}

/// A date or instant outside the years 0001 to 9999, with the data that the repair needs.
struct LocatedValue {
    row: OutOfRange,
    /// Position of the row in its table: `rowid` on SQLite, `ctid` on PostgreSQL. Valid until the row is changed.
    locator: String,
    nearest: String,
}

/// Returns all stored dates and instants outside the years 0001 to 9999, ordered by table and column. Reads every row
/// of every table that has such columns.
pub async fn find_out_of_range<C: ConnectionTrait>(connection: &C) -> Result<Vec<OutOfRange>, DbErr> {
    let mut all = Vec::new();
    for table in tables() {
        for &column in &table.columns {
            all.extend(find_in_column(connection, &table, column, "").await?.into_iter().map(|located| located.row));
        }
    }
    Ok(all)
}

/// Returns the columns that [`find_out_of_range`] examines, as pairs of table name and column name.
pub fn ranged_columns() -> Vec<(&'static str, &'static str)> {
    let of_table = |table: Table| table.columns.into_iter().map(move |column| (table.name, column.name));
    tables().into_iter().flat_map(of_table).collect()
}

impl Newsroom {
    /// Replaces each stored date or instant outside the years 0001 to 9999 with the nearest valid value, in one
    /// transaction. Returns the replaced values. Each release with a changed row gets a journal entry
    /// `release.repair`, whose note contains the old and new values. If all values are valid, changes nothing. Only
    /// administrators may call this.
    pub async fn repair_out_of_range(&self, viewer: &Viewer, now: DateTime<Utc>) -> Result<Vec<OutOfRange>, Error> {
        workflow::check_manage(Resource::Repair, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let lock_clause = if self.db.backend() == DbBackend::Postgres { "FOR UPDATE" } else { "" };
        // Before images and journal notes of the affected releases, by release key. The images are loaded before any
        // row changes.
        let mut releases = BTreeMap::new();
        for table in tables() {
            for &column in &table.columns {
                let located = find_in_column(unit_of_work.tx(), &table, column, lock_clause).await?;
                for (id, note) in affected_releases(unit_of_work.tx(), &located).await? {
                    let (_, notes) = match releases.entry(id) {
                        Entry::Occupied(entry) => entry.into_mut(),
                        Entry::Vacant(entry) => {
                            entry.insert((unit_of_work.image(Noun::Release, id).await?, Vec::new()))
                        }
                    };
                    notes.push(note);
                }
            }
        }
        let mut repaired = Vec::new();
        for table in tables() {
            for &column in &table.columns {
                // Search again for every column. On PostgreSQL, updating a row changes its `ctid`, so a locator that
                // was found earlier may be stale.
                for located in find_in_column(unit_of_work.tx(), &table, column, lock_clause).await? {
                    store_nearest(unit_of_work.tx(), &table, column, &located).await?;
                    repaired.push(located.row);
                }
            }
        }
        if repaired.is_empty() {
            unit_of_work.rollback().await?;
            return Ok(repaired);
        }
        for (id, (before, notes)) in releases {
            let after = unit_of_work.image(Noun::Release, id).await?;
            let note = notes.join("; ");
            unit_of_work.record("release.repair", Noun::Release, id, Some(note), before.as_ref(), after.as_ref())?;
        }
        unit_of_work.commit().await?;
        Ok(repaired)
    }
}

/// Returns the keys of the releases that the located values belong to. Each key comes with a journal note that says
/// which value is replaced by which.
async fn affected_releases<C: ConnectionTrait>(
    connection: &C,
    located: &[LocatedValue],
) -> Result<Vec<(Uuid, String)>, DbErr> {
    let mut affected = Vec::new();
    for LocatedValue { row, nearest, .. } in located {
        let Some(key) = Uuid::try_parse(&row.id).ok() else { continue };
        let release = match row.table {
            "release" => Some(key),
            "revision" => {
                let owner = revision::Entity::find().select_only().column(revision::Column::ReleaseId);
                owner.filter(revision::Column::Id.eq(key)).into_tuple().one(connection).await?
            }
            _ => None,
        };
        let note = format!("{}.{} was {} and is {nearest}", row.table, row.column, row.value);
        affected.extend(release.map(|id| (id, note)));
    }
    Ok(affected)
}

/// Returns the values of a column that are outside the years 0001 to 9999.
async fn find_in_column<C: ConnectionTrait>(
    connection: &C,
    table: &Table,
    column: RangedColumn,
    lock_clause: &str,
) -> Result<Vec<LocatedValue>, DbErr> {
    let backend = connection.get_database_backend();
    let (name, value) = (table.name, column.name);
    let key: Vec<String> = table.key.iter().map(|&(part, is_uuid)| key_text(backend, part, is_uuid)).collect();
    let key = key.join(" || '/' || ");
    let slug = if table.has_slug { "\"slug\"" } else { "NULL" };
    let select = match backend {
        // SQLite stores dates as text. This condition selects values with a leap second, and some valid values near
        // the limits. The code below parses the selected values and drops the valid ones.
        DbBackend::Sqlite => format!(
            "SELECT CAST(rowid AS text), {key}, {slug}, \"{value}\" FROM \"{name}\" WHERE \"{value}\" < '0001-01-03' \
             OR \"{value}\" >= '9999-12-30' OR \"{value}\" LIKE '____-__-__T__:__:60%' \
             OR \"{value}\" LIKE '____-__-__ __:__:60%' ORDER BY 2"
        ),
        _ => {
            let (from, until) = match column.kind {
                ValueKind::Date => ("date '0001-01-01'", "date '10000-01-01'"),
                ValueKind::Instant => ("timestamptz '0001-01-01 00:00:00+00'", "timestamptz '10000-01-01 00:00:00+00'"),
            };
            format!(
                "SELECT ctid::text, {key}, {slug}, to_jsonb(\"{value}\") #>> '{{}}' FROM \"{name}\" \
                 WHERE \"{value}\" < {from} OR \"{value}\" >= {until} ORDER BY 2 {lock_clause}"
            )
        }
    };
    let mut all = Vec::new();
    for row in connection.query_all_raw(Statement::from_string(backend, select)).await? {
        let value: String = row.try_get_by_index(3)?;
        let nearest = match column.kind {
            ValueKind::Date => nearest::<NaiveDate>(&value),
            ValueKind::Instant => nearest::<DateTime<Utc>>(&value),
        };
        let Some(nearest) = nearest else { continue };
        let out_of_range = OutOfRange {
            table: table.name,
            id: row.try_get_by_index(1)?,
            slug: row.try_get_by_index(2)?,
            column: column.name,
            value,
        };
        all.push(LocatedValue { row: out_of_range, locator: row.try_get_by_index(0)?, nearest });
    }
    Ok(all)
}

/// Overwrites a located value with the nearest valid value.
async fn store_nearest<C: ConnectionTrait>(
    connection: &C,
    table: &Table,
    column: RangedColumn,
    located: &LocatedValue,
) -> Result<(), DbErr> {
    let backend = connection.get_database_backend();
    let (name, value) = (table.name, column.name);
    let update = match backend {
        DbBackend::Sqlite => format!("UPDATE \"{name}\" SET \"{value}\" = $1 WHERE rowid = CAST($2 AS integer)"),
        _ => {
            let kind = if column.kind == ValueKind::Date { "date" } else { "timestamptz" };
            format!("UPDATE \"{name}\" SET \"{value}\" = CAST($1 AS text)::{kind} WHERE ctid = CAST($2 AS text)::tid")
        }
    };
    let values = [located.nearest.clone().into(), located.locator.clone().into()];
    connection.execute_raw(Statement::from_sql_and_values(backend, update, values)).await.map(drop)
}

/// Returns the valid value that is nearest to a stored value, or `None` if the stored value is valid or cannot be
/// parsed.
fn nearest<T: Ranged>(text: &str) -> Option<String> {
    Stored::<T>::read(text).filter(|stored| stored.original.is_some()).map(|stored| stored.value.write())
}

/// Returns an SQL expression that converts a primary key column to text.
fn key_text(backend: DbBackend, column: &str, is_uuid: bool) -> String {
    match (backend, is_uuid) {
        (DbBackend::Sqlite, true) => format!("lower(hex(\"{column}\"))"),
        (DbBackend::Sqlite, false) => format!("CAST(\"{column}\" AS text)"),
        (_, true) => format!("replace(\"{column}\"::text, '-', '')"),
        (_, false) => format!("\"{column}\"::text"),
    }
}

/// Returns all tables that have dates or instants.
fn tables() -> Vec<Table> {
    vec![
        table(release::Entity),
        table(revision::Entity),
        table(topic::Entity),
        table(place::Entity),
        table(slug::Entity),
        table(merged_concept::Entity),
        table(correction::Entity),
        table(api_token::Entity),
        table(preview_link::Entity),
        table(idempotency::Entity),
        table(access_log::Entity),
        table(journal::Entity),
    ]
}

fn table<E: EntityTrait>(entity: E) -> Table {
    let kind = |column: &E::Column| match column.def().get_column_type() {
        ColumnType::Date => Some(ValueKind::Date),
        ColumnType::DateTime | ColumnType::Timestamp | ColumnType::TimestampWithTimeZone => Some(ValueKind::Instant),
        _ => None,
    };
    let ranged = |column: E::Column| kind(&column).map(|kind| RangedColumn { name: column.as_str(), kind });
    let key = |key: E::PrimaryKey| {
        let column = key.into_column();
        (column.as_str(), matches!(column.def().get_column_type(), ColumnType::Uuid))
    };
    Table {
        name: entity.table_name(),
        key: E::PrimaryKey::iter().map(key).collect(),
        has_slug: E::Column::iter().any(|column| column.as_str() == "slug"),
        columns: E::Column::iter().filter_map(ranged).collect(),
    }
}
