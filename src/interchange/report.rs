//! Import report: counts of created, updated, unchanged, duplicate, conflicting and refused records, and reasons for
//! refusals.
//!
//! Messages that differ only in values (quoted texts and numbers) count as one reason. The first 20 messages of
//! each reason are shown in full.

use std::collections::HashMap;

use crate::newsroom::{import::RecordResult, text::control::ControlCount};

/// Number of messages that are shown in full for each reason. Further messages with the same reason are only
/// counted.
pub const MAX_SHOWN: u64 = 20;

/// Maximum number of reasons that are counted separately. The import itself has a few dozen, but its messages can
/// contain arbitrary text from a file.
const MAX_REASONS: usize = 200;

/// The results of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Records that were created.
    pub created: u64,
    /// Records that changed their stored object.
    pub updated: u64,
    /// Records that are equal to their stored object.
    pub unchanged: u64,
    /// Records that repeat an earlier record of this import with the same content.
    pub duplicates: u64,
    /// Records that were not applied because they contradict an earlier record of this import, or because an editor
    /// has changed the stored object since the last import.
    pub conflicts: u64,
    /// Records that were refused.
    pub refused: u64,
    /// Control characters that were replaced or removed in the records.
    pub controls: ControlCount,
    /// Records that contained control characters.
    pub records_with_controls: u64,
    /// Whether the changes were committed. False after a dry run, and after a strict import with a refused record
    /// or a conflict.
    pub committed: bool,
}

impl ImportReport {
    /// Counts the result of a record.
    pub(super) fn count(&mut self, result: &RecordResult) {
        match result {
            RecordResult::Created => self.created += 1,
            RecordResult::Updated => self.updated += 1,
            RecordResult::Unchanged => self.unchanged += 1,
            RecordResult::Duplicate => self.duplicates += 1,
            RecordResult::Conflict(_) => self.conflicts += 1,
            RecordResult::Refused(_) => self.refused += 1,
        }
    }

    /// Counts the control characters of a record.
    pub(super) fn count_controls(&mut self, controls: ControlCount) {
        self.controls += controls;
        self.records_with_controls += u64::from(!controls.is_empty());
    }
}

/// Reasons for refusals and conflicts, with their counts.
#[derive(Debug, Default)]
pub struct Reasons {
    counts: HashMap<String, u64>,
    other_reasons: u64,
}

impl Reasons {
    /// Counts a message under its reason. Returns true if the message must be shown in full, which is the case for
    /// the first [`MAX_SHOWN`] messages with the same reason.
    pub fn count(&mut self, kind: &str, message: &str) -> bool {
        let reason = format!("{kind}: {}", reason_of(message));
        if let Some(count) = self.counts.get_mut(&reason) {
            *count += 1;
            return *count <= MAX_SHOWN;
        }
        if self.counts.len() < MAX_REASONS {
            self.counts.insert(reason, 1);
            return true;
        }
        self.other_reasons += 1;
        self.other_reasons <= MAX_SHOWN
    }

    /// Returns one line per reason, the most frequent first.
    pub fn lines(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, u64)> =
            self.counts.iter().map(|(reason, &count)| (reason.as_str(), count)).collect();
        if self.other_reasons > 0 {
            reasons.push(("for other reasons", self.other_reasons));
        }
        reasons.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
        let line = |&(reason, count): &(&str, u64)| {
            let rest =
                if count > MAX_SHOWN { format!(" (the first {MAX_SHOWN} are shown above)") } else { String::new() };
            format!("{count} {reason}{rest}")
        };
        reasons.iter().map(line).collect()
    }
}

/// Returns the reason that a message belongs to: the first error of the message, without its values and without
/// advice.
fn reason_of(message: &str) -> String {
    let mut text = String::new();
    let mut letters = message.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' => {
                // A quoted value ends at the next quotation mark. If the value itself contains a quotation mark,
                // the text after that mark becomes part of the reason.
                let _ = letters.by_ref().take_while(|c| *c != '"').count();
                text.push('…');
            }
            ';' => break,
            // Digits inside a word, such as `m49`, are kept.
            '0'..='9' if !text.ends_with(char::is_alphanumeric) => {
                while letters.next_if(|c| c.is_ascii_digit() || ".:+-TZ".contains(*c)).is_some() {}
                text.push('…');
            }
            c => text.push(c),
        }
    }
    // Advice follows the last colon. If there is only one word before that colon, the word is a field name, and the
    // text after it is not advice.
    match text.rsplit_once(": ") {
        Some((what, _)) if what.contains(' ') => what.to_owned(),
        _ => text,
    }
    .chars()
    .take(200)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_reason_are_counted_together() {
        for (message, expected) in [
            ("kind: \"NEWS\" is not a kind of release: write ARTICLE or SPEECH", "kind: … is not a kind of release"),
            ("releaseDate: \"2006-02-30\" is not a date: February 2006 has 28 days", "releaseDate: … is not a date"),
            (
                "releaseDate: 0000-03-01 is outside the range of dates: write a date",
                "releaseDate: … is outside the range of dates",
            ),
            ("headline is missing: add it; kind: 7 is no kind: write one", "headline is missing"),
            ("not JSON: expected value at column 1", "not JSON"),
            (
                "there is no topic with the slug \"a; b: c\": add it to the file, or correct the slug",
                "there is no topic with the slug …",
            ),
            (
                "the uri \"https://example.org/a\" already belongs to \"a\": correct one of them",
                "the uri … already belongs to …",
            ),
            (
                "the ISO 3166 code \"KH\" already belongs to \"cambodia\": correct one of them",
                "the ISO … code … already belongs to …",
            ),
            ("the m49 \"116\" already belongs to \"cambodia\": correct one of them", "the m49 … already belongs to …"),
            ("slug", "slug"),
        ] {
            assert_eq!(reason_of(message), expected);
        }
    }

    #[test]
    fn the_first_of_a_reason_are_shown_and_all_are_counted() {
        let mut reasons = Reasons::default();
        let shown = (0..50).filter(|number| reasons.count("refused", &format!("not JSON: at column {number}"))).count();
        assert_eq!(shown as u64, MAX_SHOWN);
        assert!(reasons.count("conflict", "\"a\" was changed in Dateline: look"));
        assert_eq!(
            reasons.lines(),
            ["50 refused: not JSON (the first 20 are shown above)", "1 conflict: … was changed in Dateline"]
        );
        for number in 0..1000 {
            let letters: String = format!("{number}").bytes().map(|digit| char::from(digit + b'a' - b'0')).collect();
            reasons.count("refused", &format!("{letters} is wrong: fix it"));
        }
        assert!(
            reasons.lines().len() <= MAX_REASONS + 1 && reasons.lines()[0].starts_with("802 for other reasons"),
            "{:?}",
            reasons.lines()[0]
        );
    }
}
