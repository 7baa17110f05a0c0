//! Filters of a list with their counts: topics, places, kinds, years and languages.
//!
//! The count of a value is the number of releases that the list would have with it. Topics and places narrow the
//! list: several can be chosen. Of the others, one value can be chosen, and its counts ignore the present choice.

use chrono_tz::Tz;
use entity::{place::PlaceKind, release::ReleaseKind};

use super::language;
use crate::{
    catalog::{
        DateField, FacetField, FacetRequest, FacetScope, Interval, PlaceRoleFilter, Range, ReleaseSet, TimelineRequest,
        Weekday, kind_label,
    },
    site::{list::List, list_query::ListQuery, visit::Visit},
};

/// Maximum number of topics and of places.
const MAX_CONCEPTS: usize = 12;

/// Maximum number of years.
const MAX_YEARS: usize = 40;

/// Number of years that are shown at once. The others can be unfolded.
const SHOWN_YEARS: usize = 8;

/// Filters by one field.
pub struct FacetPanel {
    /// Name of the field for readers.
    pub title: &'static str,
    /// The values.
    pub options: Vec<FacetOption>,
    /// Values that are folded away at first.
    pub more: Vec<FacetOption>,
    /// Address of the list of all values.
    pub all: Option<String>,
}

/// A value to filter by.
pub struct FacetOption {
    /// The value in words.
    pub label: String,
    /// Language of the label, if it is not that of the page.
    pub lang: Option<String>,
    /// Number of releases that the list would have.
    pub count: u64,
    /// The list with this value, or without it if it is chosen.
    pub href: String,
    /// Whether the value is chosen.
    pub is_selected: bool,
}

/// Returns the filters of a list. Fields without a choice are left out.
pub fn panels(visit: &Visit<'_>, list: &List) -> Vec<FacetPanel> {
    let panels =
        [topics(visit, list), places(visit, list), kinds(visit, list), years(visit, list), languages(visit, list)];
    panels.into_iter().filter(|panel| !panel.options.is_empty()).collect()
}

fn request(field: FacetField, first: usize, scope: FacetScope) -> FacetRequest {
    FacetRequest { field, first, scope, min_count: 1, order: Vec::new(), label_contains: None }
}

/// Returns the list with a change.
fn changed(visit: &Visit<'_>, list: &List, change: impl Fn(&mut ListQuery)) -> String {
    let mut query = list.query.at_page(1);
    change(&mut query);
    visit.links.path(&query.path())
}

fn topics(visit: &Visit<'_>, list: &List) -> FacetPanel {
    let view = visit.view();
    let field = FacetField::Topics { roll_up: true, under: None };
    let facet = list.set.facet(&request(field, 2 * MAX_CONCEPTS + list.query.topics.len(), FacetScope::AllFilters));
    let option = |value: u32, count: u64| {
        let topic = view.topics().get(value);
        FacetOption {
            label: topic.name.clone(),
            lang: Some(visit.language().to_owned()),
            count,
            href: changed(visit, list, |query| query.topics.push(topic.slug.clone())),
            is_selected: false,
        }
    };
    let is_new = |value: u32| !list.query.topics.contains(&view.topics().get(value).slug);
    // A broader topic of a chosen one has all releases of the list.
    let is_narrower = |count: u64| list.query.topics.is_empty() || count < list.set.count();
    let buckets = facet.buckets.iter().filter(|bucket| is_new(bucket.value) && is_narrower(bucket.count));
    let buckets = buckets.take(MAX_CONCEPTS);
    let options = buckets.map(|bucket| option(bucket.value, bucket.count)).collect();
    FacetPanel { title: "Topic", options, more: Vec::new(), all: Some(visit.links.path("/topics")) }
}

