//! Check of the journal: verifies that sequence numbers have no gaps up to the head, and that every entry can be
//! decoded and is consistent.
//!
//! This part of the check also collects the merges of topics and places, because `image` needs them to compare the
//! journal with the rows.

use std::collections::BTreeMap;

use entity::{Noun, journal_head};
use futures_util::StreamExt;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryResult, Statement, StreamTrait,
};
use uuid::Uuid;

use super::finding::{EXTERNAL_CHANGE, FindingKind, Findings, RESTORE_BACKUP, object_id};
use crate::{journal::Image, newsroom::workflow::ReleaseAction};

/// What the check found in the journal: first and last sequence, whether it is complete, and its merges.
#[derive(Debug, Default)]
pub(super) struct JournalSummary {
    /// Sequence of the first journal entry; 0 if the journal is empty.
    pub(super) first: i64,
    /// Sequence of the last journal entry; 0 if the journal is empty.
    pub(super) last: i64,
    /// Whether the journal is complete: the check read it to the end, its sequence begins with 1 and has no gaps, and
    /// all images could be read.
    pub(super) complete: bool,
    /// Merges of topics and places, in the order of the journal. A merge also changes releases, topics and places for
    /// which the journal gets no separate entry.
    pub(super) merges: Vec<Merge>,
}

/// A merge of the topic or place `from` into `into`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Merge {
    pub(super) sequence: i64,
    pub(super) noun: Noun,
    pub(super) from: Uuid,
    pub(super) into: Uuid,
}

/// Reads and checks the whole journal, one entry at a time.
pub(super) async fn verify(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    journal: &mut JournalSummary,
) -> Result<(), DbErr> {
    let head = journal_head::Entity::find_by_id(1).one(tx).await?.map(|head| head.sequence);
    // Releases that have journal entries without an image and no later purge, each with the sequence of the first
    // such entry. Only a purge removes images, so other releases must have them.
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
        let problem =
            format!("the after image of {} is missing, and the release was not purged", object_id(Noun::Release, id));
        findings.add(FindingKind::Entry, format!("journal {sequence}"), problem, RESTORE_BACKUP);
        images_are_read = false;
    }
    let (location, last) = ("journal_head", journal.last);
    match head {
        None => findings.add(FindingKind::Sequence, location, "the head of the journal is missing", RESTORE_BACKUP),
        Some(head) if head > last => report_missing(findings, last + 1, head),
        Some(head) if head < last => {
            let problem = format!("the head is {head}, but the last entry is {last}, so the next write would fail");
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

/// A decoded journal entry.
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
            parsed.map_err(|error| format!("the {which} image cannot be read: {error}"))
        };
        Ok(Self {
            action: row.try_get_by_index(1).map_err(unreadable)?,
            noun: Noun::try_from_value(&noun).map_err(|_| format!("\"{noun}\" is not a known noun"))?,
            id: row.try_get_by_index(3).map_err(unreadable)?,
            before: image(4, "before")?,
            after: image(5, "after")?,
        })
    }

    /// Checks that the action, noun, id and images of the entry are consistent.
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
                format!("\"{}\" is not an action of the noun {word}", self.action),
                EXTERNAL_CHANGE,
            );
        }
        for (which, image) in [("before", &self.before), ("after", &self.after)] {
            let Some((noun, id)) = image.as_ref().map(|image| subject(image, self.id)) else { continue };
            // The entry of a merge is about the target concept. Its before image shows the merged concept, and its
            // after image the target.
            let is_expected = id == self.id || which == "before" && self.is_merge();
            if noun != self.noun || !is_expected {
                let (image, entry) = (object_id(noun, id), object_id(self.noun, self.id));
                findings.add(
                    FindingKind::Entry,
                    location,
                    format!("the {which} image is of {image}, but the entry is about {entry}"),
                    EXTERNAL_CHANGE,
                );
            }
        }
        if matches!(self.noun, Noun::Topic | Noun::Place) && self.after.is_none() {
            let problem = format!("the after image of {} is missing", object_id(self.noun, self.id));
            findings.add(FindingKind::Entry, location, problem, RESTORE_BACKUP);
        }
    }

    /// Collects merges, and releases whose entry has no image. They are checked later, because the check needs other
    /// entries or the rows.
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
                    "the before image of a merge is missing, so the merged concept is unknown",
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

/// Returns the type and the id of the object that an image describes. The image of a purged release contains no id.
/// For such an image, returns the object id of its journal entry (`entry`).
fn subject(image: &Image, entry: Uuid) -> (Noun, Uuid) {
    match image {
        Image::Release(image) => (Noun::Release, image.id),
        Image::Topic(image) => (Noun::Topic, image.id),
        Image::Place(image) => (Noun::Place, image.id),
        Image::Purged { .. } => (Noun::Release, entry),
    }
}
