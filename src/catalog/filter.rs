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
    ReleaseSet, Snapshot,
    bits::{BitTable, Bits},
    fault::FilterFault,
    snapshot::{NEVER, days},
    vocabulary::{Code, Concept, Vocabulary},
};

/// How deep filters may be nested in each other.
pub const MAX_DEPTH: usize = 16;

/// Which releases to keep. Serialises to a canonical text, which cursors are bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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

/// What a topic or place is named by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ConceptRef {
    /// Its key.
    Id(Uuid),
    /// An address it has or had.
    Slug(String),
    /// Topics and places: its URI.
    Uri(String),
    /// Places: ISO 3166-1, two or three letters.
    Iso3166(String),
    /// Places: UN M49, three digits.
    M49(String),
    /// Places: GeoNames.
    Geonames(i32),
}

/// Conditions on the topics of a release; all that are given hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicSetFilter {
    /// It has at least one of these.
    pub any: Option<Vec<ConceptRef>>,
    /// It has every one of these.
    pub all: Option<Vec<ConceptRef>>,
    /// It has none of these.
    pub none: Option<Vec<ConceptRef>>,
    /// True: it has no topic at all; false: it has one.
    pub missing: Option<bool>,
    /// A narrower topic counts as the topic.
    pub include_narrower: bool,
}

/// Conditions on the places of a release; all that are given hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceSetFilter {
    /// It has at least one of these.
    pub any: Option<Vec<ConceptRef>>,
    /// It has every one of these.
    pub all: Option<Vec<ConceptRef>>,
    /// It has none of these.
    pub none: Option<Vec<ConceptRef>>,
    /// True: it has no place in this role; false: it has one.
    pub missing: Option<bool>,
    /// In which role.
    pub role: RoleOfPlace,
    /// A place within counts as the place.
    pub include_within: bool,
}

/// What a place is to a release, for a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RoleOfPlace {
    /// Where it was filed.
    Dateline,
    /// What it is about.
    About,
    /// Either.
    Any,
}

impl<T: Concept> Vocabulary<T> {
    /// The concept that a reference names.
    pub fn find(&self, reference: &ConceptRef) -> Option<u32> {
        match reference {
            ConceptRef::Id(id) => self.by_id(*id),
            ConceptRef::Slug(slug) => self.by_slug(slug),
            ConceptRef::Uri(uri) => self.by_code(&Code::Uri(uri.clone())),
            ConceptRef::Iso3166(code) => self.by_code(&Code::Iso3166(code.to_ascii_uppercase())),
            ConceptRef::M49(code) => self.by_code(&Code::M49(code.clone())),
            ConceptRef::Geonames(id) => self.by_code(&Code::Geonames(*id)),
        }
    }
}

impl std::fmt::Display for ConceptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, value) = match self {
            Self::Id(id) => ("id", id.simple().to_string()),
            Self::Slug(slug) => ("slug", slug.clone()),
            Self::Uri(uri) => ("URI", uri.clone()),
            Self::Iso3166(code) => ("ISO 3166 code", code.clone()),
            Self::M49(code) => ("M49 code", code.clone()),
            Self::Geonames(id) => ("GeoNames id", id.to_string()),
        };
        write!(f, "{what} \"{}\"", value.chars().take(80).collect::<String>())
    }
}

impl ReleaseFilter {
    /// The members of a set that the filter keeps.
    pub(super) fn apply(&self, set: &ReleaseSet) -> Result<RoaringBitmap, FilterFault> {
        self.keep((*set.bits).clone(), set.snapshot(), set.is_desk(), 0)
    }

    fn keep(
        &self,
        mut kept: RoaringBitmap,
        snapshot: &Snapshot,
        desk: bool,
        depth: usize,
    ) -> Result<RoaringBitmap, FilterFault> {
        if depth > MAX_DEPTH {
            return Err(FilterFault::invalid(format!(
                "filters are nested more than {MAX_DEPTH} deep: flatten the filter"
            )));
        }
        if let Some(kinds) = &self.kinds {
            kept &= union(&snapshot.by_kind, kinds.iter().map(|&kind| kind as u32));
        }
        if let Some(states) = &self.states {
            kept &= union(&snapshot.by_state, states.iter().map(|&state| state as u32));
        }
        if let Some(topics) = &self.topics {
            topics.keep(&mut kept, snapshot).map_err(|fault| fault.within("topics"))?;
        }
        if let Some(places) = &self.places {
            places.keep(&mut kept, snapshot).map_err(|fault| fault.within("places"))?;
        }
        if let Some(languages) = &self.languages {
            let numbers = (0..snapshot.languages.len() as u32).filter(|&number| {
                let name = snapshot.languages.name(number);
                languages.iter().any(|wanted| is_form_of(name, wanted))
            });
            kept &= union(&snapshot.languages.bits, numbers);
        }
        // Who wrote, and what is being worked on, is the desk's: to everybody else there is none of either.
        if let Some(authors) = &self.authors {
            let authors = if desk { authors.as_slice() } else { &[] };
            kept &= union(&snapshot.authors.bits, authors.iter().filter_map(|author| snapshot.authors.number(author)));
        }
        match self.has_working {
            Some(true) if !desk => kept.clear(),
            Some(false) if !desk => {}
            Some(true) => kept &= &*snapshot.with_working,
            Some(false) => kept -= &*snapshot.with_working,
            None => {}
        }
        if let Some(ids) = &self.ids {
            kept &= ids.iter().filter_map(|&id| snapshot.row_by_id(id)).collect::<RoaringBitmap>();
        }
        if let Some(range) = &self.release_date {
            let span = range.span(|&date| i64::from(days(date))).map_err(|fault| fault.within("releaseDate"))?;
            kept = between(kept, snapshot, super::OrderKey::ReleaseDate, &span);
        }
        if let Some(range) = &self.published_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|fault| fault.within("publishedAt"))?;
            kept = between(kept, snapshot, super::OrderKey::PublishedAt, &span);
        }
        if let Some(range) = &self.modified_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|fault| fault.within("modifiedAt"))?;
            kept = between(kept, snapshot, super::OrderKey::ModifiedAt, &span);
        }
        for (number, filter) in self.and.iter().flatten().enumerate() {
            let step = |fault: FilterFault| fault.within(number.to_string()).within("and");
            kept = filter.keep(kept, snapshot, desk, depth + 1).map_err(step)?;
        }
        if let Some(filters) = &self.or {
            let mut any = RoaringBitmap::new();
            for (number, filter) in filters.iter().enumerate() {
                let step = |fault: FilterFault| fault.within(number.to_string()).within("or");
                any |= filter.keep(kept.clone(), snapshot, desk, depth + 1).map_err(step)?;
            }
            kept = any;
        }
        if let Some(filter) = &self.not {
            let not = filter.keep(kept.clone(), snapshot, desk, depth + 1).map_err(|fault| fault.within("not"))?;
            kept -= not;
        }
        Ok(kept)
    }
}

