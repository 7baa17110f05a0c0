//! Revisions: the rows that say what releases say. They never change, so a page is what its snapshot promised.

use std::{collections::HashMap, sync::Arc};

use entity::{release, revision};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::{Error, Newsroom, content::Content};
use crate::catalog::{Handle, ReleaseSet, assigned_places, assigned_topics};

/// Which columns a reader wants beyond the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The body: long, so only on demand; without it `body_markdown` is none.
    pub body: bool,
    /// The versions being worked on beside live ones, too.
    pub working: bool,
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
    let mut select = revision::Entity::find();
    if !wanted.body {
        let columns = revision::Column::iter().filter(|column| !matches!(column, revision::Column::BodyMarkdown));
        select = select.select_only().columns(columns).expr_as(Expr::cust("NULL"), "body_markdown");
    }
    let rows = select.filter(revision::Column::Id.is_in(keys)).all(room.db.reader()).await?;
    Ok(rows.into_iter().map(|row| (row.id, Arc::new(row))).collect())
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
