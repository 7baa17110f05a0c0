//! Tests of facets and related releases: each result must equal that of a loop over all releases. Each bucket is then
//! tested as a release set.

use std::{cmp::Ordering, collections::HashSet};

use chrono::{NaiveDate, TimeDelta};
use entity::{place::PlaceKind, release::ReleaseKind};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

use super::{
    arbitrary::{TOPICS, day, topic_id},
    naive::{Naive, below, resolve_reference},
    series::{compare, timeline, trending},
};
use crate::{
    catalog::{
        Bucket, ComparisonPeriod, DateField, Direction, Duration, Facet, FacetField, FacetOrder, FacetOrderKey,
        FacetRequest, FacetScope, Interval, LabelSortKey, PlaceRoleFilter, Range, ReleaseFilter, ReleaseKey,
        ReleaseSet, TimelineRequest, TrendRequest, Weekday, fold,
    },
    journal::{PlaceImage, ReleaseImage, TopicImage},
};

/// Random queries that the tests run on a set.
#[derive(Clone, Debug)]
pub(super) struct Queries {
    /// Facets. The first facet is requested on the set, and each further facet on the buckets of the facet before it.
    facets: Vec<FacetRequest>,
    timeline: TimelineRequest,
    compare: (ComparisonPeriod, Range<NaiveDate>),
    trend: TrendRequest,
    related: usize,
}

fn field() -> impl Strategy<Value = FacetField> {
    let role = || select(vec![PlaceRoleFilter::Dateline, PlaceRoleFilter::About, PlaceRoleFilter::Any]);
    let level = select(vec![PlaceKind::City, PlaceKind::Country, PlaceKind::Region, PlaceKind::World]);
    prop_oneof![
        // The number of a topic equals its position, because the builder and the journal add topics in order.
        (any::<bool>(), prop::option::weighted(0.3, 0..TOPICS as u32))
            .prop_map(|(roll_up, under)| FacetField::Topics { roll_up, under }),
        (prop::option::of(level), role()).prop_map(|(level, role)| FacetField::Places { level, role }),
        Just(FacetField::Kinds),
        Just(FacetField::Languages),
    ]
}

fn facet_request() -> impl Strategy<Value = FacetRequest> {
    use FacetOrderKey::{Count, Label, Latest, Selected};
    let key = || (select(vec![Selected, Count, Label, Latest]), select(vec![Direction::Asc, Direction::Desc]));
    (
        field(),
        1..6_usize,
        select(vec![FacetScope::AllFilters, FacetScope::ExcludeOwnFilter, FacetScope::Unfiltered]),
        0..3_u64,
        prop::collection::vec(key().prop_map(|(by, direction)| FacetOrder { by, direction }), 0..3),
        prop::option::weighted(0.2, select(vec!["", "WÔR", "e", "pl", "zz"])),
    )
        .prop_map(|(field, first, scope, min_count, order, label)| FacetRequest {
            field,
            first,
            scope,
            min_count,
            order,
            label_contains: label.map(str::to_owned),
        })
}

fn range() -> impl Strategy<Value = Range<NaiveDate>> {
    let end = || prop::option::weighted(0.7, (0..13_i64, -3..4_i64).prop_map(|(n, off)| day(n) + TimeDelta::days(off)));
    (end(), end()).prop_map(|(from, until)| Range { from, until })
}

pub(super) fn queries() -> impl Strategy<Value = Queries> {
    let zones =
        vec![chrono_tz::UTC, chrono_tz::Pacific::Apia, chrono_tz::America::St_Johns, chrono_tz::Asia::Phnom_Penh];
    let samoa = || {
        prop::option::weighted(
            0.5,
            (0..9_i64).prop_map(|n| NaiveDate::from_ymd_opt(2011, 12, 27).unwrap_or_default() + TimeDelta::days(n)),
        )
    };
    let timeline = (
        select(vec![Interval::Day, Interval::Week, Interval::Month, Interval::Quarter, Interval::Year]),
        select(zones),
        any::<bool>(),
        range(),
        (samoa(), samoa()),
        select(vec![Weekday::Monday, Weekday::Sunday, Weekday::Saturday]),
        any::<bool>(),
    )
        .prop_map(|(interval, zone, published, range, (from, until), week_start, omit_empty)| TimelineRequest {
            interval,
            zone,
            field: if published { DateField::PublishedAt } else { DateField::ReleaseDate },
            range: if published { Range { from, until } } else { range },
            week_start,
            omit_empty,
        });
    let period = select(vec![ComparisonPeriod::PreviousPeriod, ComparisonPeriod::SamePeriodLastYear]);
    let span = || (0..3_u32, 0..200_u32).prop_map(|(months, days)| Duration { months, days });
    let trend =
        (span(), span(), 0..13_i64, 1..6_usize, any::<bool>()).prop_map(|(window, baseline, until, first, roll_up)| {
            TrendRequest { window, baseline, until: day(until), first, roll_up }
        });
    (prop::collection::vec(facet_request(), 1..4), timeline, (period, range()), trend, 1..6_usize)
        .prop_map(|(facets, timeline, compare, trend, related)| Queries { facets, timeline, compare, trend, related })
}

