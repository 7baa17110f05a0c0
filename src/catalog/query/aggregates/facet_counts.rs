//! Facet counts: finds the releases that have each value of a facet field, and counts how many releases of a set have
//! each value.
//!
//! A `FacetIndex` is built once per snapshot and field, and all sets use it. Topics and places can roll up: a release
//! then counts once for each of its concepts and once for each broader concept. A set is counted by a scan of its
//! releases, or by one bitmap intersection per value, whichever costs less. The query cache keeps the totals of each
//! audience and the counts of large filtered sets.

use std::sync::{Arc, OnceLock};

use entity::release::ReleaseKind;
use roaring::RoaringBitmap;

use crate::catalog::{
    query::{
        facet_field::{FacetField, PlaceRoleFilter},
        facet_index::{FacetCounts, FacetIndex},
        release_set::ReleaseSet,
        view::View,
    },
    snapshot::Snapshot,
    store::{
        bitmap::SharedBitmap,
        column::ListColumn,
        vocabulary::{Concept, Vocabulary},
    },
};

/// Maximum number of facet indexes per snapshot that are cached for the topics directly below one topic.
const MAX_SUBTOPIC_INDEXES: usize = 100;

/// Counts of filtered sets with more releases than this are cached with the snapshot. In tests, the counts of all
/// filtered sets are cached.
const MIN_CACHED_SET: u64 = if cfg!(test) { 0 } else { 2000 };

/// Counts under a filter whose JSON text is longer than this (in bytes) are not cached.
const MAX_CACHED_FILTER_LEN: usize = 2000;

impl View {
    /// Returns the facet index of a field. An index is built once per snapshot and then cached. The number of cached
    /// indexes for the topics below one topic is limited: there can be one for each topic, and a client that requests
    /// all of them must not fill the memory.
    pub(in crate::catalog) fn facet_index(&self, field: FacetField) -> Arc<FacetIndex> {
        let locked = || self.cache.facet_indexes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(cached) = locked().get(&field) {
            return cached.clone();
        }
        // The lock is not held while the index is built. Two threads may then build the same index, which costs less
        // than waiting.
        let facet_index = Arc::new(FacetIndex::new(self, field));
        let is_under = |field: &FacetField| matches!(field, FacetField::Topics { under: Some(_), .. });
        let mut facet_indexes = locked();
        if !is_under(&field) || facet_indexes.keys().filter(|field| is_under(field)).count() < MAX_SUBTOPIC_INDEXES {
            return facet_indexes.entry(field).or_insert(facet_index).clone();
        }
        facet_index
    }
}

impl FacetIndex {
    fn new(view: &View, field: FacetField) -> Self {
        let (topics, places) = (view.topics(), view.places());
        let all = |count: usize| (0..count as u32).collect::<Vec<_>>();
        let (size, bucket_values) = match field {
            FacetField::Topics { under: Some(topic), .. } => (topics.len(), topics.narrower(topic).to_vec()),
            FacetField::Topics { .. } => (topics.len(), topics.numbers().collect()),
            FacetField::Places { level: Some(kind), .. } => {
                (places.len(), places.numbers().filter(|&number| places.get(number).kind == kind).collect())
            }
            FacetField::Places { .. } => (places.len(), places.numbers().collect()),
            FacetField::Kinds => (ReleaseKind::ALL.len(), all(ReleaseKind::ALL.len())),
            FacetField::Languages => (view.languages.len(), all(view.languages.len())),
        };
        let buckets: RoaringBitmap = bucket_values.iter().copied().collect();
        let (starts, values) = match field {
            FacetField::Topics { roll_up, .. } => self_and_ancestors(topics, &buckets, roll_up),
            FacetField::Places { level, .. } => self_and_ancestors(places, &buckets, level.is_some()),
            FacetField::Kinds | FacetField::Languages => (Vec::new(), Vec::new()),
        };
        Self {
            field,
            bucket_values,
            starts,
            values,
            bitmaps: (0..size).map(|_| OnceLock::new()).collect(),
            with_value: OnceLock::new(),
            totals: [OnceLock::new(), OnceLock::new(), OnceLock::new()],
        }
    }

    /// Returns the releases that count for a value, whether or not the viewer may see them.
    pub(in crate::catalog) fn bitmap(&self, view: &View, value: u32) -> SharedBitmap {
        let compute = || match self.field {
            FacetField::Topics { roll_up: true, .. } => view.rolled_up(value),
            FacetField::Topics { .. } => view.by_topic.get(value).cloned().unwrap_or_default(),
            FacetField::Places { level, role } => {
                let places = match level {
                    Some(_) => view.places().closure(value),
                    None => RoaringBitmap::from([value]),
                };
                view.with_places(role, &places)
            }
            FacetField::Kinds => view.by_kind.get(value).cloned().unwrap_or_default(),
            FacetField::Languages => view.languages.bitmaps.get(value).cloned().unwrap_or_default(),
        };
        self.bitmaps[value as usize].get_or_init(compute).clone()
    }

    /// Returns the releases that count for at least one value, whether or not the viewer may see them.
    fn with_value(&self, view: &View) -> &SharedBitmap {
        self.with_value.get_or_init(|| match self.field {
            FacetField::Topics { under: None, .. } => view.with_topics.clone(),
            FacetField::Places { level: None, role } => view.with_any_place(role),
            FacetField::Kinds | FacetField::Languages => view.all.clone(),
            FacetField::Topics { .. } | FacetField::Places { .. } => {
                let mut any = RoaringBitmap::new();
                self.bucket_values.iter().for_each(|&value| any |= &*self.bitmap(view, value));
                SharedBitmap::new(any)
            }
        })
    }

