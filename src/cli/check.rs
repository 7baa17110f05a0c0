//! `dateline check`: runs the consistency check of the database and prints its findings. With `--repair`, first
//! repairs dates and instants that are out of range.
//!
//! Exit codes: 0 if nothing is wrong, 3 if there are findings, 1 if the check could not run.

use std::process::ExitCode;

use clap::Args;

use super::{
    context::{CommandError, open_existing_app, operator},
    output::print,
};
use crate::{
    config::Settings,
    db::{Db, OpenOptions, redacted},
    newsroom::check::{CheckReport, check},
};

/// Exit code of a check with findings.
const EXIT_FINDINGS: u8 = 3;

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Before the check, replace dates and instants outside the years 0001 to 9999 with the nearest end of that
    /// range
    #[arg(long)]
    repair: bool,
}

impl Check {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let url = &settings.database_url;
        if self.repair {
            let app = open_existing_app(settings).await?;
            let repaired = app.newsroom.repair_out_of_range(&operator(), app.clock.now()).await?;
            for row in &repaired {
                print(&format!("repaired: {}: {}", row.location(), row.description()))?;
            }
            app.newsroom.db.clone().close().await;
        }
        let db = Db::open_with(url, &OpenOptions::existing()).await?;
        // The database driver panics on some malformed values. The check catches the panic and reports the value as
        // a finding, so the panic itself is logged only at debug level.
        std::panic::set_hook(Box::new(|panic| tracing::debug!(%panic, "a value cannot be read")));
        let report = check(&db).await;
        drop(std::panic::take_hook());
        db.close().await;
        let report = report?;
        for finding in &report.findings {
            print(&finding.to_string())?;
        }
        for (kind, number) in &report.unlisted {
            print(&format!("{kind}: and {number} more"))?;
        }
        for (slug, revision) in &report.html_bodies.listed {
            print(&format!(
                "note: release {slug}, revision {revision}: the body contains HTML, which is shown as text; write it as \
                 Markdown, or leave it"
            ))?;
        }
        if report.html_bodies.more > 0 {
            print(&format!("note: HTML in the body: and {} more", report.html_bodies.more))?;
        }
        let has_findings = !report.findings.is_empty();
        print(&format!(
            "{}: {}: {}",
            redacted(url),
            summary(&report),
            if has_findings { "check found something wrong" } else { "nothing is wrong" }
        ))?;
        Ok(if has_findings { ExitCode::from(EXIT_FINDINGS) } else { ExitCode::SUCCESS })
    }
}

/// Returns one line that says how much was checked.
fn summary(report: &CheckReport) -> String {
    let number = |table: &str| report.rows.iter().find(|(name, _)| name == table).map_or(0, |&(_, number)| number);
    let journal = match report.journal {
        Some((first, last)) => format!("journal entries {first} to {last}"),
        None => "an empty journal".to_owned(),
    };
    format!(
        "{} releases with {} revisions, {} topics, {} places, {} slugs, {journal}",
        number("release"),
        number("revision"),
        number("topic"),
        number("place"),
        number("slug")
    )
}