/// Runs all queries on a set and on the buckets of its facets, and compares the results with the reference
/// implementation.
pub(super) fn assert_agrees(
    set: &ReleaseSet,
    naive: &Naive<'_>,
    filter: &ReleaseFilter,
    matching: &[&ReleaseImage],
    queries: &Queries,
) {
    numbers(set, naive, matching, queries);
    related(set, naive, matching, queries.related);
    facets(set, naive, filter, &naive.visible(), matching, &queries.facets, queries);
}

fn numbers(set: &ReleaseSet, naive: &Naive<'_>, matching: &[&ReleaseImage], queries: &Queries) {
    assert_eq!(set.count() as usize, matching.len());
    timeline(set, matching, &queries.timeline);
    compare(set, matching, queries.compare.0, &queries.compare.1);
    trending(set, naive, matching, &queries.trend);
}

/// A facet value in the reference implementation, with its id, its label, and the slug that breaks ties.
struct Value {
    id: String,
    label: String,
    slug: String,
    counts_release: Box<dyn Fn(&ReleaseImage) -> bool>,
    exactly: Box<dyn Fn(&ReleaseImage) -> bool>,
    selected: bool,
}

#[expect(clippy::too_many_lines, reason = "one arm for each field")]
fn values(naive: &Naive<'_>, field: FacetField, filter: &ReleaseFilter) -> Vec<Value> {
    let newsroom = naive.newsroom;
    let conjunction = {
        let mut stack = vec![filter];
        let mut all = Vec::new();
        while let Some(filter) = stack.pop() {
            all.push(filter);
            stack.extend(filter.and.iter().flatten());
        }
        all
    };
    match field {
        FacetField::Topics { roll_up, under } => {
            let under = under.map(|number| topic_id(number as usize));
            let selected: HashSet<Uuid> = conjunction
                .iter()
                .filter_map(|filter| filter.topics.as_ref())
                .flat_map(|topics| topics.any.iter().chain(&topics.all).flatten())
                .filter_map(|reference| resolve_reference(&newsroom.topics, reference))
                .collect();
            let concepts =
                newsroom.topics.iter().filter(|topic| under.is_none_or(|under| topic.broader.contains(&under)));
            let value = |topic: &TopicImage| {
                let id = topic.id;
                let all = if roll_up { below(&newsroom.topics, id) } else { HashSet::from([id]) };
                Value {
                    id: id.to_string(),
                    label: topic.name.clone(),
                    slug: topic.slug.clone(),
                    counts_release: Box::new(move |release| release.shown.topics.iter().any(|id| all.contains(id))),
                    exactly: Box::new(move |release| release.shown.topics.contains(&id)),
                    selected: selected.contains(&id),
                }
            };
            concepts.map(value).collect()
        }
        FacetField::Places { level, role } => {
            let selected: HashSet<Uuid> = conjunction
                .iter()
                .filter_map(|filter| filter.places.as_ref())
                .flat_map(|places| places.any.iter().chain(&places.all).flatten())
                .filter_map(|reference| resolve_reference(&newsroom.places, reference))
                .collect();
            let has = move |release: &ReleaseImage| match role {
                PlaceRoleFilter::Dateline => release.shown.dateline.clone(),
                PlaceRoleFilter::About => release.shown.about.clone(),
                PlaceRoleFilter::Any => [release.shown.dateline.clone(), release.shown.about.clone()].concat(),
            };
            let concepts = newsroom.places.iter().filter(|place| level.is_none_or(|level| place.kind == level));
            let value = |place: &PlaceImage| {
                let id = place.id;
                let all = if level.is_some() { below(&newsroom.places, id) } else { HashSet::from([id]) };
                Value {
                    id: id.to_string(),
                    label: place.name.clone(),
                    slug: place.slug.clone(),
                    counts_release: Box::new(move |release| has(release).iter().any(|id| all.contains(id))),
                    exactly: Box::new(move |release| has(release).contains(&id)),
                    selected: selected.contains(&id),
                }
            };
            concepts.map(value).collect()
        }
        FacetField::Kinds => ReleaseKind::ALL
            .iter()
            .map(|&kind| {
                let name = format!("{kind:?}");
                let mut label = String::new();
                for (number, letter) in name.chars().enumerate() {
                    if number > 0 && letter.is_uppercase() {
                        label += " ";
                    }
                    label.extend(if number > 0 { letter.to_lowercase().next() } else { Some(letter) });
                }
                Value {
                    id: label.clone(),
                    slug: String::new(),
                    label,
                    counts_release: Box::new(move |release| release.shown.kind == kind),
                    exactly: Box::new(move |release| release.shown.kind == kind),
                    selected: conjunction
                        .iter()
                        .any(|filter| filter.kinds.as_ref().is_some_and(|kinds| kinds.contains(&kind))),
                }
            })
            .collect(),
        // The values of the facet are the languages of the releases that the viewer sees.
        FacetField::Languages => {
            let tags: HashSet<String> = naive.visible().iter().map(|release| release.shown.language.clone()).collect();
            let value = |tag: String| {
                let (one, two) = (tag.clone(), tag.clone());
                let lower = tag.to_lowercase();
                let form = |tag: &String| {
                    let tag = tag.to_lowercase();
                    lower == tag || lower.starts_with(&format!("{tag}-"))
                };
                Value {
                    id: tag.clone(),
                    label: tag.clone(),
                    slug: tag.clone(),
                    counts_release: Box::new(move |release| release.shown.language == one),
                    exactly: Box::new(move |release| release.shown.language == two),
                    selected: conjunction
                        .iter()
                        .any(|filter| filter.languages.as_ref().is_some_and(|tags| tags.iter().any(form))),
                }
            };
            tags.into_iter().map(value).collect()
        }
    }
}

