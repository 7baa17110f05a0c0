//! Origin of imported records: the file and line of each record. If two records of an import conflict, the report
//! names the line of the first record.
//!
//! The first record of a release, topic or place is imported. Later records with different content are conflicts.
//! Each release takes 24 bytes of memory.

use std::collections::HashMap;

use uuid::Uuid;

/// A line of an imported file. An origin is stored for each imported release, so both numbers have only 32 bits to
/// save memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Index of the file, from 0.
    file: u32,
    /// Line number, from 1. It saturates at 4294967295.
    line: u32,
}

/// The origins of the records imported so far. The entry of a release takes 24 bytes, or about 50 bytes including the
/// unused capacity of the hash table.
#[derive(Debug, Default)]
pub(super) struct Origins {
    files: Vec<String>,
    pub(super) releases: HashMap<Uuid, Origin>,
    /// Topics by identity: id, slug, code or URI with its kind as a prefix.
    pub(super) topics: HashMap<String, Origin>,
    /// Places by identity: id, slug, code or URI with its kind as a prefix.
    pub(super) places: HashMap<String, Origin>,
}

impl Origins {
    /// Begins a file. Line numbers of the records imported after this call refer to this file.
    pub(super) fn begin_file(&mut self, name: &str) {
        if self.files.last().is_none_or(|last| last != name) {
            self.files.push(name.to_owned());
        }
    }

    /// Returns the origin of a line in the current file.
    pub(super) fn at(&self, line: u64) -> Origin {
        let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Origin { file: short(self.files.len().saturating_sub(1) as u64), line: short(line) }
    }

    /// Formats an origin for messages: file and line.
    pub(super) fn describe(&self, origin: Origin) -> String {
        let file = self.files.get(origin.file as usize).map_or("the file", String::as_str);
        format!("{file}:{}", origin.line)
    }
}

/// Returns the origin of an earlier record that has one of the given identities.
pub(super) fn first_origin(seen: &HashMap<String, Origin>, identities: &[String]) -> Option<Origin> {
    identities.iter().find_map(|identity| seen.get(identity).copied())
}

/// Stores the origin of an imported record under its identities. Callers do not store refused records, because a
/// later record may replace them.
pub(super) fn record_origin(seen: &mut HashMap<String, Origin>, identities: Vec<String>, origin: Origin) {
    seen.extend(identities.into_iter().map(|identity| (identity, origin)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_described_as_file_and_line() {
        let mut origins = Origins::default();
        origins.begin_file("a.ndjson");
        let first = origins.at(4_000_000_000);
        origins.begin_file("b.ndjson");
        let second = origins.at(7);
        assert_eq!(
            (origins.describe(first), origins.describe(second)),
            ("a.ndjson:4000000000".to_owned(), "b.ndjson:7".to_owned())
        );
        assert_eq!(origins.describe(origins.at(u64::MAX)), "b.ndjson:4294967295");
        let mut seen = HashMap::new();
        record_origin(&mut seen, vec!["a".to_owned(), "b".to_owned()], first);
        assert_eq!(first_origin(&seen, &["c".to_owned(), "b".to_owned()]), Some(first));
        assert_eq!(first_origin(&seen, &["c".to_owned()]), None);
    }
}
