//! Import of topics, places and releases into the newsroom: many records in batches, repeatable without changing
//! anything.
//!
//! A record equal to what is stored is unchanged, one that differs from the last import is an update, and one that an
//! editor has changed since is a conflict, reported and left alone. A batch is one short transaction; a dry run or a
//! strict import is one transaction that may be rolled back. File formats are parsed in `interchange`.
//!
//! - `release`: import of releases: validation, comparison and writing
//! - `matching`: which stored release a record belongs to, and whether it is an update, a conflict or unchanged
//! - `insert_batch`: rows of new releases for one bulk insert
//! - `concept`: import of topics and places
//! - `queue`: order of topics and places, broader before narrower (topological sort)
//! - `origin`: file and line of each imported record, for duplicates
//! - `export`: reading of everything that is exported

mod concept;
pub mod export;
mod insert_batch;
mod matching;
mod origin;
mod queue;
mod release;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use release::{ImportedRelease, ImportedWithdrawal};

use origin::{Origin, Origins};

use super::{Error, FieldError, Newsroom, unit_of_work::UnitOfWork};
use crate::{
    auth::viewer::Viewer,
    catalog::{Concept, ExternalCode, Vocabulary, place_images, topic_images},
    journal::{PlaceImage, TopicImage},
};

/// Records in one transaction.
pub const BATCH: usize = 500;

/// The longest pause between two batches.
const MAX_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

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
    newsroom: &'a Newsroom,
    viewer: Viewer,
    options: ImportOptions,
    now: DateTime<Utc>,
    unit_of_work: Option<UnitOfWork>,
    topics: ConceptIndex<TopicImage>,
    places: ConceptIndex<PlaceImage>,
    origins: Origins,
    all_accepted: bool,
}

/// The concepts there are, with those of this import.
#[derive(Debug)]
struct ConceptIndex<T> {
    vocabulary: Vocabulary<T>,
    by_slug: HashMap<String, Uuid>,
    by_code: HashMap<ExternalCode, Uuid>,
}

impl<T: Concept> ConceptIndex<T> {
    fn new(images: Vec<T>) -> Self {
        let mut index = Self { vocabulary: Vocabulary::default(), by_slug: HashMap::new(), by_code: HashMap::new() };
        images.into_iter().for_each(|image| index.insert(image));
        index
    }

    fn insert(&mut self, image: T) {
        for slug in image.former_slugs() {
            self.by_slug.entry(slug.clone()).or_insert(image.id());
        }
        self.by_slug.insert(image.slug().to_owned(), image.id());
        if let Some(before) = self.get(image.id()).map(Concept::codes) {
            for code in &before {
                self.by_code.remove(code);
            }
        }
        self.by_code.extend(image.codes().into_iter().map(|code| (code, image.id())));
        self.vocabulary.upsert(image);
    }

    fn get(&self, id: Uuid) -> Option<&T> {
        self.vocabulary.by_id(id).map(|number| &**self.vocabulary.get(number))
    }
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
    async fn unit_of_work(&mut self) -> Result<&mut UnitOfWork, Error> {
        if self.unit_of_work.is_none() {
            self.unit_of_work = Some(self.newsroom.begin(&self.viewer, self.now).await?);
        }
        self.unit_of_work.as_mut().ok_or(Error::NotFound("transaction"))
    }

    /// Ends a batch: its changes last, unless the whole import is one transaction.
    async fn end_batch(&mut self) -> Result<(), Error> {
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
    fn duplicate_conflict(&self, noun: &str, slug: &str, first: Origin) -> RecordResult {
        RecordResult::Conflict(format!(
            "the {noun} \"{slug}\" occurs twice in this import with different content, first at {}, with the same slug, \
             former slug, externalId, uri or code: keep one of the two records",
            self.origins.describe(first)
        ))
    }

    fn track_result(&mut self, result: &RecordResult) {
        if matches!(result, RecordResult::Conflict(_) | RecordResult::Refused(_)) {
            self.all_accepted = false;
        }
    }
}

/// Why a record cannot be taken, in one line; failures of the database go on up.
fn refusal_message(error: Error) -> Result<String, Error> {
    match error {
        Error::Db(error) => Err(Error::Db(error)),
        Error::Invalid(fields) => {
            Ok(fields.iter().map(|FieldError { message, .. }| message.as_str()).collect::<Vec<_>>().join("; "))
        }
        other => Ok(other.to_string()),
    }
}
