//! Demo data of `dateline serve --demo`: fills an empty database with sample releases, and creates a token for an
//! editor.
//!
//! Releases of 2003 to 2007 have fixed dates, which the examples of the README use. Other releases are dated
//! relative to today, so that fields about recent weeks (`trendingTopics`) have results.

use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::api_token::Role;
use uuid::Uuid;

use super::context::{CommandError, operator};
use crate::{
    app::App,
    catalog::{ConceptRef, ReleaseKey},
    interchange,
    journal::{PlaceImage, TopicImage},
    newsroom::{Patch, access::tokens::TokenInput, import::ImportOptions, release::content::ReleaseInput},
};

/// Releases with fixed dates, as NDJSON.
const FIXED_DATES: &str = include_str!("demo.ndjson");

/// Releases with dates relative to the day of the import, as NDJSON with placeholders: `{day -3}` is the date three
/// days earlier, `{instant -3}` an instant on that day.
const RELATIVE_DATES: &str = include_str!("demo-recent.ndjson");

/// Fills an empty newsroom with demo data. Returns the secret of an editor's token, or `None` if the newsroom is not
/// empty.
pub async fn populate(app: &App) -> Result<Option<String>, CommandError> {
    let snapshot = app.newsroom.catalog.snapshot();
    if !snapshot.is_empty() || !snapshot.topics().is_empty() || !snapshot.places().is_empty() {
        return Ok(None);
    }
    let now = app.clock.now();
    let records = demo_records(now, app.newsroom.settings.time_zone)?;
    let options = ImportOptions::default();
    let report = interchange::import_text(&app.newsroom, &operator(), &records, "demo", options, now).await?;
    let failed = report.refused + report.conflicts;
    if failed > 0 {
        return Err(
            format!("{failed} records of the demo newsroom cannot be imported: see the errors logged above").into()
        );
    }
    app.newsroom.catalog.catch_up().await?;
    Box::pin(apply_edits(app, now)).await?;
    let input = TokenInput {
        subject: "Demo editor".to_owned(),
        name: "serve --demo".to_owned(),
        role: Role::Editor,
        expires_at: None,
    };
    let (_, secret) = app.newsroom.token_create(&operator(), input, now).await?;
    app.newsroom.catalog.catch_up().await?;
    Ok(Some(secret))
}

/// Returns the NDJSON of the demo data, with placeholders replaced by dates and instants relative to `now`.
fn demo_records(now: DateTime<Utc>, zone: Tz) -> Result<String, CommandError> {
    let hour = now.duration_trunc(TimeDelta::hours(1))?;
    let mut records = FIXED_DATES.to_owned();
    let mut rest = RELATIVE_DATES;
    while let Some((before, marked)) = rest.split_once("\"{") {
        let (placeholder, after) = marked.split_once("}\"").ok_or("a placeholder in the demo data has no end")?;
        let unknown = || format!("{{{placeholder}}} is not a placeholder of the demo data");
        let (unit, days) = placeholder.split_once(' ').ok_or_else(unknown)?;
        let at = hour + TimeDelta::days(days.parse()?);
        let text = match unit {
            "day" => at.with_timezone(&zone).date_naive().to_string(),
            "instant" => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            _ => return Err(unknown().into()),
        };
        records.push_str(&format!("{before}\"{text}\""));
        rest = after;
    }
    records.push_str(rest);
    Ok(records)
}

/// Makes changes that an import cannot express: a correction, a new slug, a schedule, an embargo, and merged topics
/// and places.
async fn apply_edits(app: &App, now: DateTime<Utc>) -> Result<(), CommandError> {
    let (newsroom, desk) = (&app.newsroom, operator());
    let find = |slug: &str| -> Result<(Uuid, i32), CommandError> {
        let set = newsroom.catalog.snapshot_at(now).visible_to(&desk, now);
        let (item, _) = set
            .find(&ReleaseKey::Slug(slug.to_owned()))
            .ok_or_else(|| format!("the demo newsroom has no release \"{slug}\""))?;
        Ok((item.id(), item.newest_revision_number()))
    };

    let (id, number) = find("figures-on-first-jobs-by-city")?;
    let summary =
        "A table of first jobs in twelve cities, with the questions that were asked and the number of answers.";
    let input = ReleaseInput { summary: Patch::Set(summary.to_owned()), ..ReleaseInput::default() };
    let note = "An earlier version did not say how many had answered.".to_owned();
    newsroom.release_correct(&desk, id, number, input, note, now).await?;

    let (id, number) = find("a-job-centre-opens-at-the-harbour")?;
    let slug = Patch::Set("job-centre-opens-at-the-harbour".to_owned());
    newsroom.release_revise(&desk, id, number, ReleaseInput { slug, ..ReleaseInput::default() }, now).await?;
    let (id, number) = find("a-job-centre-opens-at-the-harbour")?;
    newsroom.release_publish(&desk, id, number, None, now).await?;

    let (id, number) = find("what-the-job-fair-left-behind")?;
    let summary = Patch::Set("Two thousand visitors, three hundred talks, forty-one contracts.".to_owned());
    newsroom.release_revise(&desk, id, number, ReleaseInput { summary, ..ReleaseInput::default() }, now).await?;

    let (id, number) = find("results-of-the-harbour-survey")?;
    let note = Some("Until the press talk.".to_owned());
    newsroom.release_embargo(&desk, id, number, Some(now + TimeDelta::days(2)), note, now).await?;
    let (id, number) = find("results-of-the-harbour-survey")?;
    newsroom.release_publish(&desk, id, number, None, now).await?;

    let (id, number) = find("guide-to-a-first-contract")?;
    let time = (now + TimeDelta::days(3)).format("%Y-%m-%dT%H:%M").to_string();
    newsroom.release_schedule(&desk, id, number, &time, "UTC", now).await?;

    let snapshot = newsroom.catalog.snapshot();
    let key = |slug: &str| ConceptRef::Slug(slug.to_owned());
    let topic = |slug: &str| snapshot.topics().find(&key(slug)).map(|number| snapshot.topics().get(number));
    if let (Some(old), Some(new)) = (topic("workplace-safety"), topic("occupational-safety")) {
        newsroom.concept_retire::<TopicImage>(&desk, old.id, old.revision, Some(new.id), now).await?;
    }
    let place = |slug: &str| snapshot.places().find(&key(slug)).map(|number| snapshot.places().get(number));
    if let (Some(old), Some(new)) = (place("batavia"), place("jakarta")) {
        newsroom.concept_retire::<PlaceImage>(&desk, old.id, old.revision, Some(new.id), now).await?;
    }
    Ok(())
}
