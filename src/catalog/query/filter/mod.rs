//! Release filter: decides which releases of a set match. Conditions, Boolean operators and date ranges are evaluated
//! on bitmaps.
//!
//! All conditions of one filter must hold; `and`, `or` and `not` combine filters. An empty list is not the same as an
//! absent list: an empty `any` matches nothing, and an empty `all` or `none` matches everything. An unknown topic or
//! place is an error, not an empty result.
//!
//! - `concept_filter`: conditions on the topics and places of a release
//! - `vocabulary_filter`: filters on topics or places instead of releases
//! - `near`: condition that a place is near a point, by distance on the globe
//! - `limits`: limits of one filter
//! - `canonical`: canonical form of a filter, to which cursors are bound
//! - `error`: errors of a filter, with the path of the invalid condition

pub(crate) mod canonical;
pub(crate) mod concept_filter;
pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod near;
pub(crate) mod vocabulary_filter;

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

/// A filter as the client wrote it. [`Self::canonical`] recognises filters that are equal except for their notation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReleaseFilter {
    /// All of these filters must match.
    pub and: Option<Vec<ReleaseFilter>>,
    /// At least one of these filters must match.
    pub or: Option<Vec<ReleaseFilter>>,
    /// This filter must not match.
    pub not: Option<Box<ReleaseFilter>>,
    /// Ids, one of which the release must have. Unknown and hidden ids match nothing.
    pub ids: Option<Vec<Uuid>>,
    /// Kinds, one of which the release must have.
    pub kinds: Option<Vec<ReleaseKind>>,
    /// Conditions on the release's topics.
    pub topics: Option<TopicSetFilter>,
    /// Conditions on the release's places.
    pub places: Option<PlaceSetFilter>,
    /// Language tags, one of which must match the release's language. A tag also matches more specific tags: `pt`
    /// matches `pt-BR`.
    pub languages: Option<Vec<String>>,
    /// Range of the release date.
    pub release_date: Option<Range<NaiveDate>>,
    /// Range of the instant at which the release was last made public.
    pub published_at: Option<Range<DateTime<Utc>>>,
    /// Range of the instant at which the visible content last changed.
    pub modified_at: Option<Range<DateTime<Utc>>>,
    /// Workflow states, one of which the release must have.
    pub states: Option<Vec<ReleaseState>>,
    /// Whether the release must have both a live and a working revision (true) or not (false).
    pub has_working: Option<bool>,
    /// Subjects, one of which must have created the release.
    pub authors: Option<Vec<String>>,
}

/// A range that includes both ends. A missing end leaves the range open on that side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Range<T> {
    /// The first value in the range.
    pub from: Option<T>,
    /// The last value in the range.
    pub until: Option<T>,
}

impl ReleaseFilter {
    /// Returns the members of a set that match the filter.
    pub(in crate::catalog) fn apply<'a>(
        &self,
        members: &'a RoaringBitmap,
        view: &View,
        is_desk: bool,
    ) -> Result<Candidates<'a>, FilterError> {
        self.check_near_conditions()?;
        self.apply_to(Candidates::all_of(members), view, is_desk, 0)
    }

    /// Returns the filter and all filters that are nested in it.
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

    /// Returns whether the filter or a nested filter has conditions on topics or places.
    pub fn uses_concepts(&self) -> bool {
        self.flattened().iter().any(|filter| filter.topics.is_some() || filter.places.is_some())
    }

    /// Returns the filter as JSON. Filters with the same JSON match the same releases.
    pub(in crate::catalog) fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Returns the filters whose conditions must all hold: the filter itself and, recursively, the filters in its
    /// `and`.
    fn conjunction(&self) -> Vec<&Self> {
        let mut filters = vec![self];
        let mut index = 0;
        while index < filters.len() {
            filters.extend(filters[index].and.iter().flatten());
            index += 1;
        }
        filters
    }

    /// Returns whether the filter itself or its `and` has a condition on a field.
    pub(in crate::catalog) fn has(&self, condition: FacetCondition) -> bool {
        self.conjunction().iter().any(|filter| match condition {
            FacetCondition::Topics => filter.topics.is_some(),
            FacetCondition::Places => filter.places.is_some(),
            FacetCondition::Kinds => filter.kinds.is_some(),
            FacetCondition::Languages => filter.languages.is_some(),
        })
    }

    /// Returns the filter without conditions on a field, in the filter itself and in its `and`. Such conditions
    /// inside `or` and `not` stay, because removing them would change the meaning of the other conditions there.
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

    /// Returns the values of a field that the filter itself and its `and` name. For topics and places, only `any` and
    /// `all` count.
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
        Self::check_depth(depth)?;
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
        // Only the desk sees authors and working revisions. For other viewers, no release has an author or a working
        // revision.
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
    /// Fails if the range ends before it starts.
    pub(in crate::catalog) fn check(&self) -> Result<(), FilterError> {
        if let (Some(from), Some(until)) = (&self.from, &self.until)
            && from > until
        {
            return Err(FilterError::invalid(format!("`from` ({from}) is after `until` ({until}): swap them")));
        }
        Ok(())
    }

    /// Converts the range to the numbers that the catalog stores: day numbers, or microseconds since 1970.
    fn span(&self, number: impl Fn(&T) -> i64) -> Result<RangeInclusive<i64>, FilterError> {
        self.check()?;
        // An open start includes all instants, but not `NEVER`.
        Ok(self.from.as_ref().map_or(NEVER + 1, &number)..=self.until.as_ref().map_or(i64::MAX, &number))
    }
}

impl View {
    /// Returns the numbers of all languages that match at least one of the tags.
    fn languages_matching<'a>(&self, tags: impl IntoIterator<Item = &'a String> + Clone) -> impl Iterator<Item = u32> {
        (0..self.languages.len() as u32).filter(move |&number| {
            tags.clone().into_iter().any(|range| matches_language_range(self.languages.name(number), range))
        })
    }
}

/// Returns whether a language tag matches a language range by basic filtering (RFC 4647), ignoring case: `pt` matches
/// `pt-BR`.
fn matches_language_range(tag: &str, range: &str) -> bool {
    tag.len() >= range.len()
        && tag.is_char_boundary(range.len())
        && tag[..range.len()].eq_ignore_ascii_case(range)
        && (tag.len() == range.len() || tag.as_bytes()[range.len()] == b'-')
}
