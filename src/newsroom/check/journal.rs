//! Check of the journal: sequence numbers without gaps up to the head, and entries that can be decoded and are
//! consistent.
//!
//! Also collects the merges of topics and places, which `image` applies. Comparison with the rows is in `image`.

use std::collections::BTreeMap;

use entity::{Noun, journal_head};
use futures_util::StreamExt;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryResult, Statement, StreamTrait,
};
use uuid::Uuid;

use super::finding::{EXTERNAL_CHANGE, FindingKind, Findings, RESTORE_BACKUP, object_id};
use crate::{journal::Image, newsroom::workflow::ReleaseAction};

/// What the journal says of itself and of merges.
#[derive(Debug, Default)]
pub(super) struct JournalSummary {
    /// Sequence of the first entry; 0 where there is none.
    pub(super) first: i64,
    /// Sequence of the last entry; 0 where there is none.
    pub(super) last: i64,
    /// True where it was read to its end, begins with 1, has no hole, and every image in it could be read.
    pub(super) complete: bool,
    /// Merges of topics and places, in order. A merge changes releases, topics and places that get no entry by it.
    pub(super) merges: Vec<Merge>,
}

/// A topic or place that became another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merge {
    pub(super) sequence: i64,
    pub(super) noun: Noun,
    pub(super) from: Uuid,
    pub(super) into: Uuid,
}

/// Reads the whole journal, one entry at a time.
pub(super) async fn verify(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    journal: &mut JournalSummary,
) -> Result<(), DbErr> {
    let head = journal_head::Entity::find_by_id(1).one(tx).await?.map(|head| head.sequence);
    // Releases with entries that have no images, as a purge leaves them, and the first of those.
    let mut without_image: BTreeMap<Uuid, i64> = BTreeMap::new();
    let sql = "SELECT sequence, act, noun, noun_id, \"before\", \"after\" FROM journal ORDER BY sequence";
    let backend = ConnectionTrait::get_database_backend(tx);
    let mut rows = tx.stream_raw(Statement::from_string(backend, sql.to_owned())).await?;
    let mut images_are_read = true;
    while let Some(row) = rows.next().await {
        let row = row?;
        let sequence: i64 = row.try_get_by_index(0)?;
        if journal.first == 0 {
            journal.first = sequence;
        }
        if sequence != journal.last + 1 {
            report_missing(findings, journal.last + 1, sequence - 1);
        }
        journal.last = sequence;
        let location = format!("journal {sequence}");
        match Entry::of(&row) {
            Ok(entry) => {
                entry.verify(findings, &location);
                entry.collect(sequence, findings, &mut without_image, journal);
            }
            Err(why) => {
                images_are_read = false;
                findings.add(FindingKind::Entry, location, why, RESTORE_BACKUP);
            }
        }
    }
    for (id, sequence) in without_image {
        let problem = format!("the image of {} is missing, and it was not purged", object_id(Noun::Release, id));
        findings.add(FindingKind::Entry, format!("journal {sequence}"), problem, RESTORE_BACKUP);
        images_are_read = false;
    }
    let (location, last) = ("journal_head", journal.last);
    match head {
        None => findings.add(FindingKind::Sequence, location, "the journal has no head", RESTORE_BACKUP),
        Some(head) if head > last => report_missing(findings, last + 1, head),
        Some(head) if head < last => {
            let problem = format!("the head is {head}, and the last entry {last}: the next write would fail");
            findings.add(FindingKind::Sequence, location, problem, EXTERNAL_CHANGE);
        }
        Some(_) => {}
    }
    journal.complete = images_are_read && findings.count(FindingKind::Sequence) == 0;
    Ok(())
}

fn report_missing(findings: &mut Findings, first: i64, last: i64) {
    let (location, problem) = if first == last {
        (format!("journal {first}"), "the entry is missing")
    } else {
        (format!("journal {first} to {last}"), "the entries are missing")
    };
    findings.add(FindingKind::Sequence, location, problem, RESTORE_BACKUP);
}

