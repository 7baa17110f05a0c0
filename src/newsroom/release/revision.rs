//! Fetches rows of revisions: only the columns that a query needs (`ColumnMask`), in batches.
//!
//! `ReleaseVersion` is a whole revision with its topics and places, found by number or key. Revision rows never
//! change after insertion, so they match the catalog snapshot that refers to them. A purged revision is missing in
//! the result.
//!
//! If several revisions are fetched, their bodies are left out at first. `bodies` fetches these bodies later, once
//! their lengths are known, so that a response stays within its budget.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use chrono::{DateTime, NaiveDate};
use entity::{
    release::{self, ReleaseKind},
    revision::{self, Column, Model},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait, sea_query::Expr,
};
use uuid::Uuid;

use super::content::Content;
use crate::{
    catalog::{Handle, ReleaseSet, assigned_places, assigned_topics},
    date_range,
    newsroom::{error::Error, service::Newsroom},
};

/// The columns of revisions that a query needs. Other columns are empty in the fetched rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnMask {
    columns: u32,
    working: bool,
}

impl ColumnMask {
    /// Creates a mask without columns. If `working` is set, working revisions are fetched too, and all columns of all
    /// revisions.
    pub fn new(working: bool) -> Self {
        Self { columns: 0, working }
    }

    /// Adds a column.
    #[must_use]
    pub fn with(self, column: Column) -> Self {
        Self { columns: self.columns | 1 << column as u32, ..self }
    }

    fn has(self, column: Column) -> bool {
        self.working || self.columns & 1 << column as u32 != 0
    }
}

/// Maximum number of revisions that one SQL statement fetches. A long statement would keep other operations waiting
/// for its connection.
const MAX_PER_STATEMENT: usize = 500;

/// Maximum total length of the bodies that one SQL statement fetches, in bytes. A single longer body is fetched with
/// a separate statement.
const MAX_BODY_BYTES_PER_STATEMENT: usize = 2 << 20;

/// The row of a revision. Columns that the query did not request are empty.
#[derive(Clone, Debug)]
pub struct RevisionRow {
    row: Model,
    /// Length in bytes of the body, if the body was not fetched with the row. If several revisions are fetched, only
    /// the lengths of their bodies are loaded first, because the bodies together may exceed the response limit.
    pub unfetched_body: Option<usize>,
}

impl RevisionRow {
    /// Wraps a row that has its body, or whose body is not needed.
    pub fn complete(row: Model) -> Self {
        Self { row, unfetched_body: None }
    }
}

impl Deref for RevisionRow {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.row
    }
}

/// A revision with its topics and places.
#[derive(Clone, Debug)]
pub struct ReleaseVersion {
    /// The row of the revision. If it was fetched together with other revisions, the row has no body.
    pub revision: Arc<RevisionRow>,
    /// Topics, in order.
    pub topics: Vec<Uuid>,
    /// Places of the dateline, in order.
    pub dateline: Vec<Uuid>,
    /// Places that the release is about, in order.
    pub about: Vec<Uuid>,
}

impl ReleaseVersion {
    /// Returns the content of the revision as one value. The body is missing if the revision was fetched together
    /// with others.
    pub fn content(&self) -> Content {
        let places = [self.dateline.clone(), self.about.clone()];
        Content::from_row((**self.revision).clone(), self.topics.clone(), places)
    }
}

/// Rows of revisions, by the key of the revision.
pub type Revisions = HashMap<Uuid, Arc<RevisionRow>>;

/// Fetches the revisions that the set's viewer sees of the given releases, and the working revisions if `mask`
/// requests them. Runs one SQL statement for each 500 revisions. A revision that was purged in the meantime is
/// missing in the result, and callers must drop its release.
pub async fn visible_revisions(
    newsroom: &Newsroom,
    set: &ReleaseSet,
    items: &[Handle],
    mask: ColumnMask,
) -> Result<Revisions, Error> {
    let mut keys: Vec<Uuid> = items.iter().map(Handle::revision_id).collect();
    if mask.working {
        keys.extend(items.iter().filter_map(|item| set.working(item)).map(|working| working.revision_id));
    }
    fetch_rows(newsroom, &keys, mask).await
}

