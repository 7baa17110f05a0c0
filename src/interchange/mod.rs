//! Import and export: the formats, as streams, through the newsroom's functions. `docs/interchange.md` describes them.
//!
//! A file is read twice: first its topics and places, which are few and may refer to each other in any order, then its
//! releases, a batch at a time. Memory does not grow with the number of releases.

pub mod export;
mod incoming;
pub mod lines;
pub mod listing;
pub mod ndjson;

use std::io::{BufRead, Read};

use chrono::{DateTime, Utc};
use lines::Lines;
use ndjson::Record;

use crate::{
    newsroom::{
        Error, Newsroom, Patch,
        content::ReleaseInput,
        import::{BATCH, ImportOptions, ImportedRelease, Importer, Outcome},
    },
    viewer::Viewer,
};
use entity::release::ReleaseState;

/// The largest printed page that is read whole.
const MAX_PAGE: u64 = 16 * 1024 * 1024;

/// What became of the records of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// New.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// There already.
    pub unchanged: u64,
    /// Changed by an editor since; left alone.
    pub conflicts: u64,
    /// Not taken.
    pub refused: u64,
    /// Whether what was told has happened: not in a dry run, nor in a strict one that was not clean.
    pub kept: bool,
}

/// Where a record stands and what became of it.
pub type Tell<'a> = &'a mut (dyn FnMut(&str, u64, &Outcome) + Send);

/// An import of several files as one.
pub struct Import<'a> {
    importer: Importer<'a>,
    language: String,
    report: Report,
    tell: Tell<'a>,
}

/// A failure that ends an import: of the database, or of a file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The newsroom cannot go on.
    #[error(transparent)]
    Newsroom(#[from] Error),
    /// A file cannot be read on.
    #[error("{0} cannot be read: {1}")]
    File(String, std::io::Error),
}

impl<'a> Import<'a> {
    /// Begins; `tell` hears of every record.
    pub async fn begin(
        room: &'a Newsroom,
        viewer: &Viewer,
        options: ImportOptions,
        now: DateTime<Utc>,
        tell: Tell<'a>,
    ) -> Result<Self, ImportError> {
        let importer = Importer::begin(room, viewer, options, now).await?;
        Ok(Self { importer, language: room.customs.language.clone(), report: Report::default(), tell })
    }

    /// Takes in topics and places of a file in the interchange format, and tells of everything in it that cannot be read.
    pub async fn concepts(&mut self, name: &str, reader: impl BufRead) -> Result<(), ImportError> {
        let mut lines = Lines::new(reader);
        let (mut topics, mut places) = (Vec::new(), Vec::new());
        while let Some((number, line)) = lines.next_line().map_err(|error| ImportError::File(name.to_owned(), error))? {
            match line.and_then(|line| ndjson::parse(&line)) {
                Ok(Record::Topic(record)) => topics.push((number, record.incoming(&self.language))),
                Ok(Record::Place(record)) => places.push((number, record.incoming(&self.language))),
                Ok(Record::Dateline(header)) if header.version != ndjson::VERSION => {
                    let message = format!(
                        "the file is of version {} of the format; this Dateline reads version {}: use a newer one",
                        header.version,
                        ndjson::VERSION
                    );
                    self.heard(name, number, &Outcome::Refused(message));
                }
                Ok(Record::Dateline(_)) if number > 1 => self.heard(
                    name,
                    number,
                    &Outcome::Refused("the header stands on the first line or nowhere".to_owned()),
                ),
                Ok(Record::Dateline(_) | Record::Release(_)) => {}
                Err(why) => self.heard(name, number, &Outcome::Refused(why)),
            }
        }
        let (numbers, records): (Vec<u64>, Vec<_>) = topics.into_iter().unzip();
        let outcomes = self.importer.topics(records).await?;
        self.all(name, &numbers, &outcomes);
        let (numbers, records): (Vec<u64>, Vec<_>) = places.into_iter().unzip();
        let outcomes = self.importer.places(records).await?;
        self.all(name, &numbers, &outcomes);
        Ok(())
    }