/// An entry as it is written.
struct Entry {
    action: String,
    noun: Noun,
    id: Uuid,
    before: Option<Image>,
    after: Option<Image>,
}

impl Entry {
    fn of(row: &QueryResult) -> Result<Self, String> {
        let unreadable = |error: DbErr| format!("the entry cannot be read: {error}");
        let noun: String = row.try_get_by_index(2).map_err(unreadable)?;
        let image = |index: usize, which: &str| {
            let text: Option<String> = row.try_get_by_index(index).map_err(unreadable)?;
            let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
            parsed.map_err(|error| format!("its image {which} cannot be read: {error}"))
        };
        Ok(Self {
            action: row.try_get_by_index(1).map_err(unreadable)?,
            noun: Noun::try_from_value(&noun).map_err(|_| format!("\"{noun}\" is no sort of thing"))?,
            id: row.try_get_by_index(3).map_err(unreadable)?,
            before: image(4, "before")?,
            after: image(5, "after")?,
        })
    }

    /// Whether act, sort of thing, key and images agree.
    fn verify(&self, findings: &mut Findings, location: &str) {
        let word = match self.noun {
            Noun::Release => "release",
            Noun::Topic => "topic",
            Noun::Place => "place",
            Noun::PreviewLink => "preview_link",
            Noun::Token => "token",
        };
        if self.action.split_once('.').is_none_or(|(noun, action)| noun != word || action.is_empty()) {
            findings.add(
                FindingKind::Entry,
                location,
                format!("the act \"{}\" is none of a {word}", self.action),
                EXTERNAL_CHANGE,
            );
        }
        for (which, image) in [("before", &self.before), ("after", &self.after)] {
            let Some((noun, id)) = image.as_ref().map(|image| subject(image, self.id)) else { continue };
            // What was merged is the image before, what it was merged into the one after.
            let is_expected = id == self.id || which == "before" && self.is_merge();
            if noun != self.noun || !is_expected {
                let (image, entry) = (object_id(noun, id), object_id(self.noun, self.id));
                findings.add(
                    FindingKind::Entry,
                    location,
                    format!("its image {which} is of {image}, it is about {entry}"),
                    EXTERNAL_CHANGE,
                );
            }
        }
        if matches!(self.noun, Noun::Topic | Noun::Place) && self.after.is_none() {
            let problem = format!("the image of {} is missing", object_id(self.noun, self.id));
            findings.add(FindingKind::Entry, location, problem, RESTORE_BACKUP);
        }
    }

    /// Notes what later entries and the rows are to be held against.
    fn collect(
        &self,
        sequence: i64,
        findings: &mut Findings,
        without_image: &mut BTreeMap<Uuid, i64>,
        journal: &mut JournalSummary,
    ) {
        match (&self.before, self.noun) {
            (Some(before), Noun::Topic | Noun::Place) if self.is_merge() => {
                let (noun, into) = (self.noun, self.id);
                journal.merges.push(Merge { sequence, noun, from: subject(before, into).1, into });
            }
            (None, Noun::Topic | Noun::Place) if self.is_merge() => {
                findings.add(
                    FindingKind::Entry,
                    format!("journal {sequence}"),
                    "it does not say what was merged",
                    RESTORE_BACKUP,
                );
            }
            _ => {}
        }
        if self.noun != Noun::Release {
            return;
        }
        if self.action == ReleaseAction::Purge.name() {
            without_image.remove(&self.id);
        } else if self.after.is_none() && self.action != ReleaseAction::Delete.name() {
            without_image.entry(self.id).or_insert(sequence);
        }
    }

    fn is_merge(&self) -> bool {
        self.action == "topic.merge" || self.action == "place.merge"
    }
}

/// What an image is of; of what was purged only the entry tells.
fn subject(image: &Image, entry: Uuid) -> (Noun, Uuid) {
    match image {
        Image::Release(image) => (Noun::Release, image.id),
        Image::Topic(image) => (Noun::Topic, image.id),
        Image::Place(image) => (Noun::Place, image.id),
        Image::Purged { .. } => (Noun::Release, entry),
    }
}
