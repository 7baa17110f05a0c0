//! Canonical form of a filter, which cursors are bound to (a cursor is valid only for the filter it was made with).
//!
//! Filters that differ only in notation have equal forms: conditions that match everything are omitted, lists are
//! sorted without duplicates, a concept is its id however it was referenced, nested conjunctions are flattened. Equal
//! forms match the same releases; the reverse does not hold in general, because boolean expressions are not minimised.
//! A form has no numbers of a snapshot in it, so it is equal on every server. Its serialized text is stable: do not
//! reorder variants.

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseKind, ReleaseState};
use serde::Serialize;
use uuid::Uuid;

use super::{
    Range, ReleaseFilter,
    concept_filter::{ConceptRef, PlaceSetFilter, TopicSetFilter},
    near::Near,
};
use crate::catalog::{
    query::facet_field::PlaceRoleFilter,
    snapshot::Snapshot,
    store::vocabulary::{Concept, Vocabulary},
};

/// A filter as a conjunction of clauses, sorted and without duplicates, and without clauses that match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CanonicalFilter {
    clauses: Vec<Clause>,
}

/// A condition. Lists are sorted, without duplicates, and not empty, except in [`Clause::AnyOf`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Clause {
    /// At least one of these matches. Empty: nothing matches.
    AnyOf(Vec<CanonicalFilter>),
    /// This does not match.
    Not(CanonicalFilter),
    /// One of these ids.
    Ids(Vec<Uuid>),
    /// One of these kinds.
    Kinds(Vec<ReleaseKind>),
    /// One of these states.
    States(Vec<ReleaseState>),
    /// One of these languages, in lower case, or a more specific form of one.
    Languages(Vec<String>),
    /// One of these authors.
    Authors(Vec<String>),
    /// Whether there is a working revision.
    HasWorking(bool),
    /// At least one of these concepts or, with the flag, of those below them.
    HasConcept(ConceptField, bool, Vec<Uuid>),
    /// Not this concept, nor, with the flag, one below it.
    HasNotConcept(ConceptField, bool, Uuid),
    /// True: no concept; false: at least one.
    MissesConcept(ConceptField, bool),
    /// A place near a point: latitude, longitude and kilometres as bits of IEEE 754 numbers.
    Near(PlaceRoleFilter, [u64; 3]),
    /// The release date; at least one end is set.
    ReleaseDate(Option<NaiveDate>, Option<NaiveDate>),
    /// Microseconds since 1970. Without ends it matches everything that was ever published, which is not all
    /// releases.
    PublishedAt(Option<i64>, Option<i64>),
    /// Microseconds since 1970; at least one end is set.
    ModifiedAt(Option<i64>, Option<i64>),
}

/// The concepts of a release that a condition refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum ConceptField {
    Topics,
    Places(PlaceRoleFilter),
}

impl Clause {
    /// The clause that matches nothing.
    const MATCHES_NONE: Self = Self::AnyOf(Vec::new());

    /// The clause of a list of alternatives.
    fn one_of<T: Ord>(values: Vec<T>, clause: impl FnOnce(Vec<T>) -> Self) -> Self {
        if values.is_empty() { Self::MATCHES_NONE } else { clause(sorted_unique(values)) }
    }
}

