//! Which releases count for which value of a facet: worked out once a snapshot, used by every facet of every set.

use std::sync::{Arc, OnceLock};

use entity::{place::PlaceKind, release::ReleaseKind};
use roaring::RoaringBitmap;

use super::{
    ReleaseSet, Snapshot,
    bits::Bits,
    column::Lists,
    condition::RoleOfPlace,
    filter::union,
    vocabulary::{Concept, Vocabulary},
};

/// Tallies of topics below one that are kept with a snapshot at most.
const MOST_TALLIES: usize = 100;

/// Counts of sets larger than this are kept with the snapshot; of any in tests.
const WORTH_KEEPING: u64 = if cfg!(test) { 0 } else { 2000 };

/// Counts under filters whose text is longer are not kept.
const LONGEST_FILTER: usize = 2000;

/// What a facet counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// By topic.
    Topics {
        /// Narrower topics count for the topic, each release once.
        roll_up: bool,
        /// Only the topics right below this one.
        under: Option<u32>,
    },
    /// By place.
    Places {
        /// Only places of this kind, and everything within one counts for it; without, every place exactly as tagged.
        level: Option<PlaceKind>,
        /// In which role.
        role: RoleOfPlace,
    },
    /// By kind.
    Kinds,
    /// By language.
    Languages,
}

/// The values of a facet field and what counts for them, at one snapshot.
#[derive(Debug)]
pub(super) struct Tally {
    field: FacetField,
    /// The values there can be buckets of.
    pub(super) candidates: Vec<u32>,
    /// For each concept the values it counts for: those of concept `n` are `values[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    values: Vec<u32>,
    /// For each value the releases that count for it.
    bits: Vec<OnceLock<Bits>>,
    with_value: OnceLock<Bits>,
    /// Counts of everything that each audience sees.
    whole: [OnceLock<Arc<Counts>>; 3],
}

/// The numbers of releases of a set for every value.
#[derive(Debug)]
pub(super) struct Counts {
    /// By value; zero for what is no candidate.
    pub(super) by_value: Vec<u64>,
    /// Releases with any value.
    pub(super) with_value: u64,
}

impl Snapshot {
    /// The tally of a field; worked out once for a snapshot, and for the topics right below one as long as there is room: there
    /// are as many of those as topics to look under, and whoever asks for all of them must not fill the memory.
    pub(super) fn tally(&self, field: FacetField) -> Arc<Tally> {
        let locked = || self.memo.tallies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = locked().get(&field) {
            return known.clone();
        }
        // Without the lock: two at a time may do the same, which costs less than waiting.
        let tally = Arc::new(Tally::new(self, field));
        let is_under = |field: &FacetField| matches!(field, FacetField::Topics { under: Some(_), .. });
        let mut tallies = locked();
        if !is_under(&field) || tallies.keys().filter(|field| is_under(field)).count() < MOST_TALLIES {
            return tallies.entry(field).or_insert(tally).clone();
        }
        tally
    }

    /// The releases that bear a topic or a narrower one; worked out once for a snapshot.
    pub(super) fn rolled_up(&self, topic: u32) -> Bits {
        let memo = self.memo.rolled_up.get_or_init(|| (0..self.topics().len()).map(|_| OnceLock::new()).collect());
        let bits = memo[topic as usize].get_or_init(|| {
            if self.topics().narrower(topic).is_empty() {
                return self.by_topic.get(topic).cloned().unwrap_or_default();
            }
            Bits::new(union(&self.by_topic, self.topics().closure(topic)))
        });
        bits.clone()
    }

    /// The releases with any of some places in a role. Costs nothing for one place in one role.
    pub(super) fn with_places(&self, role: RoleOfPlace, places: &RoaringBitmap) -> Bits {
        let table = match role {
            RoleOfPlace::Dateline => &self.by_dateline,
            RoleOfPlace::About => &self.by_about,
            RoleOfPlace::Any => {
                return Bits::new(union(&self.by_dateline, places) | union(&self.by_about, places));
            }
        };
        match (places.len(), places.min()) {
            (1, Some(place)) => table.get(place).cloned().unwrap_or_default(),
            _ => Bits::new(union(table, places)),
        }
    }

