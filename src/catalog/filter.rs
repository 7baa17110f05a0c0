//! A filter: which releases of a set to keep. Conditions of one filter hold together; `and`, `or`, `not` combine filters.
//!
//! A list that is given but empty is taken at its word: `any` of nothing keeps nothing, `all` or `none` of nothing keep
//! everything. A topic or place that does not exist is a fault, not an empty answer: a mistyped slug must not look like a quiet year.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseKind, ReleaseState};
use roaring::RoaringBitmap;
use serde::Serialize;
use uuid::Uuid;

use super::{
    OrderKey, ReleaseSet, Snapshot,
    bits::{BitTable, Bits, Kept},
    condition::{PlaceSetFilter, TopicSetFilter},
    dated::FEW,
    facet::FacetField,
    fault::FilterFault,
    snapshot::{NEVER, days},
};

/// How deep filters may be nested in each other.
pub const MAX_DEPTH: usize = 16;

/// Points that one filter may look around: each is held against every place.
pub const MAX_NEAR: usize = 10;

/// Which releases to keep, as it was written. [`Self::canonical`] compares filters that are written differently.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReleaseFilter {
    /// All of these hold.
    pub and: Option<Vec<ReleaseFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<ReleaseFilter>>,
    /// This does not hold.
    pub not: Option<Box<ReleaseFilter>>,
    /// It is one of these; ids that lead nowhere, or to what may not be seen, keep nothing.
    pub ids: Option<Vec<Uuid>>,
    /// It is of one of these kinds.
    pub kinds: Option<Vec<ReleaseKind>>,
    /// Its topics.
    pub topics: Option<TopicSetFilter>,
    /// Its places.
    pub places: Option<PlaceSetFilter>,
    /// It is in one of these languages, or in a more specific form of one.
    pub languages: Option<Vec<String>>,
    /// Its release date.
    pub release_date: Option<Range<NaiveDate>>,
    /// When it was last made public.
    pub published_at: Option<Range<DateTime<Utc>>>,
    /// When what its readers see last changed.
    pub modified_at: Option<Range<DateTime<Utc>>>,
    /// It is in one of these states.
    pub states: Option<Vec<ReleaseState>>,
    /// Whether a version is being worked on beside its live one.
    pub has_working: Option<bool>,
    /// It was created by one of these subjects.
    pub authors: Option<Vec<String>>,
}

/// A range, both ends included; an absent end is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Range<T> {
    /// Not before this.
    pub from: Option<T>,
    /// Not after this.
    pub until: Option<T>,
}

/// A sort of conditions that a facet has, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// On topics.
    Topics,
    /// On places.
    Places,
    /// On kinds.
    Kinds,
    /// On languages.
    Languages,
}

impl Condition {
    /// Those on a facet's own field.
    pub(super) fn of(field: FacetField) -> Self {
        match field {
            FacetField::Topics { .. } => Self::Topics,
            FacetField::Places { .. } => Self::Places,
            FacetField::Kinds => Self::Kinds,
            FacetField::Languages => Self::Languages,
        }
    }
}

