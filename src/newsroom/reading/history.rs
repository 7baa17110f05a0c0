//! Revision history of a release, and the journal as audit log, both with keyset pagination in SQL.
//!
//! This file also fetches the public corrections of releases. Lists of revisions omit the bodies; `release::revision`
//! fetches single revisions with their bodies. For the functions that take a `Handle`, the caller must have checked
//! visibility. `journal` checks the viewer's role.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{correction, journal, revision};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    pagination::{CursorKey, PageRequest},
    row_page::{RowPage, fetch_page},
};
use crate::{
    auth::viewer::Viewer,
    catalog::Handle,
    newsroom::{
        access::link_names,
        error::Error,
        release::revision::{ColumnMask, ReleaseVersion, RevisionRow, fetch_rows},
        service::Newsroom,
        workflow::{self, Resource},
    },
};

/// A filter for journal entries.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct JournalFilter {
    /// Only these actions, for example `release.publish`.
    pub actions: Option<Vec<String>>,
    /// Only entries by this subject.
    pub by: Option<String>,
    /// Earliest instant, inclusive.
    pub from: Option<DateTime<Utc>>,
    /// Latest instant, inclusive.
    pub until: Option<DateTime<Utc>>,
    /// Only entries about this object.
    pub noun_id: Option<Uuid>,
}

impl JournalFilter {
    /// Returns the canonical form: filters with equal canonical forms match the same entries. The actions are sorted
    /// and deduplicated. PostgreSQL rejects the character NUL in a parameter, and no row contains it. Actions that
    /// contain NUL are therefore dropped, and NUL in the subject is replaced by U+FFFD.
    fn canonical(&self) -> Self {
        let actions = self.actions.as_ref().map(|actions| {
            let mut actions: Vec<String> = actions.iter().filter(|action| !action.contains('\0')).cloned().collect();
            actions.sort_unstable();
            actions.dedup();
            actions
        });
        Self { actions, by: self.by.as_ref().map(|by| by.replace('\0', "\u{FFFD}")), ..self.clone() }
    }
}

/// Key and number of a revision.
#[derive(Debug, FromQueryResult)]
struct NumberedRevision {
    id: Uuid,
    number: i32,
}

impl Newsroom {
    /// Returns the revisions of a release without their bodies, newest first. The caller must check that the viewer
    /// belongs to the desk. Runs four SQL statements.
    pub async fn versions(&self, item: &Handle, request: &PageRequest) -> Result<RowPage<ReleaseVersion>, Error> {
        let rows = revision::Entity::find().select_only().columns([revision::Column::Id, revision::Column::Number]);
        let rows = rows.filter(revision::Column::ReleaseId.eq(item.id()));
        let key = CursorKey::new(&self.token_cipher, "revisions", &"number", &item.id());
        let position = |row: &NumberedRevision| row.number;
        let page = fetch_page(rows, revision::Column::Number, position, &key, request, self.db.reader()).await?;
        let keys: Vec<Uuid> = page.entries.iter().map(|(_, row)| row.id).collect();
        let revisions = fetch_rows(self, &keys, ColumnMask::new(true)).await?;
        // Drop revisions that were purged after the page was selected.
        let (cursors, revisions): (Vec<String>, Vec<Arc<RevisionRow>>) = page
            .entries
            .into_iter()
            .filter_map(|(cursor, row)| Some((cursor, revisions.get(&row.id)?.clone())))
            .unzip();
        let entries = cursors.into_iter().zip(self.with_assignments(revisions).await?).collect();
        Ok(RowPage { entries, has_previous: page.has_previous, has_next: page.has_next })
    }

    /// Returns journal entries, newest first. Runs one SQL statement.
    pub async fn journal(
        &self,
        viewer: &Viewer,
        filter: &JournalFilter,
        request: &PageRequest,
    ) -> Result<RowPage<journal::Model>, Error> {
        workflow::check_manage(Resource::Journal, viewer)?;
        self.journal_entries(filter, request).await
    }

    /// Returns the journal entries of a release, newest first. The caller must check that the viewer belongs to the
    /// desk. Runs one SQL statement.
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
        if let Some(actions) = &canonical.actions {
            rows = rows.filter(journal::Column::Act.is_in(actions.iter().cloned()));
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
        let key = CursorKey::new(&self.token_cipher, "journal", &"sequence", filter).with_canonical(&canonical);
        let position = |row: &journal::Model| row.sequence;
        let mut page = fetch_page(rows, journal::Column::Sequence, position, &key, request, self.db.reader()).await?;
        for (_, row) in &mut page.entries {
            if link_names::is_link_action(&row.act) {
                row.note = row.note.as_deref().map(|note| self.note_with_public_id(note));
            }
        }
        Ok(page)
    }
}

/// Returns the public corrections of each release, oldest first. Omits corrections of revisions that are newer than
/// the revision that the viewer sees. Runs one SQL statement.
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