/// Fetches the requested columns of revisions. If only one revision is requested, its body is fetched with its row.
/// If several are requested, only the length of each body is fetched.
pub(in crate::newsroom) async fn fetch_rows(
    newsroom: &Newsroom,
    keys: &[Uuid],
    mask: ColumnMask,
) -> Result<Revisions, Error> {
    let columns: Vec<Column> =
        Column::iter().filter(|column| matches!(column, Column::Id) || mask.has(*column)).collect();
    let has_lengths = keys.len() > 1 && mask.has(Column::BodyMarkdown);
    let mut by_id = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(MAX_PER_STATEMENT) {
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
        let statement = newsroom.db.reader().get_database_backend().build(select.as_query());
        for row in newsroom.db.reader().query_all_raw(statement).await? {
            let mut revision = RevisionRow::complete(blank());
            for (index, &column) in columns.iter().enumerate() {
                if has_lengths && matches!(column, Column::BodyMarkdown) {
                    let bytes: Option<i32> = row.try_get_by_index(index)?;
                    revision.unfetched_body = bytes.map(|bytes| usize::try_from(bytes).unwrap_or_default());
                } else {
                    read_column(&mut revision.row, column, &row, index)?;
                }
            }
            by_id.insert(revision.id, Arc::new(revision));
        }
    }
    Ok(by_id)
}

/// Fetches the bodies of revisions, given their keys and body lengths. Each SQL statement fetches at most about 2 MB.
/// Bodies of revisions that were purged in the meantime are missing in the result.
pub async fn bodies(newsroom: &Newsroom, lengths: &[(Uuid, usize)]) -> Result<HashMap<Uuid, Arc<str>>, Error> {
    let mut by_id = HashMap::with_capacity(lengths.len());
    let mut rest = lengths;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, length): &&(Uuid, usize)| {
            bytes += length;
            bytes <= MAX_BODY_BYTES_PER_STATEMENT
        };
        let count = rest.iter().take_while(fits).count().clamp(1, MAX_PER_STATEMENT);
        let (batch, remaining) = rest.split_at(count);
        let select = revision::Entity::find().select_only().columns([Column::Id, Column::BodyMarkdown]);
        let rows = select.filter(Column::Id.is_in(batch.iter().map(|&(id, _)| id)));
        let rows: Vec<(Uuid, Option<String>)> = rows.into_tuple().all(newsroom.db.reader()).await?;
        by_id.extend(rows.into_iter().filter_map(|(id, body)| Some((id, Arc::from(body?)))));
        rest = remaining;
    }
    Ok(by_id)
}

/// Returns a revision row with all fields empty.
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

/// Copies one column of a query result to a revision. Reads the column by its position, because a lookup by name
/// would search all columns.
fn read_column(revision: &mut Model, column: Column, row: &QueryResult, index: usize) -> Result<(), DbErr> {
    match column {
        Column::Id => revision.id = row.try_get_by_index(index)?,
        Column::ReleaseId => revision.release_id = row.try_get_by_index(index)?,
        Column::Number => revision.number = row.try_get_by_index(index)?,
        Column::CreatedAt => revision.created_at = row.try_get_by_index(index)?,
        Column::CreatedBy => revision.created_by = row.try_get_by_index(index)?,
        Column::BasedOn => revision.based_on = row.try_get_by_index(index)?,
        Column::Slug => revision.slug = row.try_get_by_index(index)?,
        Column::ExternalId => revision.external_id = row.try_get_by_index(index)?,
        Column::Kind => revision.kind = row.try_get_by_index(index)?,
        Column::Language => revision.language = row.try_get_by_index(index)?,
        Column::ReleaseDate => revision.release_date = date_range::clamp_date(row.try_get_by_index(index)?),
        Column::Headline => revision.headline = row.try_get_by_index(index)?,
        Column::Subheadline => revision.subheadline = row.try_get_by_index(index)?,
        Column::Summary => revision.summary = row.try_get_by_index(index)?,
        Column::BodyMarkdown => revision.body_markdown = row.try_get_by_index(index)?,
        Column::DatelineText => revision.dateline_text = row.try_get_by_index(index)?,
        Column::EditorialNote => revision.editorial_note = row.try_get_by_index(index)?,
        Column::Note => revision.note = row.try_get_by_index(index)?,
    }
    Ok(())
}

