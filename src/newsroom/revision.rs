//! Revisions: the rows that say what releases say. They never change, so a page is what its snapshot promised.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{release, revision};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{Error, Newsroom, content::Content};
use crate::catalog::{Handle, assigned_places, assigned_topics};

/// What a revision says, as far as it is not in the catalog. The body only where it was asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Text {
    /// Key of the revision.
    pub id: Uuid,
    /// The id that another system knows the release by.
    pub external_id: Option<String>,
    /// One line.
    pub headline: String,
    /// One line.
    pub subheadline: Option<String>,
    /// Plain text.
    pub summary: Option<String>,
    /// Markdown.
    pub body_markdown: Option<String>,
    /// The place part of the dateline as printed.
    pub dateline_text: Option<String>,
    /// For the desk.
    pub editorial_note: Option<String>,
    /// The date printed on it.
    pub release_date: NaiveDate,
}

/// Which columns a reader wants beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The body: long, so only on demand.
    pub body: bool,
}

/// The texts of the versions that readers of these releases see, by revision. One statement, whatever the number.
pub async fn texts(room: &Newsroom, items: &[Handle], wanted: Wanted) -> Result<HashMap<Uuid, Text>, Error> {
    by_keys(room, items.iter().map(Handle::revision_id).collect(), wanted).await
}

/// Texts by revision.
pub(super) async fn by_keys(room: &Newsroom, keys: Vec<Uuid>, wanted: Wanted) -> Result<HashMap<Uuid, Text>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = revision::Entity::find().select_only().columns([
        revision::Column::Id,
        revision::Column::ExternalId,
        revision::Column::Headline,
        revision::Column::Subheadline,
        revision::Column::Summary,
        revision::Column::DatelineText,
        revision::Column::EditorialNote,
        revision::Column::ReleaseDate,
    ]);
    if wanted.body {
        select = select.column(revision::Column::BodyMarkdown);
    } else {
        select = select.expr_as(sea_orm::sea_query::Expr::cust("NULL"), "body_markdown");
    }
    let rows = select.filter(revision::Column::Id.is_in(keys)).into_model::<Text>().all(room.db.reader()).await?;
    Ok(rows.into_iter().map(|text| (text.id, text)).collect())
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