impl ReleaseFilter {
    /// The members of a set that the filter keeps.
    pub(super) fn apply<'a>(&self, set: &'a ReleaseSet) -> Result<Kept<'a>, FilterFault> {
        let near = |filter: &&Self| filter.places.as_ref().is_some_and(|places| places.near.is_some());
        if self.all().into_iter().filter(near).count() > MAX_NEAR {
            return Err(FilterFault::invalid(format!(
                "there are more than {MAX_NEAR} conditions `near` in the filter: ask for fewer, or for larger surroundings"
            )));
        }
        self.keep(Kept::all_of(&set.bits), set.snapshot(), set.is_desk(), 0)
    }

    /// It and all filters within it.
    fn all(&self) -> Vec<&Self> {
        let mut found = vec![self];
        let mut at = 0;
        while at < found.len() {
            let filter = found[at];
            found.extend(filter.and.iter().chain(&filter.or).flatten().chain(filter.not.as_deref()));
            at += 1;
        }
        found
    }

    /// How large it is: the filters within it, each with ten more for every point that it looks around.
    pub fn weight(&self) -> usize {
        let near = |filter: &Self| filter.places.as_ref().is_some_and(|places| places.near.is_some());
        self.all().into_iter().map(|filter| if near(filter) { 11 } else { 1 }).sum()
    }

    /// Whether topics or places decide what it keeps.
    pub fn asks_for_concepts(&self) -> bool {
        self.all().iter().any(|filter| filter.topics.is_some() || filter.places.is_some())
    }

    /// Its text as written: filters with the same text keep the same.
    pub(super) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The filter itself and, all the way down, those of its `and`: what holds whatever else does.
    fn conjunction(&self) -> Vec<&Self> {
        let mut found = vec![self];
        let mut at = 0;
        while at < found.len() {
            found.extend(found[at].and.iter().flatten());
            at += 1;
        }
        found
    }

    /// Whether it has a condition of a sort that holds whatever else does.
    pub(super) fn has(&self, condition: Condition) -> bool {
        self.conjunction().iter().any(|filter| match condition {
            Condition::Topics => filter.topics.is_some(),
            Condition::Places => filter.places.is_some(),
            Condition::Kinds => filter.kinds.is_some(),
            Condition::Languages => filter.languages.is_some(),
        })
    }

    /// The same without such conditions. Those inside `or` and `not` stay: taken out, the rest would mean something else.
    pub(super) fn without(&self, condition: Condition) -> Self {
        let mut filter = self.clone();
        match condition {
            Condition::Topics => filter.topics = None,
            Condition::Places => filter.places = None,
            Condition::Kinds => filter.kinds = None,
            Condition::Languages => filter.languages = None,
        }
        filter.and = filter.and.map(|filters| filters.iter().map(|filter| filter.without(condition)).collect());
        filter
    }

    /// The values that such conditions ask for by name: of topics and places those of `any` and `all`.
    pub(super) fn named(&self, condition: Condition, snapshot: &Snapshot) -> RoaringBitmap {
        let mut named = RoaringBitmap::new();
        for filter in self.conjunction() {
            match condition {
                Condition::Topics => {
                    let topics = filter.topics.iter().flat_map(|topics| topics.any.iter().chain(&topics.all)).flatten();
                    named.extend(topics.filter_map(|reference| snapshot.topics().find(reference)));
                }
                Condition::Places => {
                    let places = filter.places.iter().flat_map(|places| places.any.iter().chain(&places.all)).flatten();
                    named.extend(places.filter_map(|reference| snapshot.places().find(reference)));
                }
                Condition::Kinds => named.extend(filter.kinds.iter().flatten().map(|&kind| kind as u32)),
                Condition::Languages => named.extend(snapshot.languages_of(filter.languages.iter().flatten())),
            }
        }
        named
    }

    fn keep<'a>(
        &self,
        mut kept: Kept<'a>,
        snapshot: &Snapshot,
        desk: bool,
        depth: usize,
    ) -> Result<Kept<'a>, FilterFault> {
        if depth > MAX_DEPTH {
            return Err(FilterFault::invalid(format!(
                "filters are nested more than {MAX_DEPTH} deep: flatten the filter"
            )));
        }
        if let Some(kinds) = &self.kinds {
            kept.only_any(&snapshot.by_kind, kinds.iter().map(|&kind| kind as u32));
        }
        if let Some(states) = &self.states {
            kept.only_any(&snapshot.by_state, states.iter().map(|&state| state as u32));
        }
        if let Some(topics) = &self.topics {
            topics.keep(&mut kept, snapshot).map_err(|fault| fault.within("topics"))?;
        }
        if let Some(places) = &self.places {
            places.keep(&mut kept, snapshot).map_err(|fault| fault.within("places"))?;
        }
        if let Some(languages) = &self.languages {
            kept.only_any(&snapshot.languages.bits, snapshot.languages_of(languages));
        }
        // Who wrote, and what is being worked on, is the desk's: to everybody else there is none of either.
        if let Some(authors) = &self.authors {
            let authors = if desk { authors.as_slice() } else { &[] };
            let numbers = authors.iter().filter_map(|author| snapshot.authors.number(author));
            kept.only_any(&snapshot.authors.bits, numbers);
        }
        match self.has_working {
            Some(true) if !desk => kept = Kept::nothing(),
            Some(false) if !desk => {}
            Some(true) => kept.only(&snapshot.with_working),
            Some(false) => kept.but(&snapshot.with_working),
            None => {}
        }
        if let Some(ids) = &self.ids {
            kept.only(&Bits::new(ids.iter().filter_map(|&id| snapshot.row_by_id(id)).collect()));
        }
        kept.settle();
        if let Some(range) = &self.release_date {
            let span = range.span(|&date| i64::from(days(date))).map_err(|fault| fault.within("releaseDate"))?;
            snapshot.only_dated(&mut kept, &span);
        }
        if let Some(range) = &self.published_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|fault| fault.within("publishedAt"))?;
            kept = Kept::from(snapshot.between(&kept, OrderKey::PublishedAt, &span));
        }
        if let Some(range) = &self.modified_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|fault| fault.within("modifiedAt"))?;
            kept = Kept::from(snapshot.between(&kept, OrderKey::ModifiedAt, &span));
        }
        for (number, filter) in self.and.iter().flatten().enumerate() {
            let step = |fault: FilterFault| fault.within(number.to_string()).within("and");
            kept = filter.keep(kept, snapshot, desk, depth + 1).map_err(step)?;
        }
        if let Some(filters) = &self.or {
            let mut any = RoaringBitmap::new();
            for (number, filter) in filters.iter().enumerate() {
                let step = |fault: FilterFault| fault.within(number.to_string()).within("or");
                any |= &*filter.keep(kept.borrowed(), snapshot, desk, depth + 1).map_err(step)?;
            }
            kept = Kept::from(any);
        }
        if let Some(filter) = &self.not {
            let not = filter.keep(kept.borrowed(), snapshot, desk, depth + 1).map_err(|fault| fault.within("not"))?;
            let not = not.into_owned();
            kept.but(&not);
        }
        Ok(kept)
    }
}

