//! Census: numbers of releases, topics and places in a snapshot, by state, kind, language and concept.
//!
//! Counts all objects, visible or not. `dateline check` compares the numbers with SQL counts. They are not part of
//! any API response.

use std::collections::BTreeMap;

use entity::release::{ReleaseKind, ReleaseState};
use serde::Serialize;
use uuid::Uuid;

use super::Snapshot;
use crate::catalog::store::{
    bitmap::{BitmapIndex, Dimension},
    vocabulary::{Concept, Vocabulary},
};

/// Counts of a snapshot. Zero counts are omitted, except in `all`.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    /// Releases, topics and places, by the name of their table.
    pub(crate) all: BTreeMap<String, u64>,
    /// Releases by state, as stored in rows.
    pub(crate) states: BTreeMap<String, u64>,
    /// Releases by kind, as stored in rows.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Releases by language.
    pub(crate) languages: BTreeMap<String, u64>,
    /// Releases by topic.
    pub(crate) topics: BTreeMap<Uuid, u64>,
    /// Releases by place in their dateline.
    pub(crate) dateline: BTreeMap<Uuid, u64>,
    /// Releases by place that they are about.
    pub(crate) about: BTreeMap<Uuid, u64>,
}

impl Snapshot {
    /// Counts all objects of the snapshot.
    pub(crate) fn census(&self) -> Census {
        let all = [
            ("release", self.len()),
            ("topic", self.topics.numbers().count() as u64),
            ("place", self.places.numbers().count() as u64),
        ];
        let states = ReleaseState::ALL.map(|state| (stored_name(&state), count_of(&self.by_state, state as u32)));
        let kinds = ReleaseKind::ALL.map(|kind| (stored_name(&kind), count_of(&self.by_kind, kind as u32)));
        Census {
            all: all.into_iter().map(|(table, number)| (table.to_owned(), number)).collect(),
            states: nonzero(states),
            kinds: nonzero(kinds),
            languages: dimension_counts(&self.languages),
            topics: concept_counts(&self.topics, &self.by_topic),
            dateline: concept_counts(&self.places, &self.by_dateline),
            about: concept_counts(&self.places, &self.by_about),
        }
    }
}

fn count_of(table: &BitmapIndex, value: u32) -> u64 {
    table.get(value).map_or(0, |bitmap| bitmap.len())
}

fn nonzero<K: Ord>(numbers: impl IntoIterator<Item = (K, u64)>) -> BTreeMap<K, u64> {
    numbers.into_iter().filter(|(_, number)| *number > 0).collect()
}

fn dimension_counts(dimension: &Dimension) -> BTreeMap<String, u64> {
    let values = 0..dimension.len() as u32;
    nonzero(values.map(|value| (dimension.name(value).to_string(), count_of(&dimension.bitmaps, value))))
}

fn concept_counts<T: Concept>(vocabulary: &Vocabulary<T>, table: &BitmapIndex) -> BTreeMap<Uuid, u64> {
    nonzero(vocabulary.numbers().map(|concept| (vocabulary.get(concept).id(), count_of(table, concept))))
}

/// Returns a value as it is stored in rows, which is the same as in the journal.
fn stored_name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
