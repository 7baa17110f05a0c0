//! Bulk insert of new releases: collects the rows and journal images of a batch, and inserts them with few SQL
//! statements.
//!
//! The input consists of validated records that match no stored release (`matching`). `insert_revisions` is also used
//! for updated releases, to write new revisions with their topics and places.

use chrono::{DateTime, Utc};
use entity::{
    Noun,
    release::{self, ReleaseState},
    revision, revision_place, revision_topic, slug,
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::{matching::ValidRecord, record::ImportedWithdrawal};
use crate::{
    journal::{Image, ReleaseImage},
    newsroom::{error::Error, release::content::RevisionRows, unit_of_work::UnitOfWork},
};

/// Journal action for the import of a release.
pub(super) const IMPORT_ACTION: &str = "release.import";

/// Rows of new releases, collected for one bulk insert.
#[derive(Default)]
pub(super) struct InsertBatch {
    releases: Vec<release::ActiveModel>,
    revisions: Vec<RevisionRows>,
    slugs: Vec<slug::ActiveModel>,
    images: Vec<ReleaseImage>,
}

impl InsertBatch {
    /// Adds the rows of a new release to the batch. Returns the id of the release.
    pub(super) fn add(&mut self, record: ValidRecord, by: &str, now: DateTime<Utc>) -> Uuid {
        let id = Uuid::now_v7();
        let public = record.state != ReleaseState::Draft;
        let content = record.content;
        let (slug, external_id) = (content.slug.clone(), content.external_id.clone());
        let rows = content.into_rows(id, 1, None, by, now);
        let key = rows.version.revision_id;
        let withdrawn_at = record.withdrawal.as_ref().map(|withdrawal| withdrawal.at.unwrap_or(now));
        let modified_at = withdrawn_at.or(record.published_at).unwrap_or(now);
        self.images.push(ReleaseImage {
            id,
            slug: slug.clone(),
            former_slugs: Vec::new(),
            state: record.state,
            revision: 1,
            author: by.to_owned(),
            modified_at,
            first_published_at: record.published_at,
            published_at: record.published_at,
            withdrawal_kind: record.withdrawal.as_ref().map(|withdrawal| withdrawal.details.kind),
            schedule_at: None,
            embargo_until: None,
            shown: rows.version.clone(),
            working: None,
        });
        self.slugs.push(slug::ActiveModel {
            noun: Set(Noun::Release),
            slug: Set(slug.clone()),
            owner_id: Set(id),
            public_at: Set(public.then_some(now)),
        });
        let mut row = release::ActiveModel {
            id: Set(id),
            slug: Set(slug),
            external_id: Set(external_id),
            state: Set(record.state),
            live_revision_id: Set(public.then_some(key)),
            working_revision_id: Set((!public).then_some(key)),
            revision: Set(1),
            author: Set(by.to_owned()),
            created_at: Set(now),
            modified_at: Set(modified_at),
            first_published_at: Set(record.published_at),
            published_at: Set(record.published_at),
            working_outdated: Set(false),
            as_imported: Set(true),
            ..Default::default()
        };
        set_withdrawal(&mut row, record.withdrawal, withdrawn_at);
        self.releases.push(row);
        self.revisions.push(rows);
        id
    }

    pub(super) async fn insert(self, unit_of_work: &mut UnitOfWork) -> Result<(), Error> {
        if self.releases.is_empty() {
            return Ok(());
        }
        release::Entity::insert_many(self.releases).exec_without_returning(unit_of_work.tx()).await?;
        insert_revisions(unit_of_work, self.revisions).await?;
        slug::Entity::insert_many(self.slugs).exec_without_returning(unit_of_work.tx()).await?;
        for image in self.images {
            let id = image.id;
            unit_of_work.record(
                IMPORT_ACTION,
                Noun::Release,
                id,
                None,
                None,
                Some(&Image::Release(Box::new(image))),
            )?;
        }
        Ok(())
    }
}

pub(super) fn set_withdrawal(
    row: &mut release::ActiveModel,
    withdrawal: Option<ImportedWithdrawal>,
    at: Option<DateTime<Utc>>,
) {
    let details = withdrawal.map(|withdrawal| withdrawal.details);
    row.withdrawal_kind = Set(details.as_ref().map(|details| details.kind));
    row.withdrawn_at = Set(at);
    let (notice, redirect) = details.map_or((None, None), |details| (details.notice, details.redirect_to));
    row.withdrawal_notice = Set(notice);
    row.withdrawal_redirect = Set(redirect);
}

/// Inserts revisions with their topics and places. Topics and places are inserted in chunks, because the number of
/// values in an SQL statement is limited.
pub(super) async fn insert_revisions(unit_of_work: &UnitOfWork, rows: Vec<RevisionRows>) -> Result<(), Error> {
    let (mut revisions, mut topics, mut places) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
    for row in rows {
        revisions.push(row.revision);
        topics.extend(row.topics);
        places.extend(row.places);
    }
    revision::Entity::insert_many(revisions).exec_without_returning(unit_of_work.tx()).await?;
    for chunk in topics.chunks(5000) {
        revision_topic::Entity::insert_many(chunk.to_vec()).exec_without_returning(unit_of_work.tx()).await?;
    }
    for chunk in places.chunks(5000) {
        revision_place::Entity::insert_many(chunk.to_vec()).exec_without_returning(unit_of_work.tx()).await?;
    }
    Ok(())
}