impl<T: PartialOrd + std::fmt::Display> Range<T> {
    /// The range in the catalog's numbers.
    fn span(&self, number: impl Fn(&T) -> i64) -> Result<RangeInclusive<i64>, FilterFault> {
        if let (Some(from), Some(until)) = (&self.from, &self.until)
            && from > until
        {
            return Err(FilterFault::invalid(format!("`from` ({from}) is after `until` ({until}): exchange the two")));
        }
        // An open end reaches to the first and last thing that ever happened, not to what never did.
        Ok(self.from.as_ref().map_or(NEVER + 1, &number)..=self.until.as_ref().map_or(i64::MAX, &number))
    }
}

impl Snapshot {
    /// The members whose value lies in a range. Costs the size of the set or of the range, whichever is smaller.
    pub(super) fn between(&self, members: &RoaringBitmap, by: OrderKey, span: &RangeInclusive<i64>) -> RoaringBitmap {
        let order = self.order(by);
        let value = |row: u32| self.order_value(by, row);
        // Dense sets: walk the range of the order, at most as far as the set is large.
        if members.len() > FEW {
            let from = order.seek(|row| value(row).cmp(span.start()));
            let limit = members.len() as usize / 2;
            let rows: Vec<u32> =
                order.ascending_from(from).take_while(|&row| value(row) <= *span.end()).take(limit).collect();
            if rows.len() < limit {
                return members & rows.into_iter().collect::<RoaringBitmap>();
            }
        }
        members.iter().filter(|&row| span.contains(&value(row))).collect()
    }

    /// The numbers of all languages that are forms of one of these.
    fn languages_of<'a>(&self, tags: impl IntoIterator<Item = &'a String> + Clone) -> impl Iterator<Item = u32> {
        (0..self.languages.len() as u32).filter(move |&number| {
            tags.clone().into_iter().any(|wanted| is_form_of(self.languages.name(number), wanted))
        })
    }
}

/// The union of the sets of some values.
pub(super) fn union(table: &BitTable, values: impl IntoIterator<Item = u32>) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for bits in values.into_iter().filter_map(|value| table.get(value)) {
        all |= &**bits;
    }
    all
}

/// Basic filtering of RFC 4647: `pt` takes in `pt-BR`, without regard to case.
fn is_form_of(tag: &str, wanted: &str) -> bool {
    tag.len() >= wanted.len()
        && tag.is_char_boundary(wanted.len())
        && tag[..wanted.len()].eq_ignore_ascii_case(wanted)
        && (tag.len() == wanted.len() || tag.as_bytes()[wanted.len()] == b'-')
}
