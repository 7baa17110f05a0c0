//! Revisions: the rows that say what releases say. They never change, so a page is what its snapshot promised.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate};
use entity::{
    release::{self, ReleaseKind},
    revision::{self, Column, Model},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryResult, QuerySelect, QueryTrait,
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

/// Revisions by key.
pub type Revisions = HashMap<Uuid, Arc<revision::Model>>;

/// The versions that readers of these releases see. One statement, whatever the number. A revision that was purged meanwhile
/// is missing, and its release drops out of whatever list it was for.
pub async fn shown(room: &Newsroom, set: &ReleaseSet, items: &[Handle], wanted: Wanted) -> Result<Revisions, Error> {
    let mut keys: Vec<Uuid> = items.iter().map(Handle::revision_id).collect();
    if wanted.working {
        keys.extend(items.iter().filter_map(|item| set.working(item)).map(|working| working.revision_id));
    }
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let columns: Vec<Column> =
        Column::iter().filter(|column| matches!(column, Column::Id) || wanted.has(*column)).collect();
    let select = revision::Entity::find().select_only().columns(columns.iter().copied()).filter(Column::Id.is_in(keys));
    let statement = room.db.reader().get_database_backend().build(select.as_query());
    let rows = room.db.reader().query_all_raw(statement).await?;
    let row = |row: &QueryResult| {
        let mut text = blank();
        columns.iter().enumerate().try_for_each(|(index, &column)| fill(&mut text, column, row, index))?;
        Ok((text.id, Arc::new(text)))
    };
    rows.iter().map(row).collect::<Result<_, DbErr>>().map_err(Error::from)
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
