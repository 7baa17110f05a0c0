//! Revisions: the rows that say what releases say. They never change, so a page is what its snapshot promised.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use chrono::{DateTime, NaiveDate};
use entity::{
    release::{self, ReleaseKind},
    revision::{self, Column, Model},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryResult, QuerySelect, QueryTrait,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{Error, Newsroom, content::Content};
use crate::{
    catalog::{Handle, ReleaseSet, assigned_places, assigned_topics},
    range,
};

/// Which columns a reader wants; what was not asked for is empty in what comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    columns: u32,
    working: bool,
}

impl Wanted {
    /// No column so far; with `working`, the versions being worked on and all of their columns.
    pub fn text(working: bool) -> Self {
        Self { columns: 0, working }
    }

    /// One more column.
    #[must_use]
    pub fn and(self, column: Column) -> Self {
        Self { columns: self.columns | 1 << column as u32, ..self }
    }

    fn has(self, column: Column) -> bool {
        self.working || self.columns & 1 << column as u32 != 0
    }
}

/// Revisions that one statement fetches at most: it holds a connection that other operations wait for.
const AT_ONCE: usize = 500;

/// Bytes of bodies that one statement fetches, about; a longer body has a statement of its own.
const BODY_BYTES_AT_ONCE: usize = 2 << 20;

/// A revision's row.
#[derive(Clone, Debug)]
pub struct RevisionRow {
    row: Model,
    /// The length in bytes of a body that was not fetched with the row. The bodies of several revisions are fetched separately, when
    /// their lengths are known: together they may be longer than an answer may be.
    pub unfetched_body: Option<usize>,
}

impl RevisionRow {
    /// A row that has its body, or is not asked for it.
    pub fn whole(row: Model) -> Self {
        Self { row, unfetched_body: None }
    }
}

impl Deref for RevisionRow {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.row
    }
}

/// Revisions by key.
pub type Revisions = HashMap<Uuid, Arc<RevisionRow>>;

/// The versions that readers of these releases see. One statement for 500 of them. A revision that was purged meanwhile is
/// missing, and its release drops out of whatever list it was for.
pub async fn shown(room: &Newsroom, set: &ReleaseSet, items: &[Handle], wanted: Wanted) -> Result<Revisions, Error> {
    let mut keys: Vec<Uuid> = items.iter().map(Handle::revision_id).collect();
    if wanted.working {
        keys.extend(items.iter().filter_map(|item| set.working(item)).map(|working| working.revision_id));
    }
    rows(room, &keys, wanted).await
}

/// Some columns of revisions. Where the body is wanted, it is fetched with the row of a single revision; of several revisions only its
/// length is.
pub(super) async fn rows(room: &Newsroom, keys: &[Uuid], wanted: Wanted) -> Result<Revisions, Error> {
    let columns: Vec<Column> =
        Column::iter().filter(|column| matches!(column, Column::Id) || wanted.has(*column)).collect();
    let has_lengths = keys.len() > 1 && wanted.has(Column::BodyMarkdown);
    let mut found = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(AT_ONCE) {
        let mut select = revision::Entity::find().select_only();
        for &column in &columns {
            select = match column {
                Column::BodyMarkdown if has_lengths => {
                    select.column_as(Expr::cust(r#"octet_length("body_markdown")"#), "body_bytes")
                }
                column => select.column(column),
            };
        }
        let select = select.filter(Column::Id.is_in(keys.iter().copied()));
        let statement = room.db.reader().get_database_backend().build(select.as_query());
        for row in room.db.reader().query_all_raw(statement).await? {
            let mut text = RevisionRow::whole(blank());
            for (index, &column) in columns.iter().enumerate() {
                if has_lengths && matches!(column, Column::BodyMarkdown) {
                    let bytes: Option<i32> = row.try_get_by_index(index)?;
                    text.unfetched_body = bytes.map(|bytes| usize::try_from(bytes).unwrap_or_default());
                } else {
                    fill(&mut text.row, column, &row, index)?;
                }
            }
            found.insert(text.id, Arc::new(text));
        }
    }
    Ok(found)
}

/// The bodies of revisions whose lengths are known, in statements of about 2 MB. Those of revisions that were purged meanwhile are
/// missing.
pub async fn bodies(room: &Newsroom, lengths: &[(Uuid, usize)]) -> Result<HashMap<Uuid, Arc<str>>, Error> {
    let mut found = HashMap::with_capacity(lengths.len());
    let mut rest = lengths;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, length): &&(Uuid, usize)| {
            bytes += length;
            bytes <= BODY_BYTES_AT_ONCE
        };
        let count = rest.iter().take_while(fits).count().clamp(1, AT_ONCE);
        let (some, others) = rest.split_at(count);
        let select = revision::Entity::find().select_only().columns([Column::Id, Column::BodyMarkdown]);
        let rows = select.filter(Column::Id.is_in(some.iter().map(|&(id, _)| id)));
        let rows: Vec<(Uuid, Option<String>)> = rows.into_tuple().all(room.db.reader()).await?;
        found.extend(rows.into_iter().filter_map(|(id, body)| Some((id, Arc::from(body?)))));
        rest = others;
    }
    Ok(found)
}

