//! Release filter: which releases of a set match. Evaluates conditions, boolean operators and date ranges on bitmaps.
//!
//! All conditions of one filter must hold; `and`, `or` and `not` combine filters. An empty list is not an absent one:
//! `any` of nothing matches nothing, `all` and `none` of nothing match everything. An unknown topic or place is an
//! error, not an empty result. Bounds the nesting depth and the number of `near` conditions.
//!
//! - `concept_filter`: conditions on topics and places
//! - `near`: distance on the globe
//! - `canonical`: canonical form of a filter, bound into cursors
//! - `error`: errors of a filter, with their path

pub(crate) mod canonical;
pub(crate) mod concept_filter;
pub(crate) mod error;
pub(crate) mod near;

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseKind, ReleaseState};
use roaring::RoaringBitmap;
use serde::Serialize;
use uuid::Uuid;

use super::{facet_field::FacetCondition, view::View};
use crate::catalog::{
    sort::OrderKey,
    store::{
        bitmap::{Candidates, SharedBitmap},
        units::{NEVER, days},
    },
};
use concept_filter::{PlaceSetFilter, TopicSetFilter};
use error::FilterError;

/// Maximum nesting depth of filters.
pub const MAX_FILTER_DEPTH: usize = 16;

/// Maximum number of `near` conditions in one filter, because each is compared with every place.
pub const MAX_NEAR_CONDITIONS: usize = 10;

/// A filter as written. [`Self::canonical`] compares filters that are written differently.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReleaseFilter {
    /// All of these filters match.
    pub and: Option<Vec<ReleaseFilter>>,
    /// At least one of these filters matches.
    pub or: Option<Vec<ReleaseFilter>>,
    /// This filter does not match.
    pub not: Option<Box<ReleaseFilter>>,
    /// Releases with one of these ids. Unknown and hidden ids match nothing.
    pub ids: Option<Vec<Uuid>>,
    /// Releases of one of these kinds.
    pub kinds: Option<Vec<ReleaseKind>>,
    /// Conditions on the topics.
    pub topics: Option<TopicSetFilter>,
    /// Conditions on the places.
    pub places: Option<PlaceSetFilter>,
    /// Releases in one of these languages, or in a more specific form of one.
    pub languages: Option<Vec<String>>,
    /// The release date.
    pub release_date: Option<Range<NaiveDate>>,
    /// When it was last made public.
    pub published_at: Option<Range<DateTime<Utc>>>,
    /// When its visible content last changed.
    pub modified_at: Option<Range<DateTime<Utc>>>,
    /// Releases in one of these states.
    pub states: Option<Vec<ReleaseState>>,
    /// Whether there is a working revision beside the live one.
    pub has_working: Option<bool>,
    /// Releases created by one of these subjects.
    pub authors: Option<Vec<String>>,
}

/// A range with both ends included. A missing end is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Range<T> {
    /// The first value.
    pub from: Option<T>,
    /// The last value.
    pub until: Option<T>,
}

