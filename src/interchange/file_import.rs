//! Import of NDJSON files and listings: reads the records of one or several files, and reports the result of every
//! record in line order.
//!
//! An NDJSON file is read twice. The first pass imports topics and places, because they may refer to each other in
//! any order. The second pass imports releases in batches, and parses every line for which the first pass returned no
//! result. So each line gets exactly one result, and only the second pass reports invalid lines. The records of a file
//! may not fit into memory, so the first pass does not keep the releases. `newsroom::import` decides what a record
//! changes.

use std::io::{BufRead, Read};

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;

use super::{
    lines::Lines,
    listing::{self, MAX_LISTING_BYTES},
    ndjson::{self, Record},
    report::ImportReport,
};
use crate::{
    auth::viewer::Viewer,
    newsroom::{
        Error, Newsroom, Patch,
        import::{BATCH, ImportOptions, ImportedRelease, Importer, RecordResult},
        release::content::ReleaseInput,
    },
};

/// Callback that receives the result of each record, with its file name and line number.
pub type OnRecord<'a> = &'a mut (dyn FnMut(&str, u64, &RecordResult) + Send);

/// A running import of one or several files.
pub struct FileImport<'a> {
    importer: Importer<'a>,
    language: String,
    report: ImportReport,
    on_record: OnRecord<'a>,
}

/// The results of the topics and places of a file, with their line numbers. [`FileImport::import_releases`] needs them,
/// because it reports the results of a file in line order and parses the lines that have no result yet.
#[derive(Debug)]
#[must_use = "import the releases of the file, which also reports these results"]
pub struct ConceptResults {
    name: String,
    /// In ascending order of line numbers.
    results: Vec<(u64, RecordResult)>,
}

/// A failure of the database or of a file that ends an import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The newsroom returned an error, for example because the database failed.
    #[error(transparent)]
    Newsroom(#[from] Error),
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(String, std::io::Error),
    /// A file has an unsupported format version.
    #[error("{0}: {1}")]
    Version(String, String),
}

impl<'a> FileImport<'a> {
    /// Begins an import, which calls `on_record` with the result of every record.
    pub async fn begin(
        newsroom: &'a Newsroom,
        viewer: &Viewer,
        options: ImportOptions,
        now: DateTime<Utc>,
        on_record: OnRecord<'a>,
    ) -> Result<Self, ImportError> {
        let importer = Importer::begin(newsroom, viewer, options, now).await?;
        let (language, report) = (newsroom.settings.language.clone(), ImportReport::default());
        Ok(Self { importer, language, report, on_record })
    }

    /// Imports the topics and places of an NDJSON file. Leaves all other lines, and all lines that cannot be parsed, to
    /// [`Self::import_releases`]. If the header of the file has an unsupported format version, fails before it imports
    /// anything from the file.
    pub async fn import_concepts(&mut self, name: &str, reader: impl BufRead) -> Result<ConceptResults, ImportError> {
        self.importer.begin_file(name);
        let mut lines = Lines::new(reader);
        let (mut topics, mut places) = (Vec::new(), Vec::new());
        let mut is_first = true;
        while let Some((number, line)) = lines.next_line().map_err(|error| ImportError::File(name.to_owned(), error))? {
            let line = line.unwrap_or_default();
            if std::mem::take(&mut is_first)
                && let Some(why) = ndjson::refuse_version(&line)
            {
                return Err(ImportError::Version(name.to_owned(), why));
            }
            if ndjson::starts_as_release(&line) {
                continue;
            }
            match ndjson::parse(&line) {
                Ok((Record::Topic(record), controls)) => {
                    self.report.count_controls(controls);
                    topics.push(record.into_input(number, &self.language));
                }
                Ok((Record::Place(record), controls)) => {
                    self.report.count_controls(controls);
                    places.push(record.into_input(number, &self.language));
                }
                Ok((Record::Dateline(_) | Record::Release(_), _)) | Err(_) => {}
            }
        }
        let results = self.importer.import_topics_and_places(topics, places).await?;
        Ok(ConceptResults { name: name.to_owned(), results })
    }

