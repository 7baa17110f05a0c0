//! Version history of a release, and the journal as audit log, both with keyset pagination in SQL.
//!
//! Also public corrections. Single versions are in `release::revision`, and only these come with their bodies. Queries
//! for the desk: the caller has already found the release; `journal` checks the role itself.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{correction, journal, revision};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, Value};
use uuid::Uuid;

use super::pagination::{CursorKey, PageRequest};
use crate::{
    auth::viewer::Viewer,
    catalog::Handle,
    db::Reader,
    newsroom::{
        access::link_names,
        error::Error,
        release::revision::{ColumnMask, ReleaseVersion, RevisionRow, fetch_rows},
        service::Newsroom,
        workflow::{self, Resource},
    },
};

/// One page of a list that is read from the database.
#[derive(Clone, Debug)]
pub struct RowPage<T> {
    /// The entries with their cursors, in order.
    pub entries: Vec<(String, T)>,
    /// Whether the list has any before them.
    pub has_previous: bool,
    /// Whether the list has any after them.
    pub has_next: bool,
}

/// Which entries of the journal.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct JournalFilter {
    /// Of one of these acts: `release.publish`.
    pub acts: Option<Vec<String>>,
    /// By this subject.
    pub by: Option<String>,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Not after this.
    pub until: Option<DateTime<Utc>>,
    /// Done to this thing.
    pub noun_id: Option<Uuid>,
}

impl JournalFilter {
    /// The canonical form: filters with equal forms keep the same entries. Acts are a set. PostgreSQL cannot be asked for the
    /// character NUL, which no row holds: acts with it are left out, and a subject has another character instead.
    fn canonical(&self) -> Self {
        let acts = self.acts.as_ref().map(|acts| {
            let mut acts: Vec<String> = acts.iter().filter(|act| !act.contains('\0')).cloned().collect();
            acts.sort_unstable();
            acts.dedup();
            acts
        });
        Self { acts, by: self.by.as_ref().map(|by| by.replace('\0', "\u{FFFD}")), ..self.clone() }
    }
}

/// A version of a release, by number.
#[derive(Debug, FromQueryResult)]
struct NumberedRevision {
    id: Uuid,
    number: i32,
}

/// The part of a list that a page asks for: sorted by a whole number, the greatest first. One statement.
async fn fetch_page<E, M>(
    rows: Select<E>,
    column: E::Column,
    // The number of a row, and the column's own type of a number: statements are kept by their text, and one text must not be
    // sent with now this type and now that.
    (value, to_bind_value): (impl Fn(&M) -> i64, impl Fn(i64) -> Value),
    key: &CursorKey,
    request: &PageRequest,
    db: &Reader,
) -> Result<RowPage<M>, Error>
where
    E: EntityTrait,
    M: FromQueryResult + Sized + Send + Sync,
{
    let (size, from_end) = request.size()?;
    let decode_cursor = |argument, cursor: &Option<String>| -> Result<Option<i64>, Error> {
        cursor.as_deref().map(|cursor| key.decode(argument, cursor)).transpose()
    };
    let (after, before) = (decode_cursor("after", &request.after)?, decode_cursor("before", &request.before)?);
    let mut select = rows;
    if let Some(after) = after {
        select = select.filter(column.lt(to_bind_value(after)));
    }
    if let Some(before) = before {
        select = select.filter(column.gt(to_bind_value(before)));
    }
    select = if from_end { select.order_by_asc(column) } else { select.order_by_desc(column) };
    let mut models = select.limit(size as u64 + 1).into_model::<M>().all(db).await?;
    let more = models.len() > size;
    models.truncate(size);
    if from_end {
        models.reverse();
    }
    // Whoever comes from somewhere left something behind there.
    let (has_previous, has_next) = if from_end { (more, before.is_some()) } else { (after.is_some(), more) };
    let entries = models.into_iter().map(|row| (key.encode(&value(&row)), row)).collect();
    Ok(RowPage { entries, has_previous, has_next })
}