/// A revision of which nothing is known yet.
fn blank() -> Model {
    Model {
        id: Uuid::nil(),
        release_id: Uuid::nil(),
        number: 0,
        created_at: DateTime::UNIX_EPOCH,
        created_by: String::new(),
        based_on: None,
        slug: String::new(),
        external_id: None,
        kind: ReleaseKind::PressRelease,
        language: String::new(),
        release_date: NaiveDate::default(),
        headline: String::new(),
        subheadline: None,
        summary: None,
        body_markdown: None,
        dateline_text: None,
        editorial_note: None,
        note: None,
    }
}

/// Reads one column of a row by its position: by name each would be sought among all.
fn fill(text: &mut Model, column: Column, row: &QueryResult, index: usize) -> Result<(), DbErr> {
    match column {
        Column::Id => text.id = row.try_get_by_index(index)?,
        Column::ReleaseId => text.release_id = row.try_get_by_index(index)?,
        Column::Number => text.number = row.try_get_by_index(index)?,
        Column::CreatedAt => text.created_at = row.try_get_by_index(index)?,
        Column::CreatedBy => text.created_by = row.try_get_by_index(index)?,
        Column::BasedOn => text.based_on = row.try_get_by_index(index)?,
        Column::Slug => text.slug = row.try_get_by_index(index)?,
        Column::ExternalId => text.external_id = row.try_get_by_index(index)?,
        Column::Kind => text.kind = row.try_get_by_index(index)?,
        Column::Language => text.language = row.try_get_by_index(index)?,
        Column::ReleaseDate => text.release_date = range::clamp_date(row.try_get_by_index(index)?),
        Column::Headline => text.headline = row.try_get_by_index(index)?,
        Column::Subheadline => text.subheadline = row.try_get_by_index(index)?,
        Column::Summary => text.summary = row.try_get_by_index(index)?,
        Column::BodyMarkdown => text.body_markdown = row.try_get_by_index(index)?,
        Column::DatelineText => text.dateline_text = row.try_get_by_index(index)?,
        Column::EditorialNote => text.editorial_note = row.try_get_by_index(index)?,
        Column::Note => text.note = row.try_get_by_index(index)?,
    }
    Ok(())
}

/// Lifecycle rows of releases that a viewer may see, by key: for what only the desk asks for.
pub async fn lifecycles(room: &Newsroom, items: &[Handle]) -> Result<HashMap<Uuid, release::Model>, Error> {
    let keys: Vec<Uuid> = items.iter().map(Handle::id).collect();
    let rows = release::Entity::find().filter(release::Column::Id.is_in(keys)).all(room.db.reader()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// One revision whole, and what it says.
pub(super) async fn content<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<(revision::Model, Content), Error> {
    let row = revision::Entity::find_by_id(id).one(db).await?.ok_or(Error::NotFound("revision"))?;
    let topics = assigned_topics(db, &[id]).await?.remove(&id).unwrap_or_default();
    let places = assigned_places(db, &[id]).await?.remove(&id).unwrap_or_default();
    Ok((row.clone(), Content::of(row, topics, places)))
}
