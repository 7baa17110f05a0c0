//! Findings of a check: kind, location, problem and advice. At most 50 findings of each kind are listed.
//!
//! A lost database connection is not a finding, because it is no sign of damage. It interrupts the check.

use std::{collections::BTreeMap, fmt};

use entity::Noun;
use sea_orm::DbErr;
use uuid::Uuid;

/// Maximum number of findings of one kind that are listed. Further findings are only counted.
pub const MAX_LISTED: u64 = 50;

/// Advice if only a backup can restore the lost data.
pub(super) const RESTORE_BACKUP: &str = "restore a backup made before the damage";

/// Advice if something other than Dateline changed the rows or the journal.
pub(super) const EXTERNAL_CHANGE: &str =
    "something other than Dateline changed the database: undo that change, or restore a backup made before it";

/// Advice if possibly only an index is damaged.
pub(super) const REBUILD_INDEXES: &str = "rebuild the indexes (REINDEX); if that does not help, restore a backup";

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The database itself is damaged, or a part of it cannot be read.
    Damage,
    /// A row has a value that Dateline cannot read.
    Row,
    /// A row has a date or an instant outside the years 0001 to 9999.
    Range,
    /// A row refers to a row that does not exist.
    Orphan,
    /// The revision numbers of a release have gaps, its live or working revision belongs to another release, or the
    /// release has neither a live nor a working revision.
    Revision,
    /// Journal entries are missing, or the table `journal_head` does not name the last journal entry.
    Sequence,
    /// A journal entry contradicts itself, or cannot be read.
    Entry,
    /// The rows of a release, topic or place differ from the last journal entry of that object.
    Image,
    /// A slug is not reserved for the object that has it, or is not marked as public although it must be.
    Slug,
    /// The catalog differs from the rows, or from a replay of the journal.
    Catalog,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damage => "damage",
            Self::Row => "row",
            Self::Range => "range",
            Self::Orphan => "orphan",
            Self::Revision => "revision",
            Self::Sequence => "journal sequence",
            Self::Entry => "journal entry",
            Self::Image => "rows against journal",
            Self::Slug => "slug",
            Self::Catalog => "catalog",
        })
    }
}

/// One problem found by a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind of the problem.
    pub kind: FindingKind,
    /// Where the problem is: a table with a key, an object with its id, or a journal sequence.
    pub location: String,
    /// Description of the problem.
    pub problem: String,
    /// What the operator should do.
    pub advice: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, location, problem, advice } = self;
        write!(f, "{kind}: {location}: {problem}; {advice}")
    }
}

/// Collects findings, up to [`MAX_LISTED`] of each kind.
#[derive(Debug, Default)]
pub(super) struct Findings {
    listed: Vec<Finding>,
    /// The first error that interrupted the check.
    interruption: Option<DbErr>,
    counts: BTreeMap<FindingKind, u64>,
}

impl Findings {
    /// Records that a lost connection or a lock timeout interrupted the check. Keeps only the first such error.
    pub(super) fn interrupt(&mut self, error: DbErr) {
        self.interruption.get_or_insert(error);
    }

    /// Removes and returns the error that interrupted the check, if there is one.
    pub(super) fn interruption(&mut self) -> Option<DbErr> {
        self.interruption.take()
    }

    /// Adds a finding. If its kind already has [`MAX_LISTED`] findings, the finding is only counted.
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

    /// Returns the number of findings of a kind.
    pub(super) fn count(&self, kind: FindingKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// Returns the listed findings, and the number of unlisted findings by kind.
    pub(super) fn finish(self) -> (Vec<Finding>, Vec<(FindingKind, u64)>) {
        let more =
            |(kind, count): (FindingKind, u64)| Some((kind, count.checked_sub(MAX_LISTED).filter(|&more| more > 0)?));
        (self.listed, self.counts.into_iter().filter_map(more).collect())
    }
}

/// Converts a text to one line, and truncates it after 500 characters. Database messages may have several lines.
fn single_line(text: &str) -> String {
    let mut line: String = text.chars().take(500).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(500).is_some() {
        line.push('…');
    }
    line
}

/// Returns the id of an object as `dateline check` and the log write it: the object type, `_`, and 32 hexadecimal
/// digits.
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
