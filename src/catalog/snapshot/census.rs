//! Census: the number of releases in a snapshot by state, kind, language and concept, and the numbers of topics and
//! places.
//!
//! The census counts all objects, visible or not. `dateline check` compares it with SQL counts. No API response
//! contains these numbers.

use std::collections::BTreeMap;

use entity::release::{ReleaseKind, ReleaseState};
use serde::Serialize;
use uuid::Uuid;

use super::Snapshot;
use crate::catalog::store::{
    bitmap::{BitmapIndex, Dimension},
    vocabulary::{Concept, Vocabulary},
};

/// Counts of the objects in a snapshot. Counts of zero are omitted, except in `all`.
#[derive(Clone, Debug)]
pub(crate) struct Census {
    /// Number of all releases, topics and places, by the name of their table.
    pub(crate) all: BTreeMap<String, u64>,
    /// Number of releases by state. The keys are the state names as the database stores them.
    pub(crate) states: BTreeMap<String, u64>,
    /// Number of releases by kind. The keys are the kind names as the database stores them.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Number of releases by language.
    pub(crate) languages: BTreeMap<String, u64>,
    /// Number of releases by topic id.
    pub(crate) topics: BTreeMap<Uuid, u64>,
    /// Number of releases by the id of a place in their dateline.
    pub(crate) dateline: BTreeMap<Uuid, u64>,
    /// Number of releases by the id of a place that they are about.
    pub(crate) about: BTreeMap<Uuid, u64>,
}

impl Snapshot {
    /// Counts all releases, topics and places in the snapshot.
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
    nonzero(vocabulary.numbers().map(|concept| (vocabulary.get(concept).id, count_of(table, concept))))
}

/// Returns a state or kind as the database stores it. The journal's JSON uses the same names.
fn stored_name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
