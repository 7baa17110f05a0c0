//! `Importer`: state and transactions of an import. It holds the options and the index of concepts, ends batches, and
//! finally commits or rolls back.
//!
//! Each batch is one short transaction. A dry run or a strict import is a single transaction. A dry run is always
//! rolled back. A strict import is rolled back if a record is refused or in conflict. The methods that import records
//! are in `release` and `concept`.

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

/// Number of records in a batch.
pub const BATCH: usize = 500;

/// Maximum pause between two batches.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Options of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Report what the import would change, and then roll back all changes.
    pub dry_run: bool,
    /// All or nothing: if any record is refused or in conflict, roll back all changes.
    pub strict: bool,
    /// Also overwrite objects that an editor has changed since the last import.
    pub overwrite: bool,
}

/// The result of importing one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordResult {
    /// The record matched no stored object, and created one.
    Created,
    /// The record changed the stored object.
    Updated,
    /// The record equals the stored object.
    Unchanged,
    /// The record equals an earlier record of this import.
    Duplicate,
    /// The record was not written, because it contradicts an editor's change or an earlier record of this import. The
    /// text is the reason.
    Conflict(String),
    /// The record was not written, because it is invalid. The text is the reason.
    Refused(String),
}

/// An import in progress.
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
        // A scheduled release whose instant has passed is already public, even if the journal has not recorded it.
        // Record due transitions first, so that the import does not treat such a release as unpublished.
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

    /// Begins a file. Line numbers of the records imported after this call refer to this file.
    pub fn begin_file(&mut self, name: &str) {
        self.origins.begin_file(name);
    }

    /// Returns the unit of work of the current batch. Begins one if there is none.
    pub(super) async fn unit_of_work(&mut self) -> Result<&mut UnitOfWork, Error> {
        if self.unit_of_work.is_none() {
            self.unit_of_work = Some(self.newsroom.begin(&self.viewer, self.now).await?);
        }
        self.unit_of_work.as_mut().ok_or(Error::NotFound("transaction"))
    }

    /// Ends a batch and commits it. For a dry run or a strict import, only writes the journal entries and keeps the
    /// single transaction open.
    pub(super) async fn end_batch(&mut self) -> Result<(), Error> {
        let Some(mut unit_of_work) = self.unit_of_work.take() else { return Ok(()) };
        if self.options.dry_run || self.options.strict {
            unit_of_work.flush().await?;
            self.unit_of_work = Some(unit_of_work);
            return Ok(());
        }
        let began = unit_of_work.lock_acquired_at();
        unit_of_work.commit_without_catalog().await?;
        // A failed checkpoint is only logged, because the next batch starts another.
        let _ = self.newsroom.db.checkpoint().await;
        // Pause so that other writers get the write lock. SQLite gives the lock to the next connection that asks, and
        // waiting connections ask only every 100 ms.
        tokio::time::sleep(began.elapsed().min(MAX_PAUSE)).await;
        Ok(())
    }

    /// Records that a record could not be parsed, so that a strict import is rolled back.
    pub fn mark_refused(&mut self) {
        self.all_accepted = false;
    }

    /// Ends the import. Returns true if the changes were committed. Returns false if they were rolled back, which
    /// happens after a dry run, and after a strict import in which a record was refused or in conflict.
    pub async fn finish(mut self) -> Result<bool, Error> {
        let Some(unit_of_work) = self.unit_of_work.take() else { return Ok(true) };
        let commit = !self.options.dry_run && (self.all_accepted || !self.options.strict);
        if commit {
            unit_of_work.commit_without_catalog().await?;
            // The import is committed, so a failed checkpoint is only logged.
            let _ = self.newsroom.db.checkpoint().await;
        } else {
            unit_of_work.rollback().await?;
        }
        Ok(commit)
    }

    /// Returns the result of a record that contradicts an earlier record of this import.
    pub(super) fn duplicate_conflict(&self, noun: &str, slug: &str, first: Origin) -> RecordResult {
        RecordResult::Conflict(format!(
            "the {noun} \"{slug}\" occurs twice in this import with different content, first at {} (records match by \
             slug, former slug, externalId, uri or code): keep one of the two records",
            self.origins.describe(first)
        ))
    }

    /// Tracks the result of a record, so that a strict import is rolled back after a conflict or refusal.
    pub(super) fn track_result(&mut self, result: &RecordResult) {
        if matches!(result, RecordResult::Conflict(_) | RecordResult::Refused(_)) {
            self.all_accepted = false;
        }
    }
}

/// Converts the error for an invalid record to a message of one line. Returns database errors as errors, because they
/// end the import.
pub(super) fn refusal_message(error: Error) -> Result<String, Error> {
    match error {
        Error::Db(error) => Err(Error::Db(error)),
        Error::Invalid(fields) => {
            Ok(fields.iter().map(|FieldError { message, .. }| message.as_str()).collect::<Vec<_>>().join("; "))
        }
        other => Ok(other.to_string()),
    }
}
