//! Findings of a check: kind, location, problem and advice, with a limit of 50 listed findings of each kind.
//!
//! A lost database connection is kept apart: it interrupts the check and says nothing about damage.

use std::{collections::BTreeMap, fmt};

use entity::Noun;
use sea_orm::DbErr;
use uuid::Uuid;

/// Findings of one kind that are listed; the others are counted.
pub const MAX_LISTED: u64 = 50;

/// Where nothing but a backup has what is missing.
pub(super) const RESTORE_BACKUP: &str = "restore a backup made before the damage";

/// Where the rows and the journal were changed past Dateline.
pub(super) const EXTERNAL_CHANGE: &str =
    "something other than Dateline changed the database: undo that change, or restore a backup made before it";

/// Where an index may be the only thing that is damaged.
pub(super) const REBUILD_INDEXES: &str = "build the indexes anew (REINDEX); if that does not help restore a backup";

/// A sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The database itself is damaged, or a part of it cannot be read.
    Damage,
    /// A row holds a value that Dateline cannot read.
    Row,
    /// A row holds a date or an instant outside the years 0001 to 9999.
    Range,
    /// A row refers to another one that does not exist.
    Orphan,
    /// The versions of a release are not numbered as they should be, or belong to another one.
    Revision,
    /// Journal entries are missing, or the journal's head is another one.
    Sequence,
    /// A journal entry contradicts itself, or cannot be read.
    Entry,
    /// The rows of a release, topic or place are not as its last journal entry says.
    Image,
    /// An address is not held by what has it.
    Slug,
    /// The catalog does not say what the rows say.
    Catalog,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damage => "damage",
            Self::Row => "row",
            Self::Range => "range",
            Self::Orphan => "orphan",
            Self::Revision => "version",
            Self::Sequence => "journal sequence",
            Self::Entry => "journal entry",
            Self::Image => "rows against journal",
            Self::Slug => "address",
            Self::Catalog => "catalog",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What sort of thing.
    pub kind: FindingKind,
    /// Where: a table with a key, a thing with its id, a sequence.
    pub location: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, location, problem, advice } = self;
        write!(f, "{kind}: {location}: {problem}; {advice}")
    }
}

/// Collects findings, of each kind so many at most.
#[derive(Debug, Default)]
pub(super) struct Findings {
    listed: Vec<Finding>,
    /// Why not everything could be read, where the database was lost meanwhile.
    interruption: Option<DbErr>,
    counts: BTreeMap<FindingKind, u64>,
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
    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        location: impl AsRef<str>,
        problem: impl AsRef<str>,
        advice: &'static str,
    ) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= MAX_LISTED {
            self.listed.push(Finding {
                kind,
                location: single_line(location.as_ref()),
                problem: single_line(problem.as_ref()),
                advice,
            });
        }
    }

    /// How many there are of a kind.
    pub(super) fn count(&self, kind: FindingKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// What is listed, and how many more there are of which kind.
    pub(super) fn finish(self) -> (Vec<Finding>, Vec<(FindingKind, u64)>) {
        let more =
            |(kind, count): (FindingKind, u64)| Some((kind, count.checked_sub(MAX_LISTED).filter(|&more| more > 0)?));
        (self.listed, self.counts.into_iter().filter_map(more).collect())
    }
}

/// A text in one line, of bounded length: databases write messages of several lines.
fn single_line(text: &str) -> String {
    let mut line: String = text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(500).is_some() {
        line.push('…');
    }
    line
}

/// A release, topic or place as the API names it.
pub(super) fn object_id(noun: Noun, id: Uuid) -> String {
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
        for count in 0..MAX_LISTED + 7 {
            findings.add(FindingKind::Orphan, format!("row {count}"), "two\nlines", RESTORE_BACKUP);
        }
        findings.add(FindingKind::Entry, "entry 1", "x".repeat(600), RESTORE_BACKUP);
        let (listed, more) = findings.finish();
        assert_eq!((listed.len() as u64, more), (MAX_LISTED + 1, vec![(FindingKind::Orphan, 7)]));
        assert_eq!(listed[0].to_string(), format!("orphan: row 0: two lines; {RESTORE_BACKUP}"));
        assert!(listed[50].problem.chars().count() == 501 && listed[50].problem.ends_with('…'));
    }
}