impl ReleaseFilter {
    /// The members of a set that match the filter.
    pub(in crate::catalog) fn apply<'a>(
        &self,
        members: &'a RoaringBitmap,
        view: &View,
        is_desk: bool,
    ) -> Result<Candidates<'a>, FilterError> {
        if self.flattened().into_iter().filter(|filter| filter.has_near()).count() > MAX_NEAR_CONDITIONS {
            return Err(FilterError::invalid(format!(
                "the filter has more than {MAX_NEAR_CONDITIONS} `near` conditions: use fewer, or larger circles"
            )));
        }
        self.apply_to(Candidates::all_of(members), view, is_desk, 0)
    }

    /// The filter and all filters within it.
    fn flattened(&self) -> Vec<&Self> {
        let mut filters = vec![self];
        let mut index = 0;
        while index < filters.len() {
            let filter = filters[index];
            filters.extend(filter.and.iter().chain(&filter.or).flatten().chain(filter.not.as_deref()));
            index += 1;
        }
        filters
    }

    /// Whether the filter itself has a `near` condition, ignoring nested filters.
    fn has_near(&self) -> bool {
        self.places.as_ref().is_some_and(|places| places.near.is_some())
    }

    /// The size of the filter: the number of filters within it, plus ten for every `near` condition.
    pub fn weight(&self) -> usize {
        self.flattened().into_iter().map(|filter| if filter.has_near() { 11 } else { 1 }).sum()
    }

    /// Whether topics or places decide what matches.
    pub fn uses_concepts(&self) -> bool {
        self.flattened().iter().any(|filter| filter.topics.is_some() || filter.places.is_some())
    }

    /// The filter as JSON. Filters with the same JSON match the same releases.
    pub(in crate::catalog) fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The filter itself and, recursively, those of its `and`: the conditions that always apply.
    fn conjunction(&self) -> Vec<&Self> {
        let mut filters = vec![self];
        let mut index = 0;
        while index < filters.len() {
            filters.extend(filters[index].and.iter().flatten());
            index += 1;
        }
        filters
    }

    /// Whether one of the conditions that always apply is on a field.
    pub(in crate::catalog) fn has(&self, condition: FacetCondition) -> bool {
        self.conjunction().iter().any(|filter| match condition {
            FacetCondition::Topics => filter.topics.is_some(),
            FacetCondition::Places => filter.places.is_some(),
            FacetCondition::Kinds => filter.kinds.is_some(),
            FacetCondition::Languages => filter.languages.is_some(),
        })
    }

    /// The filter without such conditions. Those inside `or` and `not` stay, because the rest would change its
    /// meaning.
    pub(in crate::catalog) fn without(&self, condition: FacetCondition) -> Self {
        let mut filter = self.clone();
        match condition {
            FacetCondition::Topics => filter.topics = None,
            FacetCondition::Places => filter.places = None,
            FacetCondition::Kinds => filter.kinds = None,
            FacetCondition::Languages => filter.languages = None,
        }
        filter.and = filter.and.map(|filters| filters.iter().map(|filter| filter.without(condition)).collect());
        filter
    }

    /// The values that such conditions name; of topics and places those of `any` and `all`.
    pub(in crate::catalog) fn selected_values(&self, condition: FacetCondition, view: &View) -> RoaringBitmap {
        let mut selected = RoaringBitmap::new();
        for filter in self.conjunction() {
            match condition {
                FacetCondition::Topics => {
                    let topics = filter.topics.iter().flat_map(|topics| topics.any.iter().chain(&topics.all)).flatten();
                    selected.extend(topics.filter_map(|reference| view.topics().find(reference)));
                }
                FacetCondition::Places => {
                    let places = filter.places.iter().flat_map(|places| places.any.iter().chain(&places.all)).flatten();
                    selected.extend(places.filter_map(|reference| view.places().find(reference)));
                }
                FacetCondition::Kinds => selected.extend(filter.kinds.iter().flatten().map(|&kind| kind as u32)),
                FacetCondition::Languages => {
                    selected.extend(view.languages_matching(filter.languages.iter().flatten()))
                }
            }
        }
        selected
    }

    fn apply_to<'a>(
        &self,
        mut candidates: Candidates<'a>,
        view: &View,
        is_desk: bool,
        depth: usize,
    ) -> Result<Candidates<'a>, FilterError> {
        if depth > MAX_FILTER_DEPTH {
            return Err(FilterError::invalid(format!(
                "filters are nested more than {MAX_FILTER_DEPTH} deep: flatten the filter"
            )));
        }
        if let Some(kinds) = &self.kinds {
            candidates.retain_any(&view.by_kind, kinds.iter().map(|&kind| kind as u32));
        }
        if let Some(states) = &self.states {
            candidates.retain_any(&view.by_state, states.iter().map(|&state| state as u32));
        }
        if let Some(topics) = &self.topics {
            topics.apply_to(&mut candidates, view).map_err(|error| error.at("topics"))?;
        }
        if let Some(places) = &self.places {
            places.apply_to(&mut candidates, view).map_err(|error| error.at("places"))?;
        }
        if let Some(languages) = &self.languages {
            candidates.retain_any(&view.languages.bitmaps, view.languages_matching(languages));
        }
        // Authors and working revisions are visible to the desk only; for other viewers no release has them.
        if let Some(authors) = &self.authors {
            let authors = if is_desk { authors.as_slice() } else { &[] };
            let numbers = authors.iter().filter_map(|author| view.authors.number(author));
            candidates.retain_any(&view.authors.bitmaps, numbers);
        }
        match self.has_working {
            Some(true) if !is_desk => candidates = Candidates::empty(),
            Some(false) if !is_desk => {}
            Some(true) => candidates.retain(&view.with_working),
            Some(false) => candidates.exclude(&view.with_working),
            None => {}
        }
        if let Some(ids) = &self.ids {
            candidates.retain(&SharedBitmap::new(ids.iter().filter_map(|&id| view.ordinal_by_id(id)).collect()));
        }
        candidates.flush();
        if let Some(range) = &self.release_date {
            let span = range.span(|&date| i64::from(days(date))).map_err(|error| error.at("releaseDate"))?;
            view.retain_dated(&mut candidates, &span);
        }
        if let Some(range) = &self.published_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|error| error.at("publishedAt"))?;
            candidates = Candidates::from(view.members_in_range(&candidates, OrderKey::PublishedAt, &span));
        }
        if let Some(range) = &self.modified_at {
            let span = range.span(DateTime::timestamp_micros).map_err(|error| error.at("modifiedAt"))?;
            candidates = Candidates::from(view.members_in_range(&candidates, OrderKey::ModifiedAt, &span));
        }
        for (number, filter) in self.and.iter().flatten().enumerate() {
            let step = |error: FilterError| error.at(number.to_string()).at("and");
            candidates = filter.apply_to(candidates, view, is_desk, depth + 1).map_err(step)?;
        }
        if let Some(filters) = &self.or {
            let mut any = RoaringBitmap::new();
            for (number, filter) in filters.iter().enumerate() {
                let step = |error: FilterError| error.at(number.to_string()).at("or");
                any |= &*filter.apply_to(candidates.borrowed(), view, is_desk, depth + 1).map_err(step)?;
            }
            candidates = Candidates::from(any);
        }
        if let Some(filter) = &self.not {
            let not =
                filter.apply_to(candidates.borrowed(), view, is_desk, depth + 1).map_err(|error| error.at("not"))?;
            let not = not.into_owned();
            candidates.exclude(&not);
        }
        Ok(candidates)
    }
}