/// Fetches the lifecycle rows of visible releases, by release key. Fields that only the desk can read need these
/// rows.
pub async fn lifecycles(newsroom: &Newsroom, items: &[Handle]) -> Result<HashMap<Uuid, release::Model>, Error> {
    let keys: Vec<Uuid> = items.iter().map(Handle::id).collect();
    let rows = release::Entity::find().filter(release::Column::Id.is_in(keys)).all(newsroom.db.reader()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

impl Newsroom {
    /// Returns the revision of a release with the given number. If `number` is `None`, returns the newest revision
    /// whose number is lower than `before`.
    pub async fn version(
        &self,
        release: Uuid,
        number: Option<i32>,
        before: i32,
    ) -> Result<Option<ReleaseVersion>, Error> {
        let rows = revision::Entity::find().filter(revision::Column::ReleaseId.eq(release));
        let row = match number {
            Some(number) => rows.filter(revision::Column::Number.eq(number)),
            None => rows.filter(revision::Column::Number.lt(before)).order_by_desc(revision::Column::Number).limit(1),
        };
        let row = row.one(self.db.reader()).await?;
        Ok(self.with_assignments(row.into_iter().map(complete_row).collect()).await?.pop())
    }

    /// Returns the revision with a key, or `None` if it does not exist.
    pub async fn version_by_key(&self, key: Uuid) -> Result<Option<ReleaseVersion>, Error> {
        let row = revision::Entity::find_by_id(key).one(self.db.reader()).await?;
        Ok(self.with_assignments(row.into_iter().map(complete_row).collect()).await?.pop())
    }

    /// Adds the topics and places to revision rows. Keeps the order of the rows.
    pub(in crate::newsroom) async fn with_assignments(
        &self,
        rows: Vec<Arc<RevisionRow>>,
    ) -> Result<Vec<ReleaseVersion>, Error> {
        let keys: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut topics = assigned_topics(self.db.reader(), &keys).await?;
        let mut places = assigned_places(self.db.reader(), &keys).await?;
        let version = |revision: Arc<RevisionRow>| {
            let [dateline, about] = places.remove(&revision.id).unwrap_or_default();
            ReleaseVersion { topics: topics.remove(&revision.id).unwrap_or_default(), dateline, about, revision }
        };
        Ok(rows.into_iter().map(version).collect())
    }
}

/// Wraps a row that was fetched with all columns. Replaces a release date outside the years 0001 to 9999 by the
/// nearest valid date.
fn complete_row(mut row: revision::Model) -> Arc<RevisionRow> {
    row.release_date = date_range::clamp_date(row.release_date);
    Arc::new(RevisionRow::complete(row))
}

/// Loads the number and the content of a revision.
pub(in crate::newsroom) async fn load_content<C: ConnectionTrait>(db: &C, id: Uuid) -> Result<(i32, Content), Error> {
    let row = revision::Entity::find_by_id(id).one(db).await?.ok_or(Error::NotFound("revision"))?;
    let topics = assigned_topics(db, &[id]).await?.remove(&id).unwrap_or_default();
    let places = assigned_places(db, &[id]).await?.remove(&id).unwrap_or_default();
    let number = row.number;
    Ok((number, Content::from_row(row, topics, places)))
}
