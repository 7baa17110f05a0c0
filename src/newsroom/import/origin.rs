//! Where the records of an import stand, so that two records of one release, topic or place are told with both places.
//!
//! The first of them counts. Taking the second instead would change the thing at every import of the same file, twice.

use std::collections::HashMap;

use uuid::Uuid;

/// Bits of a [`Place`] that hold the line: a trillion lines a file, 16 million files.
const LINE_BITS: u32 = 40;

/// A file and a line of it, in one number: there is one for each release of the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

/// The places seen so far. One release takes 24 bytes, about 50 with what a hash table leaves free.
#[derive(Debug, Default)]
pub(super) struct Origins {
    files: Vec<String>,
    pub(super) releases: HashMap<Uuid, Place>,
    /// By identity: slug, code or URI, each with its sort before it.
    pub(super) topics: HashMap<String, Place>,
    pub(super) places: HashMap<String, Place>,
}

impl Origins {
    /// Begins a file; places are in it from now on.
    pub(super) fn begin_file(&mut self, name: &str) {
        if self.files.last().is_none_or(|last| last != name) {
            self.files.push(name.to_owned());
        }
    }

    /// A line of the file that was begun last.
    pub(super) fn place(&self, line: u64) -> Place {
        let file = self.files.len().saturating_sub(1) as u64;
        Place(file << LINE_BITS | line.min((1 << LINE_BITS) - 1))
    }

    /// A place as messages have it: file and line.
    pub(super) fn shown(&self, place: Place) -> String {
        let file = self.files.get((place.0 >> LINE_BITS) as usize).map_or("the file", String::as_str);
        format!("{file}:{}", place.0 & ((1 << LINE_BITS) - 1))
    }
}

/// The place at which a thing with one of some identities was taken before.
pub(super) fn seen_before(seen: &HashMap<String, Place>, identities: &[String]) -> Option<Place> {
    identities.iter().find_map(|identity| seen.get(identity).copied())
}

/// Notes that a thing was taken from a place. Records that were refused are not noted: a later one may be taken instead.
pub(super) fn note_taken(seen: &mut HashMap<String, Place>, identities: Vec<String>, place: Place) {
    seen.extend(identities.into_iter().map(|identity| (identity, place)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_file_and_line() {
        let mut origins = Origins::default();
        origins.begin_file("a.ndjson");
        let first = origins.place(1_000_000_000_000);
        origins.begin_file("b.ndjson");
        let second = origins.place(7);
        assert_eq!(
            (origins.shown(first), origins.shown(second)),
            ("a.ndjson:1000000000000".to_owned(), "b.ndjson:7".to_owned())
        );
        let mut seen = HashMap::new();
        note_taken(&mut seen, vec!["a".to_owned(), "b".to_owned()], first);
        assert_eq!(seen_before(&seen, &["c".to_owned(), "b".to_owned()]), Some(first));
        assert_eq!(seen_before(&seen, &["c".to_owned()]), None);
    }
}
