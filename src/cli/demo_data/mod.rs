//! `dateline demo-data`: fills an empty database with a generated newsroom of any size.
//!
//! The same number of releases always gives the same texts, topics and places. Only the dates are relative to today.
//!
//! - `calendar`: number of releases per day, and their instants of publication
//! - `generator`: records of releases
//! - `random`: pseudo-random numbers
//! - `text`: texts made from phrases
//! - `vocabulary`: topics, places and phrases, from `vocabulary.toml` and `phrases.toml`

mod calendar;
mod generator;
mod random;
mod text;
mod vocabulary;

use std::{
    io::{self, BufReader, IsTerminal, Read},
    process::ExitCode,
    time::Instant,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    context::{CommandError, open_app, operator},
    output::{print, print_to_stderr},
};
use crate::{
    config::Settings,
    db::redacted,
    interchange::FileImport,
    newsroom::import::{ImportOptions, RecordResult},
};
use generator::Generator;
use vocabulary::{Vocabulary, read_phrases};

/// Maximum number of releases.
const MAX_RELEASES: i64 = 1_000_000;

#[derive(Args, Debug)]
pub(super) struct DemoData {
    /// Number of releases, 1 to 1,000,000
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_RELEASES))]
    releases: u32,
}

impl DemoData {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let started = Instant::now();
        let app = open_app(settings).await?;
        let database = redacted(&settings.database_url);
        let snapshot = app.newsroom.catalog.snapshot();
        if !snapshot.is_empty() || !snapshot.topics().is_empty() || !snapshot.places().is_empty() {
            return Err(format!(
                "the database {database} is not empty, and demo data must not be mixed with other content: choose \
                 another database, for example --database sqlite://demo-data.db"
            )
            .into());
        }
        let (now, zone) = (app.clock.now(), app.newsroom.settings.time_zone);
        let (vocabulary, phrases) = (Vocabulary::read()?, read_phrases()?);
        let concepts = vocabulary.records().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
        let mut generator = Generator::new(&vocabulary, &phrases, self.releases, zone, now);

        let mut progress = Progress::new(concepts.lines().count() as u64 + u64::from(self.releases));
        let mut on_record = |_: &str, number: u64, result: &RecordResult| progress.advance(number, result);
        let mut import =
            FileImport::begin(&app.newsroom, &operator(), ImportOptions::default(), now, &mut on_record).await?;
        let results = import.import_concepts("demo-data", concepts.as_bytes()).await?;
        let reader = concepts.as_bytes().chain(&mut generator);
        import.import_releases(results, BufReader::with_capacity(1 << 18, reader)).await?;
        let report = import.finish().await?;
        app.newsroom.db.clone().close().await;
        progress.bar.finish_and_clear();

        let failed = report.refused + report.conflicts;
        if failed > 0 {
            return Err(format!("{failed} records of the demo data cannot be imported: see the messages above").into());
        }
        let today = now.with_timezone(&zone).date_naive();
        print(&format!(
            "Created {} releases dated {} to {today} ({}), {} topics and {} places in {} seconds.\n\
             Serve them, and create an editor's token:\n    \
             dateline serve --database {database}\n    \
             dateline token create --database {database} --subject \"You\" --name first --role EDITOR",
            self.releases,
            generator.oldest().unwrap_or(today),
            generator.languages(),
            vocabulary.topics.len(),
            report.created.saturating_sub(u64::from(self.releases) + vocabulary.topics.len() as u64),
            started.elapsed().as_secs(),
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Progress of the import: a bar on a terminal, otherwise one line for each tenth.
struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    total: u64,
    done: u64,
}

impl Progress {
    fn new(total: u64) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} records {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::with_draw_target(Some(total), target).with_style(style), is_terminal, total, done: 0 }
    }

    fn advance(&mut self, line: u64, result: &RecordResult) {
        if let RecordResult::Refused(why) | RecordResult::Conflict(why) = result {
            self.bar.suspend(|| print_to_stderr(&format!("demo-data:{line}: {why}")));
        }
        let tenths = |records: u64| records * 10 / self.total;
        let before = tenths(self.done);
        self.done += 1;
        self.bar.inc(1);
        if !self.is_terminal && tenths(self.done) > before {
            print_to_stderr(&format!("{} of {} records", self.done, self.total));
        }
    }
}