    /// Imports the releases of an NDJSON file, whose topics and places were imported by [`Self::import_concepts`].
    /// Reports the results of all records of the file, including its topics and places, in line order.
    pub async fn import_releases(&mut self, concepts: ConceptResults, reader: impl BufRead) -> Result<(), ImportError> {
        let ConceptResults { name, results } = concepts;
        self.importer.begin_file(&name);
        let mut lines = Lines::new(reader);
        let mut concept_results = results.into_iter().peekable();
        let (mut batch, mut line_results) = (Vec::with_capacity(BATCH), Vec::new());
        loop {
            let line = lines.next_line().map_err(|error| ImportError::File(name.clone(), error))?;
            let last = line.is_none();
            if let Some((number, line)) = line {
                // A line with a result from the first pass is not parsed again.
                if concept_results.peek().is_none_or(|&(at, _)| at != number) {
                    match line.and_then(|line| self.parse_release(number, &line)) {
                        Ok(Some(release)) => batch.push((number, release)),
                        Ok(None) => {}
                        Err(why) => line_results.push((number, self.refused(why))),
                    }
                }
                while let Some(result) = concept_results.next_if(|&(at, _)| at <= number) {
                    line_results.push(result);
                }
            } else {
                line_results.extend(concept_results.by_ref());
            }
            if last || batch.len() == BATCH || line_results.len() >= BATCH {
                // Skip an empty batch, because importing it would still run a transaction.
                if !batch.is_empty() {
                    let numbers: Vec<u64> = batch.iter().map(|(number, _)| *number).collect();
                    let results = self.importer.import_releases(std::mem::take(&mut batch)).await?;
                    line_results.extend(numbers.into_iter().zip(results));
                }
                line_results.sort_by_key(|&(number, _)| number);
                for (number, result) in line_results.drain(..) {
                    self.report_result(&name, number, &result);
                }
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Parses a line for which the first pass has no result. Returns `None` for a header on the first line. Refuses
    /// every other line that is not a release.
    fn parse_release(&mut self, number: u64, line: &str) -> Result<Option<ImportedRelease>, String> {
        match ndjson::parse(line)? {
            (Record::Release(record), mut controls) => {
                let (release, body_controls) = record.into_input()?;
                controls += body_controls;
                self.report.count_controls(controls);
                Ok(Some(release))
            }
            (Record::Dateline(_), _) if number > 1 => {
                Err("a header is allowed only on the first line: remove this line".to_owned())
            }
            (Record::Dateline(header), _) if header.version != ndjson::VERSION => {
                Err(ndjson::unsupported_version(header.version))
            }
            (Record::Dateline(_), _) => Ok(None),
            (Record::Topic(_) | Record::Place(_), _) => {
                Err("the file was changed while it was imported: import it again".to_owned())
            }
        }
    }

    /// Imports a listing (a printed page of releases), starting with its last item. By default, Dateline lists
    /// releases of the same date newest first, so the imported releases appear in the order of the page.
    pub async fn import_listing(&mut self, name: &str, reader: impl Read) -> Result<(), ImportError> {
        let mut text = String::new();
        reader
            .take(MAX_LISTING_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| ImportError::File(name.to_owned(), error))?;
        if text.len() as u64 > MAX_LISTING_BYTES {
            let message = format!("a printed page can have at most {MAX_LISTING_BYTES} bytes: use ndjson for more");
            return Err(ImportError::File(name.to_owned(), std::io::Error::other(message)));
        }
        self.importer.begin_file(name);
        let items = listing::parse(&text);
        if items.is_empty() {
            let result =
                self.refused("no items found: check that this is a printed page (--format listing)".to_owned());
            self.report_result(name, 1, &result);
        }
        let mut line_results = Vec::with_capacity(items.len());
        for item in items.into_iter().rev() {
            match item {
                Ok(item) => {
                    let line = item.line;
                    self.report.count_controls(item.controls);
                    let result = match self.release_from_item(item).await {
                        Ok(release) => self
                            .importer
                            .import_releases(vec![(line, release)])
                            .await?
                            .pop()
                            .unwrap_or(RecordResult::Unchanged),
                        Err(Error::Db(error)) => return Err(Error::Db(error).into()),
                        Err(error) => self.refused(error.to_string()),
                    };
                    line_results.push((line, result));
                }
                Err((line, why)) => line_results.push((line, self.refused(why))),
            }
        }
        line_results.sort_by_key(|&(line, _)| line);
        for (line, result) in &line_results {
            self.report_result(name, *line, result);
        }
        Ok(())
    }

    async fn release_from_item(&mut self, item: listing::Item) -> Result<ImportedRelease, Error> {
        let mut dateline = Vec::new();
        for name in item.dateline_text.as_deref().map(listing::place_names).unwrap_or_default() {
            dateline.push(self.importer.find_or_create_place(&name).await?);
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

    /// Ends the import and returns its report.
    pub async fn finish(mut self) -> Result<ImportReport, ImportError> {
        self.report.committed = self.importer.finish().await?;
        Ok(self.report)
    }

    /// Returns the result of a record that is refused before it reaches the importer, and marks the import as
    /// having a refused record. The importer keeps track of all other refusals itself.
    fn refused(&mut self, why: String) -> RecordResult {
        self.importer.mark_refused();
        RecordResult::Refused(why)
    }

    fn report_result(&mut self, name: &str, number: u64, result: &RecordResult) {
        self.report.count(result);
        (self.on_record)(name, number, result);
    }
}

/// Imports a text in NDJSON format. Logs each refused record and each conflict as an error.
pub async fn import_text(
    newsroom: &Newsroom,
    viewer: &Viewer,
    text: &str,
    name: &str,
    options: ImportOptions,
    now: DateTime<Utc>,
) -> Result<ImportReport, ImportError> {
    let mut on_record = |name: &str, number: u64, result: &RecordResult| {
        if let RecordResult::Refused(why) | RecordResult::Conflict(why) = result {
            tracing::error!("{name}:{number}: {why}");
        }
    };
    let mut import = FileImport::begin(newsroom, viewer, options, now, &mut on_record).await?;
    let concepts = import.import_concepts(name, text.as_bytes()).await?;
    import.import_releases(concepts, text.as_bytes()).await?;
    import.finish().await
}