impl TopicSetFilter {
    fn keep(&self, kept: &mut RoaringBitmap, snapshot: &Snapshot) -> Result<(), FilterFault> {
        let with = self.missing.map(|_| &*snapshot.with_topics);
        let bits = |reference: &ConceptRef| {
            let number = snapshot.topics().find(reference).ok_or_else(|| {
                FilterFault::unknown(format!("there is no topic with the {reference}; `topics` lists those there are"))
            })?;
            Ok(if self.include_narrower {
                snapshot.rolled_up(number)
            } else {
                snapshot.by_topic.get(number).cloned().unwrap_or_default()
            })
        };
        concepts(kept, [&self.any, &self.all, &self.none], self.missing, with, bits)
    }
}

impl PlaceSetFilter {
    fn keep(&self, kept: &mut RoaringBitmap, snapshot: &Snapshot) -> Result<(), FilterFault> {
        let tables: &[&BitTable] = match self.role {
            RoleOfPlace::Dateline => &[&snapshot.by_dateline],
            RoleOfPlace::About => &[&snapshot.by_about],
            RoleOfPlace::Any => &[&snapshot.by_dateline, &snapshot.by_about],
        };
        let both;
        let with = match self.role {
            RoleOfPlace::Dateline => &*snapshot.with_dateline,
            RoleOfPlace::About => &*snapshot.with_about,
            RoleOfPlace::Any => {
                both = &*snapshot.with_dateline | &*snapshot.with_about;
                &both
            }
        };
        let bits = |reference: &ConceptRef| {
            let places = snapshot.places();
            let number = places.find(reference).ok_or_else(|| {
                FilterFault::unknown(format!("there is no place with the {reference}; `places` lists those there are"))
            })?;
            let numbers = if self.include_within { places.closure(number) } else { RoaringBitmap::from([number]) };
            let mut all = RoaringBitmap::new();
            for table in tables {
                all |= union(table, numbers.iter());
            }
            Ok(Bits::new(all))
        };
        concepts(kept, [&self.any, &self.all, &self.none], self.missing, self.missing.map(|_| with), bits)
    }
}

/// The part that conditions on topics and on places share.
fn concepts(
    kept: &mut RoaringBitmap,
    [any, all, none]: [&Option<Vec<ConceptRef>>; 3],
    missing: Option<bool>,
    with: Option<&RoaringBitmap>,
    bits: impl Fn(&ConceptRef) -> Result<Bits, FilterFault>,
) -> Result<(), FilterFault> {
    let find = |list: &'static str, number: usize, reference: &ConceptRef| {
        bits(reference).map_err(|fault| fault.within(number.to_string()).within(list))
    };
    if let Some(references) = any {
        if let [reference] = references.as_slice() {
            *kept &= &*find("any", 0, reference)?;
        } else {
            let mut found = RoaringBitmap::new();
            for (number, reference) in references.iter().enumerate() {
                found |= &*find("any", number, reference)?;
            }
            *kept &= found;
        }
    }
    for (number, reference) in all.iter().flatten().enumerate() {
        *kept &= &*find("all", number, reference)?;
    }
    for (number, reference) in none.iter().flatten().enumerate() {
        *kept -= &*find("none", number, reference)?;
    }
    match (missing, with) {
        (Some(true), Some(with)) => *kept -= with,
        (Some(false), Some(with)) => *kept &= with,
        _ => {}
    }
    Ok(())
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

/// The members whose value lies in a range. Costs the size of the set or of the range, whichever is smaller.
fn between(kept: RoaringBitmap, snapshot: &Snapshot, by: super::OrderKey, span: &RangeInclusive<i64>) -> RoaringBitmap {
    let order = snapshot.order(by);
    let value = |row: u32| snapshot.order_value(by, row);
    // Dense sets: walk the range of the order, at most as far as the set is large.
    if kept.len() > 4096 {
        let from = order.seek(|row| value(row).cmp(span.start()));
        let limit = kept.len() as usize / 2;
        let rows: Vec<u32> =
            order.ascending_from(from).take_while(|&row| value(row) <= *span.end()).take(limit).collect();
        if rows.len() < limit {
            return kept & rows.into_iter().collect::<RoaringBitmap>();
        }
    }
    kept.into_iter().filter(|&row| span.contains(&value(row))).collect()
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