/// Returns a filter without the conditions on a field, in the filter itself and in its `and`.
fn stripped(filter: &ReleaseFilter, field: FacetField) -> ReleaseFilter {
    let mut filter = filter.clone();
    match field {
        FacetField::Topics { .. } => filter.topics = None,
        FacetField::Places { .. } => filter.places = None,
        FacetField::Kinds => filter.kinds = None,
        FacetField::Languages => filter.languages = None,
    }
    filter.and = filter.and.map(|filters| filters.iter().map(|filter| stripped(filter, field)).collect());
    filter
}

fn facets(
    set: &ReleaseSet,
    naive: &Naive<'_>,
    filter: &ReleaseFilter,
    before: &[&ReleaseImage],
    matching: &[&ReleaseImage],
    requests: &[FacetRequest],
    queries: &Queries,
) {
    let Some((request, rest)) = requests.split_first() else { return };
    let facet = set.facet(request);
    let counted: Vec<&ReleaseImage> = match request.scope {
        FacetScope::AllFilters => matching.to_vec(),
        FacetScope::Unfiltered => before.to_vec(),
        FacetScope::ExcludeOwnFilter => {
            let ids: HashSet<Uuid> = before.iter().map(|release| release.id).collect();
            let matching =
                naive.narrow(&stripped(filter, request.field)).expect("removing conditions keeps a filter valid");
            matching.into_iter().filter(|release| ids.contains(&release.id)).collect()
        }
    };
    let values = values(naive, request.field, filter);
    let members =
        |value: &Value| counted.iter().copied().filter(|release| (value.counts_release)(release)).collect::<Vec<_>>();
    let mut expected_values: Vec<(&Value, Vec<&ReleaseImage>)> =
        values.iter().map(|value| (value, members(value))).collect();
    let text = request.label_contains.as_deref().map(fold);
    expected_values.retain(|(value, members)| {
        members.len() as u64 >= request.min_count && text.as_ref().is_none_or(|text| fold(&value.label).contains(text))
    });
    expected_values.sort_by(|(a, members_a), (b, members_b)| {
        let latest = |members: &[&ReleaseImage]| members.iter().map(|release| release.shown.release_date).max();
        let label = |value: &Value| (LabelSortKey::of(&value.label), value.slug.clone());
        let mut ordering = Ordering::Equal;
        for key in &request.order {
            let next = match key.by {
                FacetOrderKey::Selected => a.selected.cmp(&b.selected),
                FacetOrderKey::Count => members_a.len().cmp(&members_b.len()),
                FacetOrderKey::Label => label(a).cmp(&label(b)),
                FacetOrderKey::Latest => latest(members_a).cmp(&latest(members_b)),
            };
            ordering = ordering.then(if key.direction == Direction::Asc { next } else { next.reverse() });
        }
        if request.order.is_empty() {
            ordering = members_b.len().cmp(&members_a.len());
        }
        ordering.then_with(|| label(a).cmp(&label(b)))
    });
    assert_eq!(facet.distinct_values as usize, expected_values.len(), "{request:?}");
    let answered: Vec<_> = facet.buckets.iter().map(|bucket| bucket_summary(&facet, bucket)).collect();
    let first = expected_values.iter().take(request.first);
    let expected: Vec<_> = first
        .clone()
        .map(|(value, members)| {
            let direct = members.iter().filter(|release| (value.exactly)(release)).count();
            (value.id.clone(), members.len(), direct, value.selected)
        })
        .collect();
    assert_eq!(answered, expected, "{request:?} {filter:?}");
    let returned =
        counted.iter().filter(|release| first.clone().any(|(value, _)| (value.counts_release)(release))).count();
    let with_value =
        counted.iter().filter(|release| values.iter().any(|value| (value.counts_release)(release))).count();
    assert_eq!((facet.missing() as usize, facet.other() as usize), (counted.len() - with_value, with_value - returned));
    let overlap = matches!(request.field, FacetField::Topics { .. } | FacetField::Places { .. });
    assert_eq!(facet.overlapping(), overlap);
    assert_eq!(facet.set().count() as usize, counted.len());
    for (bucket, (_, members)) in facet.buckets.iter().zip(&expected_values) {
        let share = if counted.is_empty() { 0.0 } else { members.len() as f64 / counted.len() as f64 };
        assert!((facet.share(bucket) - share).abs() < 1e-12);
        let within = facet.bucket_set(bucket);
        numbers(&within, naive, members, queries);
        // The set of a bucket has no filter, so the further facets are requested without one.
        let nothing = ReleaseFilter::default();
        let rest: Vec<FacetRequest> = rest
            .iter()
            .map(|request| FacetRequest {
                scope: if request.scope == FacetScope::ExcludeOwnFilter {
                    FacetScope::AllFilters
                } else {
                    request.scope
                },
                ..request.clone()
            })
            .collect();
        facets(&within, naive, &nothing, members, members, &rest, queries);
    }
}

