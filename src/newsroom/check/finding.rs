//! What a check finds wrong: what, where, and what to do about it.

use std::{collections::BTreeMap, fmt};

use entity::Noun;
use sea_orm::DbErr;
use uuid::Uuid;

/// Findings of one kind that are listed; the others are counted.
pub const MOST: u64 = 50;

/// Where nothing but a backup has what is missing.
pub(super) const RESTORE: &str = "restore a backup made before the damage";

/// Where the rows and the journal were changed past Dateline.
pub(super) const PAST: &str =
    "something other than Dateline changed the database: undo that change, or restore a backup made before it";

/// Where an index may be the only thing that is damaged.
pub(super) const REINDEX: &str = "build the indexes anew (REINDEX); if that does not help restore a backup";

/// A sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The database itself is damaged, or a part of it cannot be read.
    Damage,
    /// A row holds a value that Dateline cannot read.
    Row,
    /// A row holds a date or an instant outside the years 0001 to 9999.
    Range,
    /// A row refers to another one that does not exist.
    Orphan,
    /// The versions of a release are not numbered as they should be, or belong to another one.
    Version,
    /// Journal entries are missing, or the journal's head is another one.
    Sequence,
    /// A journal entry contradicts itself, or cannot be read.
    Entry,
    /// The rows of a release, topic or place are not as its last journal entry says.
    Image,
    /// An address is not held by what has it.
    Address,
    /// The catalog does not say what the rows say.
    Catalog,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damage => "damage",
            Self::Row => "row",
            Self::Range => "range",
            Self::Orphan => "orphan",
            Self::Version => "version",
            Self::Sequence => "journal sequence",
            Self::Entry => "journal entry",
            Self::Image => "rows against journal",
            Self::Address => "address",
            Self::Catalog => "catalog",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What sort of thing.
    pub kind: Kind,
    /// Where: a table with a key, a thing with its id, a sequence.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to do.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place, what, advice } = self;
        write!(f, "{kind}: {place}: {what}; {advice}")
    }
}

/// Collects findings, of each kind so many at most.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: Vec<Finding>,
    /// Why not everything could be read, where the database was lost meanwhile.
    interruption: Option<DbErr>,
    numbers: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Notes that the database was lost before everything was read.
    pub(super) fn interrupt(&mut self, error: DbErr) {
        self.interruption.get_or_insert(error);
    }

    /// Why not everything could be read.
    pub(super) fn interruption(&mut self) -> Option<DbErr> {
        self.interruption.take()
    }

    /// Adds one; of those beyond the limit of their kind only the number is kept.
    pub(super) fn add(&mut self, kind: Kind, place: impl AsRef<str>, what: impl AsRef<str>, advice: &'static str) {
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        if *number <= MOST {
            self.found.push(Finding { kind, place: line(place.as_ref()), what: line(what.as_ref()), advice });
        }
    }

    /// How many there are of a kind.
    pub(super) fn number(&self, kind: Kind) -> u64 {
        self.numbers.get(&kind).copied().unwrap_or_default()
    }

    /// What is listed, and how many more there are of which kind.
    pub(super) fn finish(self) -> (Vec<Finding>, Vec<(Kind, u64)>) {
        let more = |(kind, number): (Kind, u64)| Some((kind, number.checked_sub(MOST).filter(|&more| more > 0)?));
        (self.found, self.numbers.into_iter().filter_map(more).collect())
    }
}

/// A text in one line, of bounded length: databases write messages of several lines.
fn line(text: &str) -> String {
    let mut line: String = text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(500).is_some() {
        line.push('…');
    }
    line
}

/// A release, topic or place as the API names it.
pub(super) fn thing(noun: Noun, id: Uuid) -> String {
    let word = match noun {
        Noun::Release => "release",
        Noun::Topic => "topic",
        Noun::Place => "place",
        Noun::PreviewLink => "preview_link",
        Noun::Token => "token",
    };
    format!("{word}_{}", id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_a_kind_are_listed_up_to_a_limit_and_counted_beyond_it() {
        let mut findings = Findings::default();
        for number in 0..MOST + 7 {
            findings.add(Kind::Orphan, format!("row {number}"), "two\nlines", RESTORE);
        }
        findings.add(Kind::Entry, "entry 1", "x".repeat(600), RESTORE);
        let (found, more) = findings.finish();
        assert_eq!((found.len() as u64, more), (MOST + 1, vec![(Kind::Orphan, 7)]));
        assert_eq!(found[0].to_string(), format!("orphan: row 0: two lines; {RESTORE}"));
        assert!(found[50].what.chars().count() == 501 && found[50].what.ends_with('…'));
    }
}
