//! `Importer`: state and transactions of an import: options, batches, the index of concepts, and the final commit or
//! rollback.
//!
//! A batch is one short transaction; a dry run or a strict import is one transaction that may be rolled back. `release`
//! and `concept` add the methods that import records.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    concept_index::ConceptIndex,
    origin::{Origin, Origins},
};
use crate::{
    auth::viewer::Viewer,
    catalog::{place_images, topic_images},
    journal::{PlaceImage, TopicImage},
    newsroom::{
        error::{Error, FieldError},
        service::Newsroom,
        unit_of_work::UnitOfWork,
    },
};

/// Records in one transaction.
pub const BATCH: usize = 500;

/// The longest pause between two batches.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// How an import goes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Change nothing; tell what would change.
    pub dry_run: bool,
    /// All or nothing: undo everything if one record is refused or conflicts.
    pub strict: bool,
    /// Take over also what an editor has changed since the last import.
    pub overwrite: bool,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordResult {
    /// It was new.
    Created,
    /// It changed what the last import had left.
    Updated,
    /// It says what is there.
    Unchanged,
    /// It says what an earlier record of the import said.
    Duplicate,
    /// It differs from what an editor, or an earlier record of the import, has made of it; left alone.
    Conflict(String),
    /// It cannot be taken.
    Refused(String),
}

/// An import under way.
#[derive(Debug)]
pub struct Importer<'a> {
    pub(super) newsroom: &'a Newsroom,
    pub(super) viewer: Viewer,
    pub(super) options: ImportOptions,
    pub(super) now: DateTime<Utc>,
    unit_of_work: Option<UnitOfWork>,
    pub(super) topics: ConceptIndex<TopicImage>,
    pub(super) places: ConceptIndex<PlaceImage>,
    pub(super) origins: Origins,
    all_accepted: bool,
}

impl<'a> Importer<'a> {
    /// Begins an import.
    pub async fn begin(
        newsroom: &'a Newsroom,
        viewer: &Viewer,
        options: ImportOptions,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        // What has come due is public, and an import never takes back what is.
        newsroom.record_due_releases(now).await?;
        let unit_of_work = newsroom.begin(viewer, now).await?;
        let topics = ConceptIndex::new(topic_images(unit_of_work.tx(), None).await?);
        let places = ConceptIndex::new(place_images(unit_of_work.tx(), None).await?);
        let origins = Origins::default();
        Ok(Self {
            newsroom,
            viewer: viewer.clone(),
            options,
            now,
            unit_of_work: Some(unit_of_work),
            topics,
            places,
            origins,
            all_accepted: true,
        })
    }

    /// Begins a file: the lines of the records that come now are lines of it.
    pub fn begin_file(&mut self, name: &str) {
        self.origins.begin_file(name);
    }

    /// The transaction of the batch under way.
    pub(super) async fn unit_of_work(&mut self) -> Result<&mut UnitOfWork, Error> {
        if self.unit_of_work.is_none() {
            self.unit_of_work = Some(self.newsroom.begin(&self.viewer, self.now).await?);
        }
        self.unit_of_work.as_mut().ok_or(Error::NotFound("transaction"))
    }

    /// Ends a batch: its changes last, unless the whole import is one transaction.
    pub(super) async fn end_batch(&mut self) -> Result<(), Error> {
        let Some(mut unit_of_work) = self.unit_of_work.take() else { return Ok(()) };
        if self.options.dry_run || self.options.strict {
            unit_of_work.flush().await?;
            self.unit_of_work = Some(unit_of_work);
            return Ok(());
        }
        let began = unit_of_work.lock_acquired_at();
        unit_of_work.commit_without_catalog().await?;
        // A failure is logged; the next batch tries again.
        let _ = self.newsroom.db.checkpoint().await;
        // Let others write who have waited: SQLite gives the right to write to whoever asks next, and they ask every 100 ms.
        tokio::time::sleep(began.elapsed().min(MAX_PAUSE)).await;
        Ok(())
    }

    /// Notes that a record could not be read at all, so that a strict import knows.
    pub fn mark_refused(&mut self) {
        self.all_accepted = false;
    }

    /// Ends the import. True: what was told has happened. False: it was a dry run, or strict and not everything was good, and
    /// nothing has changed.
    pub async fn finish(mut self) -> Result<bool, Error> {
        let Some(unit_of_work) = self.unit_of_work.take() else { return Ok(true) };
        let commit = !self.options.dry_run && (self.all_accepted || !self.options.strict);
        if commit {
            unit_of_work.commit_without_catalog().await?;
            // It has happened; a failure is logged.
            let _ = self.newsroom.db.checkpoint().await;
        } else {
            unit_of_work.rollback().await?;
        }
        Ok(commit)
    }

    /// The result of a record that an earlier record of the import contradicts.
    pub(super) fn duplicate_conflict(&self, noun: &str, slug: &str, first: Origin) -> RecordResult {
        RecordResult::Conflict(format!(
            "the {noun} \"{slug}\" occurs twice in this import with different content, first at {}, with the same slug, \
             former slug, externalId, uri or code: keep one of the two records",
            self.origins.describe(first)
        ))
    }

    /// Notes what became of a record, so that a strict import knows.
    pub(super) fn track_result(&mut self, result: &RecordResult) {
        if matches!(result, RecordResult::Conflict(_) | RecordResult::Refused(_)) {
            self.all_accepted = false;
        }
    }
}

/// Why a record cannot be taken, in one line; failures of the database go on up.
pub(super) fn refusal_message(error: Error) -> Result<String, Error> {
    match error {
        Error::Db(error) => Err(Error::Db(error)),
        Error::Invalid(fields) => {
            Ok(fields.iter().map(|FieldError { message, .. }| message.as_str()).collect::<Vec<_>>().join("; "))
        }
        other => Ok(other.to_string()),
    }
}
