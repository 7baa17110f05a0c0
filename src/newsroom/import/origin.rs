//! Origin of imported records: the file and line of each, so that a duplicate is reported with the line of the first
//! record.
//!
//! The first record of a release, topic or place counts; later ones that differ are conflicts. Memory is 24 bytes a
//! release.

use std::collections::HashMap;

use uuid::Uuid;

/// A line of a file of the import. There is one for each release, so both are short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Number of the file, from 0.
    file: u32,
    /// Number of the line, from 1. Lines after the 4294967295th have that number.
    line: u32,
}

/// The origins seen so far. One release takes 24 bytes, about 50 with what a hash table leaves free.
#[derive(Debug, Default)]
pub(super) struct Origins {
    files: Vec<String>,
    pub(super) releases: HashMap<Uuid, Origin>,
    /// By identity: slug, code or URI, each with its sort before it.
    pub(super) topics: HashMap<String, Origin>,
    pub(super) places: HashMap<String, Origin>,
}

impl Origins {
    /// Begins a file; lines are lines of it from now on.
    pub(super) fn begin_file(&mut self, name: &str) {
        if self.files.last().is_none_or(|last| last != name) {
            self.files.push(name.to_owned());
        }
    }

    /// A line of the file that was begun last.
    pub(super) fn at(&self, line: u64) -> Origin {
        let short = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Origin { file: short(self.files.len().saturating_sub(1) as u64), line: short(line) }
    }

    /// An origin as messages have it: file and line.
    pub(super) fn describe(&self, origin: Origin) -> String {
        let file = self.files.get(origin.file as usize).map_or("the file", String::as_str);
        format!("{file}:{}", origin.line)
    }
}

/// Where a thing with one of some identities was taken before.
pub(super) fn first_origin(seen: &HashMap<String, Origin>, identities: &[String]) -> Option<Origin> {
    identities.iter().find_map(|identity| seen.get(identity).copied())
}

/// Notes where a thing was taken from. Records that were refused are not noted: a later one may be taken instead.
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
