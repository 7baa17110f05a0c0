//! `dateline import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Read, Seek, SeekFrom, Write},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Failure, application, operator, output::tell};
use crate::{
    config::Settings,
    interchange::{
        Import as Run, Report,
        foreign::{Expected, recognise},
        report::Reasons,
    },
    newsroom::import::{ImportOptions, Outcome},
};

/// Exit code of an import that refused records or met conflicts.
const NOT_CLEAN: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line; docs/interchange.md
    Ndjson,
    /// A plain-text page: kind, headline, date and place, summary
    Listing,
}

#[derive(Args, Debug)]
pub(super) struct Import {
    /// Files to take in, together; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// What the files are
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// Change nothing; tell what would change
    #[arg(long)]
    dry_run: bool,
    /// All or nothing: if one record is refused or conflicts, nothing is changed
    #[arg(long)]
    strict: bool,
    /// Take the file's version also where an editor has changed something since the last import
    #[arg(long)]
    overwrite: bool,
}

impl Import {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let mut inputs =
            self.files.iter().map(|name| Ok((shown(name), spooled(name)?))).collect::<Result<Vec<_>, Failure>>()?;
        let size: u64 = inputs.iter().map(|(_, file)| file.metadata().map_or(0, |meta| meta.len())).sum();
        let expected = if self.format == Format::Listing { Expected::Listing } else { Expected::Ndjson };
        for (name, file) in &mut inputs {
            let recognised = recognise(&*file, expected).map_err(|error| unreadable(name, &error))?;
            recognised.map_err(|why| format!("{name}: {why}; nothing was imported"))?;
            file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(name, &error))?;
        }
        let app = application(settings).await?;
        let bar = bar(size);
        let mut reasons = Reasons::default();
        let mut hear = |name: &str, number: u64, outcome: &Outcome| {
            if let Outcome::Refused(why) | Outcome::Conflict(why) = outcome {
                let word = if matches!(outcome, Outcome::Refused(_)) { "refused" } else { "conflict" };
                if reasons.count(word, why) {
                    bar.suspend(|| tell(&format!("{name}:{number}: {word}: {why}")));
                }
            }
        };
        let options = ImportOptions { dry_run: self.dry_run, strict: self.strict, overwrite: self.overwrite };
        let mut import = Run::begin(&app.newsroom, &operator(), options, app.clock.now(), &mut hear).await?;
        if self.format == Format::Listing {
            for (name, file) in &inputs {
                import.listing(name, bar.wrap_read(file)).await?;
            }
        } else {
            for (name, file) in &inputs {
                import.concepts(name, BufReader::with_capacity(1 << 18, file)).await?;
            }
            for (name, file) in &mut inputs {
                file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(name, &error))?;
                import.releases(name, BufReader::with_capacity(1 << 18, bar.wrap_read(&*file))).await?;
            }
        }
        let report = import.finish().await?;
        app.newsroom.db.clone().close().await;
        bar.finish_and_clear();
        for line in reasons.lines() {
            tell(&format!("  {line}"));
        }
        tell(&self.sentence(&report));
        let clean = report.refused + report.conflicts == 0;
        Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(NOT_CLEAN) })
    }

    fn sentence(&self, report: &Report) -> String {
        let Report {
            created,
            updated,
            unchanged,
            duplicates,
            conflicts,
            refused,
            controls,
            records_with_controls,
            kept,
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
        match (kept, self.dry_run) {
            (true, _) => format!("imported: {counts}"),
            (false, true) => format!("dry run, nothing was changed; the result would have been: {counts}"),
            (false, false) => {
                format!("nothing was changed, because not every record could be taken (--strict): {counts}")
            }
        }
    }
}

/// A file that can be read twice; standard input is written to a temporary one first.
fn spooled(name: &str) -> Result<File, Failure> {
    if name == "-" {
        return copied(&shown(name), &mut io::stdin().lock());
    }
    let mut file = File::open(name).map_err(|error| format!("{name} cannot be opened: {error}"))?;
    // A pipe or a folder tells so now, not in the middle.
    if file.metadata().map_err(|error| unreadable(name, &error))?.is_dir() {
        return Err(format!("{name} is a folder: name a file").into());
    }
    if file.seek(SeekFrom::Start(0)).is_err() {
        return copied(name, &mut file);
    }
    Ok(file)
}

/// A temporary file with everything that a reader has, which can be read once only.
fn copied(name: &str, reader: &mut impl Read) -> Result<File, Failure> {
    let not_copied = |error: &io::Error| {
        format!(
            "{name} cannot be copied to a temporary file in {}: {error}; set TMPDIR to a folder with enough space",
            std::env::temp_dir().display()
        )
    };
    let mut file = tempfile::tempfile().map_err(|error| not_copied(&error))?;
    let mut reader = BufReader::with_capacity(1 << 18, reader);
    loop {
        let some = match reader.fill_buf() {
            Ok([]) => break,
            Ok(some) => some,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(name, &error).into()),
        };
        file.write_all(some).map_err(|error| not_copied(&error))?;
        let read = some.len();
        reader.consume(read);
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(name, &error))?;
    Ok(file)
}

fn unreadable(name: &str, error: &io::Error) -> String {
    format!("{name} cannot be read: {error}")
}

fn shown(name: &str) -> String {
    if name == "-" { "standard input".to_owned() } else { name.to_owned() }
}

/// A progress bar on a terminal, nothing elsewhere.
fn bar(size: u64) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(size), target).with_style(style)
}