    /// Counts the releases of a set by value. The cost is a walk over the assignments of topics or places, or one
    /// bitmap intersection per value, whichever is smaller. Counts of all releases that an audience may see, and
    /// counts of large filtered sets, are cached per snapshot.
    pub(in crate::catalog) fn count(&self, set: &ReleaseSet) -> Arc<FacetCounts> {
        match (set.complete_for(), set.filter()) {
            (Some(audience), _) => {
                self.totals[audience as usize].get_or_init(|| Arc::new(self.compute_counts(set))).clone()
            }
            // Counting a small set is as fast as a cache lookup, so only counts of large sets are cached.
            (None, Some(filter)) if set.count() > MIN_CACHED_SET => match filter.to_json() {
                Some(text) if text.len() <= MAX_CACHED_FILTER_LEN => {
                    let key = (self.field, set.audience(), text);
                    set.snapshot().cache.count_or_insert(key, || self.compute_counts(set))
                }
                _ => Arc::new(self.compute_counts(set)),
            },
            _ => Arc::new(self.compute_counts(set)),
        }
    }

    fn compute_counts(&self, set: &ReleaseSet) -> FacetCounts {
        let view = set.snapshot();
        // One step of a scan costs about as much as intersecting a few words of a bitmap.
        let sparse = !self.starts.is_empty() && set.count() < view.len() / 4;
        if sparse { self.count_by_scan(set) } else { self.count_by_intersection(set) }
    }

    fn count_by_intersection(&self, set: &ReleaseSet) -> FacetCounts {
        let mut by_value = vec![0; self.bitmaps.len()];
        for &value in &self.bucket_values {
            by_value[value as usize] = set.members.intersection_len(&self.bitmap(set.snapshot(), value));
        }
        FacetCounts { by_value, with_value: set.members.intersection_len(self.with_value(set.snapshot())) }
    }

    /// Returns the assignment lists in which each entry counts exactly once, so no release needs to be checked for
    /// duplicates. Returns `None` if concepts roll up, or if one release can have a value twice.
    fn direct_lists<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a ListColumn<u32>> {
        match self.field {
            FacetField::Topics { roll_up: false, under: None } => Some(&snapshot.topics_of),
            FacetField::Places { level: None, role: PlaceRoleFilter::Dateline } => Some(&snapshot.dateline_of),
            FacetField::Places { level: None, role: PlaceRoleFilter::About } => Some(&snapshot.about_of),
            _ => None,
        }
    }

    fn count_by_scan(&self, set: &ReleaseSet) -> FacetCounts {
        let view = set.snapshot();
        let mut counts = FacetCounts { by_value: vec![0; self.bitmaps.len()], with_value: 0 };
        if let Some(lists) = self.direct_lists(view) {
            for ordinal in set.ordinals() {
                let concepts = lists.get(ordinal);
                concepts.iter().for_each(|&concept| counts.by_value[concept as usize] += 1);
                counts.with_value += u64::from(!concepts.is_empty());
            }
            return counts;
        }
        // For each value, the last release that was counted for it. A release thus counts once for a value, even if
        // several of its concepts count for the value.
        let mut last_counted = vec![u32::MAX; self.bitmaps.len()];
        for ordinal in set.ordinals() {
            let mut has_value = false;
            for concept in concepts_of(view, self.field, ordinal).into_iter().flatten() {
                let span = self.starts[*concept as usize] as usize..self.starts[*concept as usize + 1] as usize;
                for &value in &self.values[span] {
                    has_value = true;
                    if last_counted[value as usize] != ordinal {
                        last_counted[value as usize] = ordinal;
                        counts.by_value[value as usize] += 1;
                    }
                }
            }
            counts.with_value += u64::from(has_value);
        }
        counts
    }
}

/// Returns for each concept the bucket values that it counts for: the concept itself and, with roll-up, its broader
/// concepts. The result has the layout of `FacetIndex::starts` and `FacetIndex::values`.
fn self_and_ancestors<T: Concept>(
    vocabulary: &Vocabulary<T>,
    buckets: &RoaringBitmap,
    roll_up: bool,
) -> (Vec<u32>, Vec<u32>) {
    let (mut starts, mut values) = (vec![0], Vec::new());
    for number in 0..vocabulary.len() as u32 {
        let above = if roll_up { vocabulary.ancestors(number) } else { Vec::new() };
        values.extend(std::iter::once(number).chain(above).filter(|&value| buckets.contains(value)));
        starts.push(values.len() as u32);
    }
    (starts, values)
}

/// Returns the concepts of a release that count for a field, in up to two lists.
#[inline]
fn concepts_of(snapshot: &Snapshot, field: FacetField, ordinal: u32) -> [&[u32]; 2] {
    match field {
        FacetField::Topics { .. } => [snapshot.topics_of.get(ordinal), &[]],
        FacetField::Places { role: PlaceRoleFilter::Dateline, .. } => [snapshot.dateline_of.get(ordinal), &[]],
        FacetField::Places { role: PlaceRoleFilter::About, .. } => [snapshot.about_of.get(ordinal), &[]],
        FacetField::Places { role: PlaceRoleFilter::Any, .. } => {
            [snapshot.dateline_of.get(ordinal), snapshot.about_of.get(ordinal)]
        }
        FacetField::Kinds | FacetField::Languages => [&[], &[]],
    }
}