impl<T: PartialOrd + std::fmt::Display> Range<T> {
    /// Refuses a range that ends before it starts.
    pub(in crate::catalog) fn check(&self) -> Result<(), FilterError> {
        if let (Some(from), Some(until)) = (&self.from, &self.until)
            && from > until
        {
            return Err(FilterError::invalid(format!("`from` ({from}) is after `until` ({until}): swap them")));
        }
        Ok(())
    }

    /// The range in the numbers of the catalog.
    fn span(&self, number: impl Fn(&T) -> i64) -> Result<RangeInclusive<i64>, FilterError> {
        self.check()?;
        // An open end includes all instants, but not `NEVER`.
        Ok(self.from.as_ref().map_or(NEVER + 1, &number)..=self.until.as_ref().map_or(i64::MAX, &number))
    }
}

impl View {
    /// The numbers of all languages that match one of these tags.
    fn languages_matching<'a>(&self, tags: impl IntoIterator<Item = &'a String> + Clone) -> impl Iterator<Item = u32> {
        (0..self.languages.len() as u32).filter(move |&number| {
            tags.clone().into_iter().any(|range| matches_language_range(self.languages.name(number), range))
        })
    }
}

/// Basic filtering of RFC 4647: `pt` matches `pt-BR`, ignoring case.
fn matches_language_range(tag: &str, range: &str) -> bool {
    tag.len() >= range.len()
        && tag.is_char_boundary(range.len())
        && tag[..range.len()].eq_ignore_ascii_case(range)
        && (tag.len() == range.len() || tag.as_bytes()[range.len()] == b'-')
}