impl CanonicalFilter {
    /// Whether this is the form of the empty filter.
    pub fn matches_all(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Adds the clauses of lists of references to topics or places. `None` if a reference leads nowhere.
    fn add_concepts<T: Concept>(
        &mut self,
        vocabulary: &Vocabulary<T>,
        field: ConceptField,
        include_descendants: bool,
        [any, all, none]: [&Option<Vec<ConceptRef>>; 3],
    ) -> Option<()> {
        let key = |reference: &ConceptRef| Some(vocabulary.get(vocabulary.find(reference)?).id());
        if let Some(any) = any {
            let keys = any.iter().map(key).collect::<Option<Vec<_>>>()?;
            self.clauses.push(Clause::one_of(keys, |keys| Clause::HasConcept(field, include_descendants, keys)));
        }
        for reference in all.iter().flatten() {
            self.clauses.push(Clause::HasConcept(field, include_descendants, vec![key(reference)?]));
        }
        for reference in none.iter().flatten() {
            self.clauses.push(Clause::HasNotConcept(field, include_descendants, key(reference)?));
        }
        Some(())
    }

    fn add_topics(&mut self, topics: &TopicSetFilter, snapshot: &Snapshot) -> Option<()> {
        let lists = [&topics.any, &topics.all, &topics.none];
        self.add_concepts(snapshot.topics(), ConceptField::Topics, topics.include_narrower, lists)?;
        self.clauses.extend(topics.missing.map(|missing| Clause::MissesConcept(ConceptField::Topics, missing)));
        Some(())
    }

    fn add_places(&mut self, places: &PlaceSetFilter, snapshot: &Snapshot) -> Option<()> {
        let (field, lists) = (ConceptField::Places(places.role), [&places.any, &places.all, &places.none]);
        self.add_concepts(snapshot.places(), field, places.include_within, lists)?;
        self.clauses.extend(places.missing.map(|missing| Clause::MissesConcept(field, missing)));
        // 0.0 and -0.0 are equal numbers with different bits.
        let bits =
            |near: &Near| [near.latitude, near.longitude, near.kilometres].map(|number| (number + 0.0).to_bits());
        self.clauses.extend(places.near.as_ref().map(|near| Clause::Near(places.role, bits(near))));
        Some(())
    }

    /// Adds the clauses of dates and instants. Every release has a release date and a modification time, but not
    /// every one was published.
    fn add_ranges(&mut self, filter: &ReleaseFilter) {
        let micros = |range: &Range<DateTime<Utc>>| {
            // The catalog compares instants to the microsecond.
            (range.from.map(|at| at.timestamp_micros()), range.until.map(|at| at.timestamp_micros()))
        };
        if let Some(Range { from, until }) = filter.release_date
            && (from.is_some() || until.is_some())
        {
            self.clauses.push(Clause::ReleaseDate(from, until));
        }
        if let Some((from, until)) = filter.published_at.as_ref().map(micros) {
            self.clauses.push(Clause::PublishedAt(from, until));
        }
        if let Some((from, until)) = filter.modified_at.as_ref().map(micros)
            && (from.is_some() || until.is_some())
        {
            self.clauses.push(Clause::ModifiedAt(from, until));
        }
    }

    /// Adds a disjunction.
    fn add_any(&mut self, filters: &[ReleaseFilter], snapshot: &Snapshot) -> Option<()> {
        let mut members = Vec::with_capacity(filters.len());
        for filter in filters {
            let mut member = filter.canonical(snapshot)?;
            match member.clauses.as_mut_slice() {
                [Clause::AnyOf(inner)] => members.append(inner),
                _ => members.push(member),
            }
        }
        let mut members = sorted_unique(members);
        if members.iter().any(Self::matches_all) {
            return Some(());
        }
        match members.as_mut_slice() {
            [member] => self.clauses.append(&mut member.clauses),
            _ => self.clauses.push(Clause::AnyOf(members)),
        }
        Some(())
    }
}

impl ReleaseFilter {
    /// The canonical form; `None` if the filter names a topic or place that does not exist in the snapshot, which
    /// never happens for a filter that was applied to a set of the snapshot. O(n · log n) in the size of the filter.
    /// Recurses as deep as filters are nested.
    pub fn canonical(&self, snapshot: &Snapshot) -> Option<CanonicalFilter> {
        let mut form = CanonicalFilter::default();
        form.clauses.extend(self.ids.clone().map(|ids| Clause::one_of(ids, Clause::Ids)));
        form.clauses.extend(self.kinds.clone().map(|kinds| Clause::one_of(kinds, Clause::Kinds)));
        form.clauses.extend(self.states.clone().map(|states| Clause::one_of(states, Clause::States)));
        let lower_case = |tags: &Vec<String>| tags.iter().map(|tag| tag.to_ascii_lowercase()).collect();
        form.clauses.extend(self.languages.as_ref().map(|tags| Clause::one_of(lower_case(tags), Clause::Languages)));
        form.clauses.extend(self.authors.clone().map(|authors| Clause::one_of(authors, Clause::Authors)));
        form.clauses.extend(self.has_working.map(Clause::HasWorking));
        if let Some(topics) = &self.topics {
            form.add_topics(topics, snapshot)?;
        }
        if let Some(places) = &self.places {
            form.add_places(places, snapshot)?;
        }
        form.add_ranges(self);
        for filter in self.and.iter().flatten() {
            form.clauses.append(&mut filter.canonical(snapshot)?.clauses);
        }
        if let Some(filters) = &self.or {
            form.add_any(filters, snapshot)?;
        }
        if let Some(filter) = &self.not {
            let filter = filter.canonical(snapshot)?;
            form.clauses.push(if filter.matches_all() { Clause::MATCHES_NONE } else { Clause::Not(filter) });
        }
        form.clauses = sorted_unique(form.clauses);
        Some(form)
    }
}

/// Sorts a list and removes duplicates.
fn sorted_unique<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}