impl Newsroom {
    /// The versions of a release without their bodies, newest first: for the desk, who found it. Four statements.
    pub async fn versions(&self, item: &Handle, request: &PageRequest) -> Result<RowPage<ReleaseVersion>, Error> {
        let rows = revision::Entity::find().select_only().columns([revision::Column::Id, revision::Column::Number]);
        let rows = rows.filter(revision::Column::ReleaseId.eq(item.id()));
        let key = CursorKey::new("revisions", &"number", &item.id());
        let value = |row: &NumberedRevision| i64::from(row.number);
        let to_bind_value = |number| Value::from(i32::try_from(number).unwrap_or(i32::MAX));
        let page =
            fetch_page(rows, revision::Column::Number, (value, to_bind_value), &key, request, self.db.reader()).await?;
        let keys: Vec<Uuid> = page.entries.iter().map(|(_, row)| row.id).collect();
        let revisions = fetch_rows(self, &keys, ColumnMask::new(true)).await?;
        // What was purged meanwhile drops out.
        let (cursors, revisions): (Vec<String>, Vec<Arc<RevisionRow>>) = page
            .entries
            .into_iter()
            .filter_map(|(cursor, row)| Some((cursor, revisions.get(&row.id)?.clone())))
            .unzip();
        let entries = cursors.into_iter().zip(self.with_assignments(revisions).await?).collect();
        Ok(RowPage { entries, has_previous: page.has_previous, has_next: page.has_next })
    }

    /// Entries of the journal, newest first. One statement.
    pub async fn journal(
        &self,
        viewer: &Viewer,
        filter: &JournalFilter,
        request: &PageRequest,
    ) -> Result<RowPage<journal::Model>, Error> {
        workflow::check_manage(Resource::Journal, viewer)?;
        self.journal_entries(filter, request).await
    }

    /// What was done to a release, newest first: for the desk, who found it. One statement.
    pub async fn history(&self, item: &Handle, request: &PageRequest) -> Result<RowPage<journal::Model>, Error> {
        let filter = JournalFilter { noun_id: Some(item.id()), ..JournalFilter::default() };
        self.journal_entries(&filter, request).await
    }

    async fn journal_entries(
        &self,
        filter: &JournalFilter,
        request: &PageRequest,
    ) -> Result<RowPage<journal::Model>, Error> {
        let (mut rows, canonical) = (journal::Entity::find(), filter.canonical());
        if let Some(acts) = &canonical.acts {
            rows = rows.filter(journal::Column::Act.is_in(acts.iter().cloned()));
        }
        if let Some(by) = &canonical.by {
            rows = rows.filter(journal::Column::By.eq(by.as_str()));
        }
        if let Some(from) = filter.from {
            rows = rows.filter(journal::Column::At.gte(from));
        }
        if let Some(until) = filter.until {
            rows = rows.filter(journal::Column::At.lte(until));
        }
        if let Some(id) = filter.noun_id {
            rows = rows.filter(journal::Column::NounId.eq(id));
        }
        let key = CursorKey::new("journal", &"sequence", filter).with_canonical(&canonical);
        let value = |row: &journal::Model| row.sequence;
        let mut page =
            fetch_page(rows, journal::Column::Sequence, (value, Value::from), &key, request, self.db.reader()).await?;
        for (_, row) in &mut page.entries {
            if link_names::is_link_action(&row.act) {
                row.note = row.note.as_deref().map(|note| self.note_with_public_id(note));
            }
        }
        Ok(page)
    }
}

/// The public corrections of releases, by release, oldest first; none that is newer than what its readers see. One statement.
pub(in crate::newsroom) async fn corrections(
    newsroom: &Newsroom,
    items: &[Handle],
) -> Result<HashMap<Uuid, Vec<correction::Model>>, Error> {
    let visible_numbers: HashMap<Uuid, i32> = items.iter().map(|item| (item.id(), item.revision_number())).collect();
    let rows = correction::Entity::find()
        .filter(correction::Column::ReleaseId.is_in(visible_numbers.keys().copied()))
        .order_by_asc(correction::Column::At)
        .order_by_asc(correction::Column::Revision)
        .all(newsroom.db.reader())
        .await?;
    let mut by_release: HashMap<Uuid, Vec<correction::Model>> = HashMap::new();
    for row in rows
        .into_iter()
        .filter(|row| visible_numbers.get(&row.release_id).is_some_and(|&number| row.revision <= number))
    {
        by_release.entry(row.release_id).or_default().push(row);
    }
    Ok(by_release)
}
