//! Facets and related releases against going through the rows, and buckets as sets again, of which everything is asked anew.

use std::{cmp::Ordering, collections::HashSet};

use chrono::{NaiveDate, TimeDelta};
use entity::{place::PlaceKind, release::ReleaseKind};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

use super::{
    arbitrary::{TOPICS, day, topic_id},
    naive::{Naive, below, named},
    series::{compare, timeline, trending},
};
use crate::{
    catalog::{
        ComparisonPeriod, DateField, Direction, Duration, Facet, FacetField, FacetOrder, FacetOrderKey, FacetRequest,
        FacetScope, Interval, LabelSortKey, Range, ReleaseFilter, ReleaseKey, ReleaseSet, RoleOfPlace, TimelineRequest,
        TrendRequest, Weekday, fold,
    },
    journal::ReleaseImage,
};

/// What is asked of a set.
#[derive(Clone, Debug)]
pub(super) struct Questions {
    /// Each facet is asked of the buckets of the one before it.
    facets: Vec<FacetRequest>,
    timeline: TimelineRequest,
    compare: (ComparisonPeriod, Range<NaiveDate>),
    trend: TrendRequest,
    related: usize,
}

fn field() -> impl Strategy<Value = FacetField> {
    let role = || select(vec![RoleOfPlace::Dateline, RoleOfPlace::About, RoleOfPlace::Any]);
    let level = select(vec![PlaceKind::City, PlaceKind::Country, PlaceKind::Region, PlaceKind::World]);
    prop_oneof![
        // Numbers of topics are their positions: the loader and the journal both add them in order.
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

pub(super) fn questions() -> impl Strategy<Value = Questions> {
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
        .prop_map(|(facets, timeline, compare, trend, related)| Questions { facets, timeline, compare, trend, related })
}

/// Asks a set everything, and its buckets too.
pub(super) fn agree(
    set: &ReleaseSet,
    naive: &Naive<'_>,
    filter: &ReleaseFilter,
    kept: &[&ReleaseImage],
    questions: &Questions,
) {
    numbers(set, naive, kept, questions);
    related(set, naive, kept, questions.related);
    facets(set, naive, filter, &naive.visible(), kept, &questions.facets, questions);
}

fn numbers(set: &ReleaseSet, naive: &Naive<'_>, kept: &[&ReleaseImage], questions: &Questions) {
    assert_eq!(set.count() as usize, kept.len());
    timeline(set, kept, &questions.timeline);
    compare(set, kept, questions.compare.0, &questions.compare.1);
    trending(set, naive, kept, &questions.trend);
}

/// What a value of a facet is, naively: what identifies it, its label, the slug that breaks ties.
struct Value {
    id: String,
    label: String,
    slug: String,
    holds: Box<dyn Fn(&ReleaseImage) -> bool>,
    exactly: Box<dyn Fn(&ReleaseImage) -> bool>,
    selected: bool,
}

#[expect(clippy::too_many_lines, reason = "one arm a field, each in full")]
fn values(naive: &Naive<'_>, field: FacetField, filter: &ReleaseFilter) -> Vec<Value> {
    let newsroom = naive.newsroom;
    let conjunction = {
        let mut open = vec![filter];
        let mut all = Vec::new();
        while let Some(filter) = open.pop() {
            all.push(filter);
            open.extend(filter.and.iter().flatten());
        }
        all
    };
    match field {
        FacetField::Topics { roll_up, under } => {
            let under = under.map(|number| topic_id(number as usize));
            let asked: HashSet<Uuid> = conjunction
                .iter()
                .filter_map(|filter| filter.topics.as_ref())
                .flat_map(|topics| topics.any.iter().chain(&topics.all).flatten())
                .filter_map(|reference| named(&newsroom.topics, reference))
                .collect();
            let wanted =
                newsroom.topics.iter().filter(|topic| under.is_none_or(|under| topic.broader.contains(&under)));
            let value = |topic: &crate::journal::TopicImage| {
                let id = topic.id;
                let all = if roll_up { below(&newsroom.topics, id) } else { HashSet::from([id]) };
                Value {
                    id: id.to_string(),
                    label: topic.name.clone(),
                    slug: topic.slug.clone(),
                    holds: Box::new(move |release| release.shown.topics.iter().any(|id| all.contains(id))),
                    exactly: Box::new(move |release| release.shown.topics.contains(&id)),
                    selected: asked.contains(&id),
                }
            };
            wanted.map(value).collect()
        }
        FacetField::Places { level, role } => {
            let asked: HashSet<Uuid> = conjunction
                .iter()
                .filter_map(|filter| filter.places.as_ref())
                .flat_map(|places| places.any.iter().chain(&places.all).flatten())
                .filter_map(|reference| named(&newsroom.places, reference))
                .collect();
            let has = move |release: &ReleaseImage| match role {
                RoleOfPlace::Dateline => release.shown.dateline.clone(),
                RoleOfPlace::About => release.shown.about.clone(),
                RoleOfPlace::Any => [release.shown.dateline.clone(), release.shown.about.clone()].concat(),
            };
            let wanted = newsroom.places.iter().filter(|place| level.is_none_or(|level| place.kind == level));
            let value = |place: &crate::journal::PlaceImage| {
                let id = place.id;
                let all = if level.is_some() { below(&newsroom.places, id) } else { HashSet::from([id]) };
                Value {
                    id: id.to_string(),
                    label: place.name.clone(),
                    slug: place.slug.clone(),
                    holds: Box::new(move |release| has(release).iter().any(|id| all.contains(id))),
                    exactly: Box::new(move |release| has(release).contains(&id)),
                    selected: asked.contains(&id),
                }
            };
            wanted.map(value).collect()
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
                    holds: Box::new(move |release| release.shown.kind == kind),
                    exactly: Box::new(move |release| release.shown.kind == kind),
                    selected: conjunction
                        .iter()
                        .any(|filter| filter.kinds.as_ref().is_some_and(|kinds| kinds.contains(&kind))),
                }
            })
            .collect(),
        // Languages are known from what the viewer may see.
        FacetField::Languages => {
            let tags: HashSet<String> = naive.visible().iter().map(|release| release.shown.language.clone()).collect();
            let value = |tag: String| {
                let (one, two) = (tag.clone(), tag.clone());
                let lower = tag.to_lowercase();
                let form = |wanted: &String| {
                    let wanted = wanted.to_lowercase();
                    lower == wanted || lower.starts_with(&format!("{wanted}-"))
                };
                Value {
                    id: tag.clone(),
                    label: tag.clone(),
                    slug: tag.clone(),
                    holds: Box::new(move |release| release.shown.language == one),
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

/// A filter without the conditions on a field that hold whatever else does.
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
    kept: &[&ReleaseImage],
    requests: &[FacetRequest],
    questions: &Questions,
) {
    let Some((request, rest)) = requests.split_first() else { return };
    let facet = set.facet(request);
    let counted: Vec<&ReleaseImage> = match request.scope {
        FacetScope::AllFilters => kept.to_vec(),
        FacetScope::Unfiltered => before.to_vec(),
        FacetScope::ExcludeOwnFilter => {
            let ids: HashSet<Uuid> = before.iter().map(|release| release.id).collect();
            let kept = naive.narrow(&stripped(filter, request.field)).expect("less than a sensible filter");
            kept.into_iter().filter(|release| ids.contains(&release.id)).collect()
        }
    };
    let values = values(naive, request.field, filter);
    let held = |value: &Value| counted.iter().copied().filter(|release| (value.holds)(release)).collect::<Vec<_>>();
    let mut wanted: Vec<(&Value, Vec<&ReleaseImage>)> = values.iter().map(|value| (value, held(value))).collect();
    let text = request.label_contains.as_deref().map(fold);
    wanted.retain(|(value, held)| {
        held.len() as u64 >= request.min_count && text.as_ref().is_none_or(|text| fold(&value.label).contains(text))
    });
    wanted.sort_by(|(a, held_a), (b, held_b)| {
        let latest = |held: &[&ReleaseImage]| held.iter().map(|release| release.shown.release_date).max();
        let label = |value: &Value| (LabelSortKey::of(&value.label), value.slug.clone());
        let mut side = Ordering::Equal;
        for key in &request.order {
            let next = match key.by {
                FacetOrderKey::Selected => a.selected.cmp(&b.selected),
                FacetOrderKey::Count => held_a.len().cmp(&held_b.len()),
                FacetOrderKey::Label => label(a).cmp(&label(b)),
                FacetOrderKey::Latest => latest(held_a).cmp(&latest(held_b)),
            };
            side = side.then(if key.direction == Direction::Asc { next } else { next.reverse() });
        }
        if request.order.is_empty() {
            side = held_b.len().cmp(&held_a.len());
        }
        side.then_with(|| label(a).cmp(&label(b)))
    });
    assert_eq!(facet.distinct_values as usize, wanted.len(), "{request:?}");
    let answered: Vec<_> = facet.buckets.iter().map(|bucket| told(&facet, bucket)).collect();
    let first = wanted.iter().take(request.first);
    let expected: Vec<_> = first
        .clone()
        .map(|(value, held)| {
            let direct = held.iter().filter(|release| (value.exactly)(release)).count();
            (value.id.clone(), held.len(), direct, value.selected)
        })
        .collect();
    assert_eq!(answered, expected, "{request:?} {filter:?}");
    let returned = counted.iter().filter(|release| first.clone().any(|(value, _)| (value.holds)(release))).count();
    let with_value = counted.iter().filter(|release| values.iter().any(|value| (value.holds)(release))).count();
    assert_eq!((facet.missing() as usize, facet.other() as usize), (counted.len() - with_value, with_value - returned));
    let overlap = matches!(request.field, FacetField::Topics { .. } | FacetField::Places { .. });
    assert_eq!(facet.overlapping(), overlap);
    assert_eq!(facet.set().count() as usize, counted.len());
    for (bucket, (_, held)) in facet.buckets.iter().zip(&wanted) {
        let share = if counted.is_empty() { 0.0 } else { held.len() as f64 / counted.len() as f64 };
        assert!((facet.share(bucket) - share).abs() < 1e-12);
        let within = facet.within(bucket);
        numbers(&within, naive, held, questions);
        // A bucket has no filter of its own.
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
        facets(&within, naive, &nothing, held, held, &rest, questions);
    }
}

fn told(facet: &Facet, bucket: &crate::catalog::Bucket) -> (String, usize, usize, bool) {
    let snapshot = facet.set().snapshot();
    let id = match facet.field() {
        FacetField::Topics { .. } => snapshot.topics().get(bucket.value).id.to_string(),
        FacetField::Places { .. } => snapshot.places().get(bucket.value).id.to_string(),
        field => snapshot.label(field, bucket.value).to_owned(),
    };
    (id, bucket.count as usize, facet.direct_count(bucket) as usize, bucket.selected)
}

fn related(set: &ReleaseSet, naive: &Naive<'_>, kept: &[&ReleaseImage], first: usize) {
    for release in naive.visible().into_iter().take(5) {
        let Some((item, _)) = set.find(&ReleaseKey::Id(release.id)) else { continue };
        let things = |release: &ReleaseImage| -> HashSet<Uuid> {
            let shown = &release.shown;
            shown.topics.iter().chain(&shown.dateline).chain(&shown.about).copied().collect()
        };
        let own = things(release);
        let weight = |thing: &Uuid| {
            let bearers = kept.iter().filter(|other| things(other).contains(thing)).count() as f64;
            ((1.0 + (kept.len() as f64 - bearers + 0.5) / (bearers + 0.5)).ln() * 4_294_967_296.0) as u64
        };
        let mut wanted: Vec<_> = kept
            .iter()
            .filter(|other| other.id != release.id && !own.is_disjoint(&things(other)))
            .map(|other| {
                let score: u64 = own.intersection(&things(other)).map(weight).sum();
                (score, other.shown.release_date, other.id)
            })
            .collect();
        wanted.sort_unstable_by(|a, b| b.cmp(a));
        let found: Vec<Uuid> = set.related(&item, first).iter().map(crate::catalog::Handle::id).collect();
        assert_eq!(found, wanted.iter().take(first).map(|(.., id)| *id).collect::<Vec<_>>());
    }
}