fn bucket_summary(facet: &Facet, bucket: &Bucket) -> (String, usize, usize, bool) {
    let snapshot = facet.set().snapshot();
    let id = match facet.field() {
        FacetField::Topics { .. } => snapshot.topics().get(bucket.value).id.to_string(),
        FacetField::Places { .. } => snapshot.places().get(bucket.value).id.to_string(),
        field => snapshot.label(field, bucket.value).to_owned(),
    };
    (id, bucket.count as usize, facet.direct_count(bucket) as usize, bucket.selected)
}

fn related(set: &ReleaseSet, naive: &Naive<'_>, matching: &[&ReleaseImage], first: usize) {
    for release in naive.visible().into_iter().take(5) {
        let Some((item, _)) = set.find(&ReleaseKey::Id(release.id)) else { continue };
        let concepts_of = |release: &ReleaseImage| -> HashSet<Uuid> {
            let shown = &release.shown;
            shown.topics.iter().chain(&shown.dateline).chain(&shown.about).copied().collect()
        };
        let own = concepts_of(release);
        let weight = |concept: &Uuid| {
            let frequency = matching.iter().filter(|other| concepts_of(other).contains(concept)).count() as f64;
            ((1.0 + (matching.len() as f64 - frequency + 0.5) / (frequency + 0.5)).ln() * 4_294_967_296.0) as u64
        };
        let mut expected: Vec<_> = matching
            .iter()
            .filter(|other| other.id != release.id && !own.is_disjoint(&concepts_of(other)))
            .map(|other| {
                let score: u64 = own.intersection(&concepts_of(other)).map(weight).sum();
                (score, other.shown.release_date, other.id)
            })
            .collect();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        let actual: Vec<Uuid> = set.related(&item, first).iter().map(crate::catalog::Handle::id).collect();
        assert_eq!(actual, expected.iter().take(first).map(|(.., id)| *id).collect::<Vec<_>>());
    }
}
