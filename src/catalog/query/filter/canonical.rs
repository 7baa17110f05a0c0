//! Canonical form of a filter. A cursor is bound to this form, so the cursor is valid only for the filter that it was
//! made with.
//!
//! Filters that differ only in notation have equal canonical forms. Conditions that match everything are omitted,
//! lists are sorted without duplicates, a concept is represented by its id no matter how the filter refers to it, and
//! nested conjunctions are flattened. Filters with equal forms match the same releases. Filters with different forms
//! may also match the same releases, because Boolean expressions are not minimised.
//!
//! A form contains no numbers of a snapshot, so it is the same on every server. Its serialised text must stay stable:
//! do not reorder the enum variants.

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

/// A filter in canonical form: a conjunction of clauses, sorted and without duplicates. Clauses that match everything
/// are omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CanonicalFilter {
    clauses: Vec<Clause>,
}

/// One condition of a canonical filter. Its lists are sorted, without duplicates, and not empty, except in
/// [`Clause::AnyOf`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Clause {
    /// At least one of these filters matches. The empty list matches nothing.
    AnyOf(Vec<CanonicalFilter>),
    /// This filter does not match.
    Not(CanonicalFilter),
    /// The release has one of these ids.
    Ids(Vec<Uuid>),
    /// The release is of one of these kinds.
    Kinds(Vec<ReleaseKind>),
    /// The release is in one of these states.
    States(Vec<ReleaseState>),
    /// The release's language is one of these tags (in lower case) or a more specific tag.
    Languages(Vec<String>),
    /// One of these subjects created the release.
    Authors(Vec<String>),
    /// Whether the release has both a live and a working revision.
    HasWorking(bool),
    /// The release has at least one of these concepts. If the flag is set, narrower concepts count, too.
    HasConcept(ConceptField, bool, Vec<Uuid>),
    /// The release does not have this concept. If the flag is set, the release has no narrower concept either.
    HasNotConcept(ConceptField, bool, Uuid),
    /// True: the release has no concept in the field. False: the release has at least one.
    MissesConcept(ConceptField, bool),
    /// The release has a place near a point. The numbers are latitude, longitude and kilometres, as bits of IEEE 754
    /// numbers.
    Near(PlaceRoleFilter, [u64; 3]),
    /// First and last release date. At least one of them is set.
    ReleaseDate(Option<NaiveDate>, Option<NaiveDate>),
    /// First and last instant of publication, in microseconds since 1970. If neither is set, the clause matches every
    /// release that was ever published, which is not every release.
    PublishedAt(Option<i64>, Option<i64>),
    /// First and last instant of modification, in microseconds since 1970. At least one of them is set.
    ModifiedAt(Option<i64>, Option<i64>),
}

/// The concepts of a release that a condition refers to: its topics, or its places in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum ConceptField {
    Topics,
    Places(PlaceRoleFilter),
}

impl Clause {
    /// The clause that matches nothing.
    const MATCHES_NONE: Self = Self::AnyOf(Vec::new());

    /// Returns the clause for a list of alternatives. An empty list matches nothing.
    fn one_of<T: Ord>(values: Vec<T>, clause: impl FnOnce(Vec<T>) -> Self) -> Self {
        if values.is_empty() { Self::MATCHES_NONE } else { clause(sorted_unique(values)) }
    }
}

impl CanonicalFilter {
    /// Returns whether this is the form of an empty filter, which matches everything.
    pub fn matches_all(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Adds the clauses for the lists of topics or places in a filter. Returns `None` if a concept that a list refers
    /// to does not exist.
    fn add_concepts<T: Concept>(
        &mut self,
        vocabulary: &Vocabulary<T>,
        field: ConceptField,
        include_descendants: bool,
        [any, all, none]: [&Option<Vec<ConceptRef>>; 3],
    ) -> Option<()> {
        let key = |reference: &ConceptRef| Some(vocabulary.get(vocabulary.find(reference)?).id);
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
        // Adding 0.0 turns -0.0 into 0.0. The two numbers are equal, but their bits differ.
        let bits =
            |near: &Near| [near.latitude, near.longitude, near.kilometres].map(|number| (number + 0.0).to_bits());
        self.clauses.extend(places.near.as_ref().map(|near| Clause::Near(places.role, bits(near))));
        Some(())
    }

    /// Adds the clauses for ranges of dates and instants. Every release has a release date and a modification time,
    /// so an open range of these is omitted. Not every release was published, so an open range of publication times
    /// is kept.
    fn add_ranges(&mut self, filter: &ReleaseFilter) {
        let micros = |range: &Range<DateTime<Utc>>| {
            // The catalog compares instants with a precision of microseconds.
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

    /// Adds the clause for a disjunction (`or`).
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
    /// Returns the canonical form of the filter, or `None` if the filter names a topic or place that does not exist
    /// in the snapshot. A filter that was applied to a set of the same snapshot always has a form. The cost is
    /// O(n · log n) in the size of the filter. The function recurses as deep as filters are nested.
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