/// Returns countries with the releases of all places within them. In a newsroom without countries, returns the places
/// that most releases name.
fn places(visit: &Visit<'_>, list: &List) -> FacetPanel {
    let view = visit.view();
    let size = MAX_CONCEPTS + list.query.places.len();
    let buckets = |level, size| {
        let field = FacetField::Places { level, role: PlaceRoleFilter::Any };
        list.set.facet(&request(field, size, FacetScope::AllFilters)).buckets
    };
    let mut counts: Vec<(u32, u64)> =
        buckets(Some(PlaceKind::Country), size).iter().map(|bucket| (bucket.value, bucket.count)).collect();
    if counts.is_empty() {
        // The filter also finds places within a place, so it can find more than the bucket has.
        let with_narrower = |value| (value, list.set.with_place(value, true).count());
        counts = buckets(None, size).iter().map(|bucket| with_narrower(bucket.value)).collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    let option = |&(value, count): &(u32, u64)| {
        let place = view.places().get(value);
        FacetOption {
            label: place.name.clone(),
            lang: Some(visit.language().to_owned()),
            count,
            href: changed(visit, list, |query| query.places.push(place.slug.clone())),
            is_selected: false,
        }
    };
    let is_new = |(value, _): &&(u32, u64)| !list.query.places.contains(&view.places().get(*value).slug);
    let options = counts.iter().filter(is_new).take(MAX_CONCEPTS).map(option).collect();
    FacetPanel { title: "Place", options, more: Vec::new(), all: Some(visit.links.path("/places")) }
}

fn kinds(visit: &Visit<'_>, list: &List) -> FacetPanel {
    let facet = list.set.facet(&request(FacetField::Kinds, ReleaseKind::ALL.len(), FacetScope::ExcludeOwnFilter));
    let option = |kind: ReleaseKind, count: u64| {
        let is_selected = list.query.kind == Some(kind);
        let kind_after = if is_selected { None } else { Some(kind) };
        FacetOption {
            label: kind_label(kind).to_owned(),
            lang: None,
            count,
            href: changed(visit, list, |query| query.kind = kind_after),
            is_selected,
        }
    };
    let known = |value: u32| ReleaseKind::ALL.get(value as usize).copied();
    let options = facet.buckets.iter().filter_map(|bucket| Some(option(known(bucket.value)?, bucket.count))).collect();
    FacetPanel { title: "Kind", options: at_least_two(options), more: Vec::new(), all: None }
}

fn languages(visit: &Visit<'_>, list: &List) -> FacetPanel {
    let view = visit.view();
    let facet = list.set.facet(&request(FacetField::Languages, 50, FacetScope::ExcludeOwnFilter));
    let tags: Vec<(&str, u64)> =
        facet.buckets.iter().map(|bucket| (view.language(bucket.value), bucket.count)).collect();
    let option = |tag: &str| {
        let is_selected = list.query.language.as_deref() == Some(tag);
        let language_after = if is_selected { None } else { Some(tag.to_owned()) };
        // The filter also matches more specific tags: `pt` matches `pt-BR`.
        let matching = tags
            .iter()
            .filter(|(other, _)| other.strip_prefix(tag).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
        FacetOption {
            label: language::name(tag),
            lang: Some(language::speech_language(tag).to_owned()),
            count: matching.map(|(_, count)| count).sum(),
            href: changed(visit, list, |query| query.language.clone_from(&language_after)),
            is_selected,
        }
    };
    let options = tags.iter().map(|(tag, _)| option(tag)).collect();
    FacetPanel { title: "Language", options: at_least_two(options), more: Vec::new(), all: None }
}

fn years(visit: &Visit<'_>, list: &List) -> FacetPanel {
    let set = without_year(visit, list);
    let mut points = points_by_year(&set, list.query.by, list.query.zone(visit));
    points.reverse();
    let option = |year: i32, count: u64| {
        let is_selected = list.query.year == Some(year);
        let year_after = if is_selected { None } else { Some(year) };
        FacetOption {
            label: year.to_string(),
            lang: None,
            count,
            href: changed(visit, list, |query| {
                (query.year, query.from, query.until) = (year_after, None, None);
            }),
            is_selected,
        }
    };
    let mut options: Vec<FacetOption> =
        points.into_iter().take(MAX_YEARS).map(|(year, count)| option(year, count)).collect();
    options = at_least_two(options);
    let more = options.split_off(SHOWN_YEARS.min(options.len()));
    FacetPanel { title: "Year", options, more, all: None }
}

/// Returns the list's set without its condition on dates.
fn without_year(visit: &Visit<'_>, list: &List) -> ReleaseSet {
    let query = list.query.without_dates();
    if query == list.query {
        return list.set.clone();
    }
    let base = list.set.unfiltered();
    match query.filter(visit) {
        // Cannot fail: the same filter with more conditions was applied without an error.
        Some(filter) => base.narrow(&filter).unwrap_or(base),
        None => base,
    }
}

/// Returns the years in which a set has releases, with their numbers, earliest first. `zone` decides to which year an
/// instant of publication belongs.
pub fn points_by_year(set: &ReleaseSet, field: DateField, zone: Tz) -> Vec<(i32, u64)> {
    let request = TimelineRequest {
        interval: Interval::Year,
        zone,
        field,
        range: Range::default(),
        week_start: Weekday::Monday,
        omit_empty: true,
    };
    // A timeline fails only if it has too many periods, and there are at most 9,999 years.
    let points = set.timeline(&request, set.now()).map(|timeline| timeline.points).unwrap_or_default();
    points.into_iter().filter_map(|point| Some((point.label.parse().ok()?, point.count))).collect()
}

/// Returns no values if there is nothing to choose from.
fn at_least_two(options: Vec<FacetOption>) -> Vec<FacetOption> {
    if options.len() < 2 && !options.iter().any(|option| option.is_selected) { Vec::new() } else { options }
}
