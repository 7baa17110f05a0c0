//! Importing: taking in what other systems say, many records at a time, as often as they like.
//!
//! A record that says what is there already changes nothing. One that differs from what the last import left is taken over;
//! one that differs from what an editor has made of it since is a conflict, told and left alone. A bad record is refused and
//! the rest goes on. Batches are short transactions, so that others write between them; a strict or dry run is one
//! transaction, undone at the end unless everything was good and it was meant.

mod concept;
mod fresh;
mod matching;
mod origin;
mod queue;
mod release;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use release::{ImportedRelease, ImportedWithdrawal};

use origin::{Origin, Origins};

use super::{Error, FieldError, Newsroom, write::UnitOfWork};
use crate::{
    catalog::{Concept, ExternalCode, Vocabulary, place_images, topic_images},
    journal::{PlaceImage, TopicImage},
    viewer::Viewer,
};

/// Records in one transaction.
pub const BATCH: usize = 500;

/// The longest pause between two batches.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

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
pub enum Outcome {
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
    write: Option<UnitOfWork>,
    topics: Known<TopicImage>,
    places: Known<PlaceImage>,
    origins: Origins,
    clean: bool,
}

/// The concepts there are, with those of this import.
#[derive(Debug)]
struct Known<T> {
    vocabulary: Vocabulary<T>,
    by_slug: HashMap<String, Uuid>,
    by_code: HashMap<ExternalCode, Uuid>,
}

impl<T: Concept> Known<T> {
    fn new(images: Vec<T>) -> Self {
        let mut known = Self { vocabulary: Vocabulary::default(), by_slug: HashMap::new(), by_code: HashMap::new() };
        images.into_iter().for_each(|image| known.put(image));
        known
    }

    fn put(&mut self, image: T) {
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
        let write = newsroom.begin(viewer, now).await?;
        let topics = Known::new(topic_images(write.tx(), None).await?);
        let places = Known::new(place_images(write.tx(), None).await?);
        let origins = Origins::default();
        Ok(Self {
            newsroom,
            viewer: viewer.clone(),
            options,
            now,
            write: Some(write),
            topics,
            places,
            origins,
            clean: true,
        })
    }

    /// Begins a file: the lines of the records that come now are lines of it.
    pub fn begin_file(&mut self, name: &str) {
        self.origins.begin_file(name);
    }

    /// The transaction of the batch under way.
    async fn write(&mut self) -> Result<&mut UnitOfWork, Error> {
        if self.write.is_none() {
            self.write = Some(self.newsroom.begin(&self.viewer, self.now).await?);
        }
        self.write.as_mut().ok_or(Error::NotFound("transaction"))
    }

    /// Ends a batch: its changes last, unless the whole import is one transaction.
    async fn end_batch(&mut self) -> Result<(), Error> {
        let Some(mut write) = self.write.take() else { return Ok(()) };
        if self.options.dry_run || self.options.strict {
            write.flush().await?;
            self.write = Some(write);
            return Ok(());
        }
        let began = write.lock_acquired_at();
        write.commit_without_catalog().await?;
        // A failure is logged; the next batch tries again.
        let _ = self.newsroom.db.checkpoint().await;
        // Let others write who have waited: SQLite gives the right to write to whoever asks next, and they ask every 100 ms.
        tokio::time::sleep(began.elapsed().min(PAUSE)).await;
        Ok(())
    }

    /// Notes that a record could not be read at all, so that a strict import knows.
    pub fn unreadable(&mut self) {
        self.clean = false;
    }

    /// Ends the import. True: what was told has happened. False: it was a dry run, or strict and not everything was good, and
    /// nothing has changed.
    pub async fn finish(mut self) -> Result<bool, Error> {
        let Some(write) = self.write.take() else { return Ok(true) };
        let keep = !self.options.dry_run && (self.clean || !self.options.strict);
        if keep {
            write.commit_without_catalog().await?;
            // It has happened; a failure is logged.
            let _ = self.newsroom.db.checkpoint().await;
        } else {
            write.rollback().await?;
        }
        Ok(keep)
    }

    /// The outcome of a record that an earlier record of the import contradicts.
    fn contradicted(&self, noun: &str, slug: &str, first: Origin) -> Outcome {
        Outcome::Conflict(format!(
            "the {noun} \"{slug}\" occurs twice in this import with different content, first at {}, with the same slug, \
             former slug, externalId, uri or code: keep one of the two records",
            self.origins.shown(first)
        ))
    }

    fn note(&mut self, outcome: &Outcome) {
        if matches!(outcome, Outcome::Conflict(_) | Outcome::Refused(_)) {
            self.clean = false;
        }
    }
}

/// Why a record cannot be taken, in one line; failures of the database go on up.
fn refusal(error: Error) -> Result<String, Error> {
    match error {
        Error::Db(error) => Err(Error::Db(error)),
        Error::Invalid(fields) => {
            Ok(fields.iter().map(|FieldError { message, .. }| message.as_str()).collect::<Vec<_>>().join("; "))
        }
        other => Ok(other.to_string()),
    }
}
