//! Export as NDJSON: writes the header, all topics, all places and all releases, from one snapshot of the database.
//!
//! Releases are written a page at a time, so memory use does not grow with the number of releases.
//! `newsroom::export` decides which revision and which state of a release are exported.

use std::io::Write;

use super::ndjson::{
    Header, NameRecord, PlaceRecord, Record, ReleaseRecord, Slugs, TopicRecord, VERSION, WithdrawalRecord, to_line,
};
use crate::{
    journal::{Name, PlaceImage, TopicImage},
    newsroom::{
        Error, Newsroom,
        export::{ExportedRelease, Exporter},
    },
};

/// A failure that ends an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The newsroom returned an error, for example because the database failed.
    #[error(transparent)]
    Newsroom(#[from] Error),
    /// The output cannot be written.
    #[error("the export cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// A record cannot be serialised as JSON.
    #[error("a record cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes all content of a newsroom as NDJSON. Returns the number of lines.
pub async fn export(newsroom: &Newsroom, out: &mut (impl Write + Send)) -> Result<u64, ExportError> {
    let mut lines = 0;
    let mut write_record = |record: &Record| -> Result<(), ExportError> {
        out.write_all(to_line(record)?.as_bytes())?;
        out.write_all(b"\n")?;
        lines += 1;
        Ok(())
    };
    write_record(&Record::Dateline(Header { version: VERSION }))?;
    let mut exporter = Exporter::begin(newsroom).await?;
    for topic in exporter.topics() {
        write_record(&Record::Topic(Box::new(topic_record(topic, |id| exporter.topic_slug(id)))))?;
    }
    for place in exporter.places() {
        write_record(&Record::Place(Box::new(place_record(place, |id| exporter.place_slug(id)))))?;
    }
    while let Some(batch) = exporter.releases().await? {
        for release in batch {
            write_record(&Record::Release(Box::new(release_record(release, &exporter))))?;
        }
    }
    out.flush()?;
    Ok(lines)
}

fn topic_record(topic: &TopicImage, slug: impl Fn(uuid::Uuid) -> Option<String>) -> TopicRecord {
    let mut broader: Vec<String> = topic.broader.iter().filter_map(|&id| slug(id)).collect();
    TopicRecord {
        slug: topic.slug.clone(),
        name: topic.name.clone(),
        names: Some(names(&topic.names)),
        alt_names: Some(names(&topic.alt_names)),
        definition: topic.definition.clone(),
        uri: topic.uri.clone(),
        retired_at: topic.retired_at,
        broader: match broader.len() {
            0 => None,
            1 => broader.pop().map(Slugs::One),
            _ => Some(Slugs::Several(broader)),
        },
    }
}

fn place_record(place: &PlaceImage, slug: impl Fn(uuid::Uuid) -> Option<String>) -> PlaceRecord {
    let (latitude, longitude) = place.location.unzip();
    PlaceRecord {
        slug: place.slug.clone(),
        name: place.name.clone(),
        kind: place.kind,
        names: Some(names(&place.names)),
        alt_names: Some(names(&place.alt_names)),
        within: place.within.and_then(slug),
        retired_at: place.retired_at,
        iso3166_alpha2: place.iso3166_alpha2.clone(),
        iso3166_alpha3: place.iso3166_alpha3.clone(),
        m49: place.m49.clone(),
        geonames_id: place.geonames_id,
        latitude,
        longitude,
        uri: place.uri.clone(),
    }
}

fn release_record(ExportedRelease { row, content }: ExportedRelease, exporter: &Exporter) -> ReleaseRecord {
    let places = |ids: Vec<uuid::Uuid>| Some(ids.into_iter().filter_map(|id| exporter.place_slug(id)).collect());
    ReleaseRecord {
        slug: Some(row.slug),
        external_id: content.external_id,
        kind: Some(content.kind),
        headline: content.headline,
        subheadline: content.subheadline,
        summary: content.summary,
        body_markdown: content.body_markdown,
        body_html: None,
        language: Some(content.language),
        release_date: content.release_date,
        state: Some(row.state),
        published_at: row.published_at,
        withdrawal: row.withdrawal_kind.map(|kind| WithdrawalRecord {
            kind,
            at: row.withdrawn_at,
            notice: row.withdrawal_notice,
            redirect_to: row.withdrawal_redirect,
        }),
        dateline_places: places(content.dateline),
        dateline_text: content.dateline_text,
        topics: Some(content.topics.into_iter().filter_map(|id| exporter.topic_slug(id)).collect()),
        places: places(content.about),
        editorial_note: content.editorial_note,
    }
}

fn names(names: &[Name]) -> Vec<NameRecord> {
    let record = |name: &Name| NameRecord { language: Some(name.language.clone()), name: name.name.clone() };
    names.iter().map(record).collect()
}