    /// The releases with any place in a role.
    pub(super) fn with_any_place(&self, role: RoleOfPlace) -> Bits {
        match role {
            RoleOfPlace::Dateline => self.with_dateline.clone(),
            RoleOfPlace::About => self.with_about.clone(),
            RoleOfPlace::Any => Bits::new(&*self.with_dateline | &*self.with_about),
        }
    }

    /// The concepts that a release counts for a field by: up to two lists.
    #[inline]
    fn concepts_of(&self, field: FacetField, row: u32) -> [&[u32]; 2] {
        match field {
            FacetField::Topics { .. } => [self.topics_of.get(row), &[]],
            FacetField::Places { role: RoleOfPlace::Dateline, .. } => [self.dateline_of.get(row), &[]],
            FacetField::Places { role: RoleOfPlace::About, .. } => [self.about_of.get(row), &[]],
            FacetField::Places { role: RoleOfPlace::Any, .. } => [self.dateline_of.get(row), self.about_of.get(row)],
            FacetField::Kinds | FacetField::Languages => [&[], &[]],
        }
    }
}

impl Tally {
    fn new(snapshot: &Snapshot, field: FacetField) -> Self {
        let (topics, places) = (snapshot.topics(), snapshot.places());
        let all = |count: usize| (0..count as u32).collect::<Vec<_>>();
        let (size, candidates) = match field {
            FacetField::Topics { under: Some(topic), .. } => (topics.len(), topics.narrower(topic).to_vec()),
            FacetField::Topics { .. } => (topics.len(), topics.numbers().collect()),
            FacetField::Places { level: Some(kind), .. } => {
                (places.len(), places.numbers().filter(|&number| places.get(number).kind == kind).collect())
            }
            FacetField::Places { .. } => (places.len(), places.numbers().collect()),
            FacetField::Kinds => (ReleaseKind::ALL.len(), all(ReleaseKind::ALL.len())),
            FacetField::Languages => (snapshot.languages.len(), all(snapshot.languages.len())),
        };
        let wanted: RoaringBitmap = candidates.iter().copied().collect();
        let (starts, values) = match field {
            FacetField::Topics { roll_up, .. } => upward(topics, &wanted, roll_up),
            FacetField::Places { level, .. } => upward(places, &wanted, level.is_some()),
            FacetField::Kinds | FacetField::Languages => (Vec::new(), Vec::new()),
        };
        Self {
            field,
            candidates,
            starts,
            values,
            bits: (0..size).map(|_| OnceLock::new()).collect(),
            with_value: OnceLock::new(),
            whole: [OnceLock::new(), OnceLock::new(), OnceLock::new()],
        }
    }

    /// The releases that count for a value, whoever may see them.
    pub(super) fn bits(&self, snapshot: &Snapshot, value: u32) -> Bits {
        let worked_out = || match self.field {
            FacetField::Topics { roll_up: true, .. } => snapshot.rolled_up(value),
            FacetField::Topics { .. } => snapshot.by_topic.get(value).cloned().unwrap_or_default(),
            FacetField::Places { level, role } => {
                let places = match level {
                    Some(_) => snapshot.places().closure(value),
                    None => RoaringBitmap::from([value]),
                };
                snapshot.with_places(role, &places)
            }
            FacetField::Kinds => snapshot.by_kind.get(value).cloned().unwrap_or_default(),
            FacetField::Languages => snapshot.languages.bits.get(value).cloned().unwrap_or_default(),
        };
        self.bits[value as usize].get_or_init(worked_out).clone()
    }

    /// The releases that count for any value, whoever may see them.
    fn with_value(&self, snapshot: &Snapshot) -> &Bits {
        self.with_value.get_or_init(|| match self.field {
            FacetField::Topics { under: None, .. } => snapshot.with_topics.clone(),
            FacetField::Places { level: None, role } => snapshot.with_any_place(role),
            FacetField::Kinds | FacetField::Languages => snapshot.all.clone(),
            FacetField::Topics { .. } | FacetField::Places { .. } => {
                let mut any = RoaringBitmap::new();
                self.candidates.iter().for_each(|&value| any |= &*self.bits(snapshot, value));
                Bits::new(any)
            }
        })
    }