    /// Takes in releases of a file in the interchange format. What cannot be read was told by [`Self::concepts`].
    pub async fn releases(&mut self, name: &str, reader: impl BufRead) -> Result<(), ImportError> {
        let mut lines = Lines::new(reader);
        let (mut numbers, mut batch) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        loop {
            let line = lines.next_line().map_err(|error| ImportError::File(name.to_owned(), error))?;
            let last = line.is_none();
            if let Some((number, Ok(line))) = line
                && let Ok(Record::Release(record)) = ndjson::parse(&line)
            {
                match record.incoming(&self.language) {
                    Ok(release) => {
                        numbers.push(number);
                        batch.push(release);
                    }
                    Err(why) => self.heard(name, number, &Outcome::Refused(why)),
                }
            }
            if batch.len() == BATCH || (last && !batch.is_empty()) {
                let outcomes = self.importer.releases(std::mem::take(&mut batch)).await?;
                self.all(name, &std::mem::take(&mut numbers), &outcomes);
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Takes in a printed page. The last item is taken first: later ones come before earlier ones of the same day, as printed.
    pub async fn listing(&mut self, name: &str, reader: impl Read) -> Result<(), ImportError> {
        let mut text = String::new();
        reader
            .take(MAX_PAGE + 1)
            .read_to_string(&mut text)
            .map_err(|error| ImportError::File(name.to_owned(), error))?;
        if text.len() as u64 > MAX_PAGE {
            let message = format!("a printed page is at most {MAX_PAGE} bytes: use ndjson for more");
            return Err(ImportError::File(name.to_owned(), std::io::Error::other(message)));
        }
        let items = listing::parse(&text);
        if items.is_empty() {
            self.heard(
                name,
                1,
                &Outcome::Refused("there is no item here: is it a printed page (--format listing) at all?".to_owned()),
            );
        }
        for item in items.into_iter().rev() {
            match item {
                Ok(item) => {
                    let line = item.line;
                    let outcome = match self.incoming(item).await {
                        Ok(release) => self.importer.releases(vec![release]).await?.pop().unwrap_or(Outcome::Unchanged),
                        Err(Error::Db(error)) => return Err(Error::Db(error).into()),
                        Err(error) => Outcome::Refused(error.to_string()),
                    };
                    self.heard(name, line, &outcome);
                }
                Err((line, why)) => self.heard(name, line, &Outcome::Refused(why)),
            }
        }
        Ok(())
    }

    async fn incoming(&mut self, item: listing::Item) -> Result<ImportedRelease, Error> {
        let mut dateline = Vec::new();
        for name in item.dateline_text.as_deref().map(listing::place_names).unwrap_or_default() {
            dateline.push(self.importer.place_named(&name).await?);
        }
        let input = ReleaseInput {
            slug: Patch::Keep,
            kind: Patch::Set(item.kind),
            headline: Patch::Set(item.headline),
            summary: Patch::from_option(item.summary),
            release_date: Patch::Set(item.release_date),
            dateline_text: Patch::from_option(item.dateline_text),
            ..ReleaseInput::default()
        };
        Ok(ImportedRelease {
            input,
            topics: Vec::new(),
            dateline,
            about: Vec::new(),
            state: ReleaseState::Published,
            published_at: None,
            withdrawal: None,
        })
    }

    /// Ends the import.
    pub async fn finish(mut self) -> Result<Report, ImportError> {
        self.report.kept = self.importer.finish().await?;
        Ok(self.report)
    }

    fn all(&mut self, name: &str, numbers: &[u64], outcomes: &[Outcome]) {
        for (&number, outcome) in numbers.iter().zip(outcomes) {
            self.heard(name, number, outcome);
        }
    }

    fn heard(&mut self, name: &str, number: u64, outcome: &Outcome) {
        match outcome {
            Outcome::Created => self.report.created += 1,
            Outcome::Updated => self.report.updated += 1,
            Outcome::Unchanged => self.report.unchanged += 1,
            Outcome::Conflict(_) => self.report.conflicts += 1,
            Outcome::Refused(_) => {
                self.report.refused += 1;
                self.importer.unreadable();
            }
        }
        (self.tell)(name, number, outcome);
    }
}

/// Imports a text in the interchange format.
pub async fn import_text(
    room: &Newsroom,
    viewer: &Viewer,
    text: &str,
    name: &str,
    options: ImportOptions,
    now: DateTime<Utc>,
) -> Result<Report, ImportError> {
    let mut tell = |name: &str, number: u64, outcome: &Outcome| {
        if let Outcome::Refused(why) | Outcome::Conflict(why) = outcome {
            tracing::error!("{name}:{number}: {why}");
        }
    };
    let mut import = Import::begin(room, viewer, options, now, &mut tell).await?;
    import.concepts(name, text.as_bytes()).await?;
    import.releases(name, text.as_bytes()).await?;
    import.finish().await
}
