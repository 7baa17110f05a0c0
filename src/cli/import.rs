//! `dateline import`: imports NDJSON files or printed listings, with a progress bar, messages by line and a summary.
//!
//! Standard input and pipes are copied to a temporary file, because the import reads its input more than once. Exit
//! code 3 means that records were refused or in conflict.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read, Seek, SeekFrom, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    context::{CommandError, open_app, operator},
    output::print_to_stderr,
};
use crate::{
    config::Settings,
    interchange::{
        FileImport, ImportReport,
        format_detection::{ExpectedFormat, check_format},
        report::Reasons,
    },
    newsroom::import::{ImportOptions, RecordResult},
};

/// Exit code of an import with refused records or conflicts.
const EXIT_NOT_CLEAN: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object per line; see docs/interchange.md
    Ndjson,
    /// A plain-text page of items: kind, headline, date and place, summary
    Listing,
}

#[derive(Args, Debug)]
pub(super) struct Import {
    /// Files to import; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Format of the files
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// Change nothing; print what would change
    #[arg(long)]
    dry_run: bool,
    /// Import everything or nothing: one refused record or conflict stops the import
    #[arg(long)]
    strict: bool,
    /// Apply records also to releases, topics and places that an editor has changed since the last import
    #[arg(long)]
    overwrite: bool,
}

impl Import {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let mut inputs = self
            .files
            .iter()
            .map(|name| Ok((display_name(name), open_seekable(name)?)))
            .collect::<Result<Vec<_>, CommandError>>()?;
        let size: u64 = inputs.iter().map(|(_, file)| file.metadata().map_or(0, |meta| meta.len())).sum();
        let expected = if self.format == Format::Listing { ExpectedFormat::Listing } else { ExpectedFormat::Ndjson };
        for (name, file) in &mut inputs {
            let format_check = check_format(&*file, expected).map_err(|error| read_error(name, &error))?;
            format_check.map_err(|why| format!("{name}: {why}; nothing was imported"))?;
            file.seek(SeekFrom::Start(0)).map_err(|error| read_error(name, &error))?;
        }
        let app = open_app(settings).await?;
        let bar = bar(size);
        let mut reasons = Reasons::default();
        let mut on_record = |name: &str, number: u64, result: &RecordResult| {
            if let RecordResult::Refused(why) | RecordResult::Conflict(why) = result {
                let kind = if matches!(result, RecordResult::Refused(_)) { "refused" } else { "conflict" };
                if reasons.count(kind, why) {
                    bar.suspend(|| print_to_stderr(&format!("{name}:{number}: {kind}: {why}")));
                }
            }
        };
        let options = ImportOptions { dry_run: self.dry_run, strict: self.strict, overwrite: self.overwrite };
        let mut import =
            FileImport::begin(&app.newsroom, &operator(), options, app.clock.now(), &mut on_record).await?;
        if self.format == Format::Listing {
            for (name, file) in &inputs {
                import.import_listing(name, bar.wrap_read(file)).await?;
            }
        } else {
            let mut concepts = Vec::with_capacity(inputs.len());
            for (name, file) in &inputs {
                concepts.push(import.import_concepts(name, BufReader::with_capacity(1 << 18, file)).await?);
            }
            for ((name, file), concepts) in inputs.iter_mut().zip(concepts) {
                file.seek(SeekFrom::Start(0)).map_err(|error| read_error(name, &error))?;
                import.import_releases(concepts, BufReader::with_capacity(1 << 18, bar.wrap_read(&*file))).await?;
            }
        }
        let report = import.finish().await?;
        app.newsroom.db.clone().close().await;
        bar.finish_and_clear();
        for line in reasons.lines() {
            print_to_stderr(&format!("  {line}"));
        }
        print_to_stderr(&self.summary(&report));
        let clean = report.refused + report.conflicts == 0;
        Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(EXIT_NOT_CLEAN) })
    }

    fn summary(&self, report: &ImportReport) -> String {
        let ImportReport {
            created,
            updated,
            unchanged,
            duplicates,
            conflicts,
            refused,
            controls,
            records_with_controls,
            committed,
        } = report;
        let mut counts = format!("{created} new, {updated} changed, {unchanged} unchanged, ");
        if *duplicates > 0 {
            counts.push_str(&format!("{duplicates} duplicates, "));
        }
        counts.push_str(&format!("{conflicts} conflicts, {refused} refused"));
        if !controls.is_empty() {
            counts.push_str(&format!(
                "; control characters (records affected: {records_with_controls}): {} converted from Windows-1252, {} removed",
                controls.mapped, controls.removed
            ));
        }
        match (committed, self.dry_run) {
            (true, _) => format!("imported: {counts}"),
            (false, true) => format!("dry run, nothing was changed; the result would have been: {counts}"),
            (false, false) => {
                format!("nothing was changed, because a record was refused or conflicts (--strict): {counts}")
            }
        }
    }
}

/// Opens an input so that it can be read more than once. Standard input and pipes are first copied to a temporary
/// file.
fn open_seekable(name: &str) -> Result<File, CommandError> {
    if name == "-" {
        return copy_to_temp_file(&display_name(name), &mut io::stdin().lock());
    }
    let mut file = File::open(name).map_err(|error| format!("{name} cannot be opened: {error}"))?;
    // Detect folders and pipes before the import begins, not in the middle of it.
    if file.metadata().map_err(|error| read_error(name, &error))?.is_dir() {
        return Err(format!("{name} is a directory: give a file").into());
    }
    if file.seek(SeekFrom::Start(0)).is_err() {
        return copy_to_temp_file(name, &mut file);
    }
    Ok(file)
}

/// Copies an input that can be read only once to a temporary file, and returns that file, positioned at its start.
fn copy_to_temp_file(name: &str, reader: &mut impl Read) -> Result<File, CommandError> {
    let copy_error = |error: &io::Error| {
        format!(
            "{name} cannot be copied to a temporary file in {}: {error}; set TMPDIR to a folder with enough space",
            std::env::temp_dir().display()
        )
    };
    let mut file = tempfile::tempfile().map_err(|error| copy_error(&error))?;
    let mut reader = BufReader::with_capacity(1 << 18, reader);
    loop {
        let chunk = match reader.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_error(name, &error).into()),
        };
        file.write_all(chunk).map_err(|error| copy_error(&error))?;
        let read = chunk.len();
        reader.consume(read);
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| read_error(name, &error))?;
    Ok(file)
}

fn read_error(name: &str, error: &io::Error) -> String {
    format!("{name} cannot be read: {error}")
}

fn display_name(name: &str) -> String {
    if name == "-" { "standard input".to_owned() } else { name.to_owned() }
}

/// Creates a progress bar for an import of `size` bytes. The bar is hidden if standard error is not a terminal.
fn bar(size: u64) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(size), target).with_style(style)
}
