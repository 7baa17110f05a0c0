//! The journal by itself: numbered without holes up to its head, and every entry of a piece.

use std::collections::BTreeMap;

use entity::{Noun, journal_head};
use futures_util::StreamExt;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryResult, Statement, StreamTrait,
};
use uuid::Uuid;

use super::finding::{Findings, Kind, PAST, RESTORE, thing};
use crate::journal::Image;

/// What the journal says of itself and of merges.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Sequence of the first entry; 0 where there is none.
    pub(super) first: i64,
    /// Sequence of the last entry; 0 where there is none.
    pub(super) last: i64,
    /// True where it was read to its end, begins with 1, has no hole, and every image in it could be read.
    pub(super) whole: bool,
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
    read: &DatabaseTransaction,
    findings: &mut Findings,
    journal: &mut Journal,
) -> Result<(), DbErr> {
    let head = journal_head::Entity::find_by_id(1).one(read).await?.map(|head| head.sequence);
    // Releases with entries that have no images, as a purge leaves them, and the first of those.
    let mut blank: BTreeMap<Uuid, i64> = BTreeMap::new();
    let sql = "SELECT sequence, act, noun, noun_id, \"before\", \"after\" FROM journal ORDER BY sequence";
    let backend = ConnectionTrait::get_database_backend(read);
    let mut rows = read.stream_raw(Statement::from_string(backend, sql.to_owned())).await?;
    let mut images_are_read = true;
    while let Some(row) = rows.next().await {
        let row = row?;
        let sequence: i64 = row.try_get_by_index(0)?;
        if journal.first == 0 {
            journal.first = sequence;
        }
        if sequence != journal.last + 1 {
            missing(findings, journal.last + 1, sequence - 1);
        }
        journal.last = sequence;
        let place = format!("journal {sequence}");
        match Written::of(&row) {
            Ok(written) => {
                written.verify(findings, &place);
                written.note(sequence, findings, &mut blank, journal);
            }
            Err(why) => {
                images_are_read = false;
                findings.add(Kind::Entry, place, why, RESTORE);
            }
        }
    }
    for (id, sequence) in blank {
        let what = format!("the image of {} is missing, and it was not purged", thing(Noun::Release, id));
        findings.add(Kind::Entry, format!("journal {sequence}"), what, RESTORE);
        images_are_read = false;
    }
    let (place, last) = ("journal_head", journal.last);
    match head {
        None => findings.add(Kind::Sequence, place, "the journal has no head", RESTORE),
        Some(head) if head > last => missing(findings, last + 1, head),
        Some(head) if head < last => {
            let what = format!("the head is {head}, and the last entry {last}: the next write would fail");
            findings.add(Kind::Sequence, place, what, PAST);
        }
        Some(_) => {}
    }
    journal.whole = images_are_read && findings.number(Kind::Sequence) == 0;
    Ok(())
}

fn missing(findings: &mut Findings, first: i64, last: i64) {
    let (place, what) = if first == last {
        (format!("journal {first}"), "the entry is missing")
    } else {
        (format!("journal {first} to {last}"), "the entries are missing")
    };
    findings.add(Kind::Sequence, place, what, RESTORE);
}

/// An entry as it is written.
struct Written {
    act: String,
    noun: Noun,
    id: Uuid,
    before: Option<Image>,
    after: Option<Image>,
}

impl Written {
    fn of(row: &QueryResult) -> Result<Self, String> {
        let unreadable = |error: DbErr| format!("the entry cannot be read: {error}");
        let noun: String = row.try_get_by_index(2).map_err(unreadable)?;
        let image = |index: usize, which: &str| {
            let text: Option<String> = row.try_get_by_index(index).map_err(unreadable)?;
            let read = text.map(|text| serde_json::from_str(&text)).transpose();
            read.map_err(|error| format!("its image {which} cannot be read: {error}"))
        };
        Ok(Self {
            act: row.try_get_by_index(1).map_err(unreadable)?,
            noun: Noun::try_from_value(&noun).map_err(|_| format!("\"{noun}\" is no sort of thing"))?,
            id: row.try_get_by_index(3).map_err(unreadable)?,
            before: image(4, "before")?,
            after: image(5, "after")?,
        })
    }

    /// Whether act, sort of thing, key and images agree.
    fn verify(&self, findings: &mut Findings, place: &str) {
        let word = match self.noun {
            Noun::Release => "release",
            Noun::Topic => "topic",
            Noun::Place => "place",
            Noun::PreviewLink => "preview_link",
            Noun::Token => "token",
        };
        if self.act.split_once('.').is_none_or(|(noun, act)| noun != word || act.is_empty()) {
            findings.add(Kind::Entry, place, format!("the act \"{}\" is none of a {word}", self.act), PAST);
        }
        for (which, image) in [("before", &self.before), ("after", &self.after)] {
            let Some((noun, id)) = image.as_ref().map(|image| subject(image, self.id)) else { continue };
            // What was merged is the image before, what it was merged into the one after.
            let own = id == self.id || which == "before" && self.is_merge();
            if noun != self.noun || !own {
                let (image, entry) = (thing(noun, id), thing(self.noun, self.id));
                findings.add(Kind::Entry, place, format!("its image {which} is of {image}, it is about {entry}"), PAST);
            }
        }
        if matches!(self.noun, Noun::Topic | Noun::Place) && self.after.is_none() {
            let what = format!("the image of {} is missing", thing(self.noun, self.id));
            findings.add(Kind::Entry, place, what, RESTORE);
        }
    }

    /// Notes what later entries and the rows are to be held against.
    fn note(&self, sequence: i64, findings: &mut Findings, blank: &mut BTreeMap<Uuid, i64>, journal: &mut Journal) {
        match (&self.before, self.noun) {
            (Some(before), Noun::Topic | Noun::Place) if self.is_merge() => {
                let (noun, into) = (self.noun, self.id);
                journal.merges.push(Merge { sequence, noun, from: subject(before, into).1, into });
            }
            (None, Noun::Topic | Noun::Place) if self.is_merge() => {
                findings.add(Kind::Entry, format!("journal {sequence}"), "it does not say what was merged", RESTORE);
            }
            _ => {}
        }
        if self.noun != Noun::Release {
            return;
        }
        if self.act == "release.purge" {
            blank.remove(&self.id);
        } else if self.after.is_none() && self.act != "release.delete" {
            blank.entry(self.id).or_insert(sequence);
        }
    }

    fn is_merge(&self) -> bool {
        self.act == "topic.merge" || self.act == "place.merge"
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