    /// Counts a set.
    ///
    /// Cost: a walk over the assignments of the set's releases, or one intersection a value; whichever is less. Everything
    /// that is public, everything there is, and what a filter lets through of it, are counted once a snapshot.
    pub(super) fn count(&self, set: &ReleaseSet) -> Arc<Counts> {
        match (set.whole_of(), set.filter()) {
            (Some(audience), _) => self.whole[audience as usize].get_or_init(|| Arc::new(self.count_bits(set))).clone(),
            // Small sets are counted as quickly as looked up.
            (None, Some(filter)) if set.count() > WORTH_KEEPING => match filter.text() {
                Some(text) if text.len() <= LONGEST_FILTER => {
                    let question = (self.field, set.audience(), text);
                    set.snapshot().memo.counted(question, || self.count_bits(set))
                }
                _ => Arc::new(self.count_bits(set)),
            },
            _ => Arc::new(self.count_bits(set)),
        }
    }

    fn count_bits(&self, set: &ReleaseSet) -> Counts {
        let snapshot = set.snapshot();
        // A step of a walk costs about as much as a few words of an intersection.
        let sparse = !self.starts.is_empty() && set.count() < snapshot.len() / 4;
        if sparse { self.walked(set) } else { self.intersected(set) }
    }

    fn intersected(&self, set: &ReleaseSet) -> Counts {
        let mut by_value = vec![0; self.bits.len()];
        for &value in &self.candidates {
            by_value[value as usize] = set.bits.intersection_len(&self.bits(set.snapshot(), value));
        }
        Counts { by_value, with_value: set.bits.intersection_len(self.with_value(set.snapshot())) }
    }

    /// The lists to count by where every concept counts for itself alone and is named once a release.
    fn plain_lists<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Lists<u32>> {
        match self.field {
            FacetField::Topics { roll_up: false, under: None } => Some(&snapshot.topics_of),
            FacetField::Places { level: None, role: RoleOfPlace::Dateline } => Some(&snapshot.dateline_of),
            FacetField::Places { level: None, role: RoleOfPlace::About } => Some(&snapshot.about_of),
            _ => None,
        }
    }

    fn walked(&self, set: &ReleaseSet) -> Counts {
        let snapshot = set.snapshot();
        let mut counts = Counts { by_value: vec![0; self.bits.len()], with_value: 0 };
        if let Some(lists) = self.plain_lists(snapshot) {
            for row in set.rows() {
                let concepts = lists.get(row);
                concepts.iter().for_each(|&concept| counts.by_value[concept as usize] += 1);
                counts.with_value += u64::from(!concepts.is_empty());
            }
            return counts;
        }
        // The last release that was counted for each value: a release counts once, by however many concepts.
        let mut last = vec![u32::MAX; self.bits.len()];
        for row in set.rows() {
            let mut any = false;
            for concept in snapshot.concepts_of(self.field, row).into_iter().flatten() {
                let span = self.starts[*concept as usize] as usize..self.starts[*concept as usize + 1] as usize;
                for &value in &self.values[span] {
                    any = true;
                    if last[value as usize] != row {
                        last[value as usize] = row;
                        counts.by_value[value as usize] += 1;
                    }
                }
            }
            counts.with_value += u64::from(any);
        }
        counts
    }
}

/// For each concept the wanted ones that it counts for: itself and, rolled up, those above it.
fn upward<T: Concept>(vocabulary: &Vocabulary<T>, wanted: &RoaringBitmap, roll_up: bool) -> (Vec<u32>, Vec<u32>) {
    let (mut starts, mut values) = (vec![0], Vec::new());
    for number in 0..vocabulary.len() as u32 {
        let above = if roll_up { vocabulary.ancestors(number) } else { Vec::new() };
        values.extend(std::iter::once(number).chain(above).filter(|&value| wanted.contains(value)));
        starts.push(values.len() as u32);
    }
    (starts, values)
}
