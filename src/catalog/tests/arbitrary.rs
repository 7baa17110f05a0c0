//! Generators (proptest strategies) of random newsrooms, releases, filters and orders.
//!
//! The vocabularies are small and many values are equal, so all conditions and tie-breaks occur. Some filters are
//! invalid on purpose.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

use crate::{
    catalog::{
        ConceptRef, Direction, Near, OrderBy, PlaceRoleFilter, PlaceSetFilter, Range, ReleaseFilter, SortKey,
        TopicSetFilter,
    },
    journal::{PlaceImage, ReleaseImage, TopicImage, VersionImage, WorkingImage},
};

pub(super) const TOPICS: usize = 7;
pub(super) const PLACES: usize = 7;
const LANGUAGES: [&str; 4] = ["en", "zh", "zh-Hant", "en-GB"];
const AUTHORS: [&str; 3] = ["ana", "ben", "import"];

#[derive(Clone, Debug, Default)]
pub(super) struct Newsroom {
    pub(super) topics: Vec<TopicImage>,
    pub(super) places: Vec<PlaceImage>,
    pub(super) releases: Vec<ReleaseImage>,
    /// Number of releases that were ever created, including removed releases. It is also the number of the next
    /// release.
    pub(super) created: usize,
}

pub(super) fn key(space: u128, number: usize) -> Uuid {
    Uuid::from_u128(space << 64 | number as u128)
}

pub(super) fn topic_id(number: usize) -> Uuid {
    key(1, number)
}

pub(super) fn place_id(number: usize) -> Uuid {
    key(2, number)
}

/// Returns one of a series of days at increasing distances. The series starts at the end of 2006 and reaches
/// 29 February 2008 and beyond.
pub(super) fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2006, 12, 27).unwrap_or_default() + TimeDelta::days(number * number * 4 + number * 2 / 3)
}

/// Returns one of a series of instants that lie around the day that Samoa skipped, and around midnight in other
/// zones.
fn at(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_325_102_400, 0).unwrap_or_default() + TimeDelta::minutes(number * 787)
}

/// Creates a topic with arbitrary broader topics, so cycles occur. `newsroom` rejects cycles, but the catalog must
/// not loop forever if it meets one.
pub(super) fn topic(number: usize, broader: &[usize]) -> TopicImage {
    let mut topic = TopicImage::blank(topic_id(number));
    // Some names are equal after folding. All slugs are different.
    topic.name = ["Work", "wórk", "Crime", "Sea", "SEA", "Trade", "Youth"][number].to_owned();
    topic.slug = format!("topic-{number}");
    topic.uri = Some(format!("https://example.org/{number}"));
    topic.broader = broader.iter().map(|&number| topic_id(number)).collect();
    topic
}

pub(super) fn place(number: usize, within: Option<usize>) -> PlaceImage {
    let mut place = PlaceImage::blank(place_id(number));
    place.name = format!("Place {number}");
    place.slug = format!("place-{number}");
    let kinds = [PlaceKind::Region, PlaceKind::Country, PlaceKind::City];
    place.kind = kinds[number * 5 % 3];
    place.location = [Some((11.5, 104.9)), None, Some((13.75, 100.5)), Some((-13.8, -171.8)), Some((90.0, 0.0))]
        .get(number)
        .copied()
        .flatten();
    place.m49 = Some(format!("00{number}"));
    place.within = within.map(place_id);
    place
}

pub(super) fn subset(count: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(0..count, 0..3).prop_map(|set| set.into_iter().collect())
}

pub(super) fn release() -> impl Strategy<Value = ReleaseImage> {
    let version = (
        select(&ReleaseKind::ALL[..]),
        select(&LANGUAGES[..]),
        0..12_i64,
        subset(TOPICS),
        subset(PLACES),
        subset(PLACES),
    );
    let lifecycle = (
        select(&ReleaseState::ALL[..]),
        select(&WithdrawalKind::ALL[..]),
        prop::option::of(0..12_i64),
        0..12_i64,
        select(&AUTHORS[..]),
        any::<bool>(),
    );
    // Pending transitions lie around the instants at which the tests read.
    let pending = (prop::option::of(0..12_i64), prop::option::of(0..12_i64), any::<bool>());
    (version, lifecycle, pending, any::<u64>()).prop_map(
        |(
            (kind, language, date, topics, dateline, about),
            (state, withdrawal, published, modified, author, working),
            (schedule, embargo, outdated),
            random,
        )| {
            let topics: Vec<Uuid> = topics.into_iter().map(topic_id).collect();
            let places = |numbers: Vec<usize>| numbers.into_iter().map(place_id).collect::<Vec<_>>();
            ReleaseImage {
                id: Uuid::nil(),
                slug: String::new(),
                former_slugs: Vec::new(),
                state,
                revision: 3,
                author: author.to_owned(),
                modified_at: at(modified),
                first_published_at: published.map(at),
                published_at: published.map(at),
                withdrawal_kind: (state == ReleaseState::Withdrawn).then_some(withdrawal),
                schedule_at: schedule.filter(|_| state == ReleaseState::Scheduled).map(at),
                // An embargo must end after the publication that it restricts.
                embargo_until: embargo.map(|embargo| {
                    let scheduled = schedule.filter(|_| state == ReleaseState::Scheduled);
                    at(scheduled.max(published).map_or(embargo, |begin| begin + 1 + embargo))
                }),
                shown: VersionImage {
                    revision_id: key(4, random as usize),
                    number: 2,
                    kind,
                    language: language.to_owned(),
                    release_date: day(date),
                    topics: topics.clone(),
                    dateline: places(dateline),
                    about: places(about),
                },
                working: working.then(|| WorkingImage {
                    revision_id: key(5, random as usize),
                    outdated,
                    topics,
                    dateline: Vec::new(),
                    about: Vec::new(),
                }),
            }
        },
    )
}

pub(super) fn newsroom(max: usize) -> impl Strategy<Value = Newsroom> {
    let topics = prop::collection::vec(subset(TOPICS), TOPICS);
    let places = prop::collection::vec(any::<u8>(), PLACES);
    let min = if max > 1000 { max - 1 } else { 0 };
    (topics, places, prop::collection::vec(release(), min..max)).prop_map(|(topics, places, releases)| Newsroom {
        topics: topics.iter().enumerate().map(|(number, broader)| topic(number, broader)).collect(),
        // The places form a tree: each place is within a place with a smaller number.
        places: places
            .iter()
            .enumerate()
            .map(|(number, &random)| place(number, (number > 0).then(|| random as usize % number)))
            .collect(),
        created: releases.len(),
        releases: releases
            .into_iter()
            .enumerate()
            .map(|(number, mut release)| {
                // The ids are not in the order of creation.
                release.id = key(3, number * 7919 % 100_003);
                release.slug = format!("release-{number}");
                release
            })
            .collect(),
    })
}

/// Generates an instant to read a snapshot at: before all transitions, between two of them, or after all of them.
pub(super) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-1..30_i64).prop_map(at)
}

const KEYS: [SortKey; 4] = [SortKey::ReleaseDate, SortKey::PublishedAt, SortKey::ModifiedAt, SortKey::Relevance];

pub(super) fn order() -> impl Strategy<Value = Vec<OrderBy>> {
    let directions = prop::collection::vec(prop_oneof![Just(Direction::Asc), Just(Direction::Desc)], 3);
    (Just(KEYS.to_vec()).prop_shuffle(), directions, 1..=3_usize).prop_map(|(keys, directions, count)| {
        keys.into_iter().zip(directions).take(count).map(|(by, direction)| OrderBy { by, direction }).collect()
    })
}

fn references(topics: bool) -> impl Strategy<Value = Option<Vec<ConceptRef>>> {
    // One reference in forty names a concept that does not exist.
    let reference = (0..40_usize, any::<bool>()).prop_map(move |(number, by_slug)| match (topics, number % 8) {
        _ if number == 39 => ConceptRef::Slug("nowhere".to_owned()),
        (true, number) if by_slug => ConceptRef::Uri(format!("https://example.org/{}", number % TOPICS)),
        (true, number) => ConceptRef::Id(topic_id(number % TOPICS)),
        (false, number) if by_slug => ConceptRef::M49(format!("00{}", number % PLACES)),
        (false, number) => ConceptRef::Slug(format!("place-{}", number % PLACES)),
    });
    prop::option::weighted(0.4, prop::collection::vec(reference, 0..3))
}

/// Generates circles around points near some of the places. Some circles are invalid: their latitude is 91 degrees or
/// their radius is negative.
fn near() -> impl Strategy<Value = Near> {
    let points =
        vec![(11.0, 104.0), (13.75, 100.5), (-14.0, 171.9), (89.0, -140.0), (0.0, 0.0), (5.0, 5.0), (91.0, 0.0)];
    (select(points), select(vec![0.0, 90.0, 600.0, 2000.0, 30_000.0, 30_000.0, 30_000.0, -1.0]))
        .prop_map(|((latitude, longitude), kilometres)| Near { latitude, longitude, kilometres })
}

pub(super) fn leaf() -> impl Strategy<Value = ReleaseFilter> {
    let range = || (prop::option::of(0..12_i64), prop::option::of(0..12_i64));
    prop_oneof![
        prop::collection::vec(select(&ReleaseKind::ALL[..]), 0..4)
            .prop_map(|kinds| ReleaseFilter { kinds: Some(kinds), ..Default::default() }),
        prop::collection::vec(select(&ReleaseState::ALL[..]), 0..5)
            .prop_map(|states| ReleaseFilter { states: Some(states), ..Default::default() }),
        prop::collection::vec(select(vec!["en", "ZH", "zh-hant", "e", "fr"]), 0..3).prop_map(|tags| ReleaseFilter {
            languages: Some(tags.into_iter().map(str::to_owned).collect()),
            ..Default::default()
        }),
        prop::collection::vec(select(vec!["ana", "ben", "nobody"]), 0..3).prop_map(|names| ReleaseFilter {
            authors: Some(names.into_iter().map(str::to_owned).collect()),
            ..Default::default()
        }),
        prop::collection::vec(0..45_usize, 0..6).prop_map(|numbers| ReleaseFilter {
            ids: Some(numbers.into_iter().map(|number| key(3, number * 7919 % 100_003)).collect()),
            ..Default::default()
        }),
        any::<bool>().prop_map(|working| ReleaseFilter { has_working: Some(working), ..Default::default() }),
        range().prop_map(|(from, until)| ReleaseFilter {
            release_date: Some(Range { from: from.map(day), until: until.map(day) }),
            ..Default::default()
        }),
        range().prop_map(|(from, until)| ReleaseFilter {
            published_at: Some(Range { from: from.map(at), until: until.map(at) }),
            ..Default::default()
        }),
        range().prop_map(|(from, until)| ReleaseFilter {
            modified_at: Some(Range { from: from.map(at), until: until.map(at) }),
            ..Default::default()
        }),
        (
            references(true),
            references(true),
            references(true),
            prop::option::weighted(0.2, any::<bool>()),
            any::<bool>()
        )
            .prop_map(|(any, all, none, missing, include_narrower)| ReleaseFilter {
                topics: Some(TopicSetFilter { any, all, none, missing, include_narrower }),
                ..Default::default()
            }),
        (
            references(false),
            references(false),
            references(false),
            prop::option::weighted(0.2, any::<bool>()),
            select(vec![PlaceRoleFilter::Dateline, PlaceRoleFilter::About, PlaceRoleFilter::Any]),
            any::<bool>(),
            prop::option::weighted(0.3, near())
        )
            .prop_map(|(any, all, none, missing, role, include_within, near)| ReleaseFilter {
                places: Some(PlaceSetFilter { any, all, none, missing, role, include_within, near }),
                ..Default::default()
            }),
        Just(ReleaseFilter::default()),
    ]
}

pub(super) fn filter() -> impl Strategy<Value = ReleaseFilter> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let list = || prop::option::weighted(0.5, prop::collection::vec(inner.clone(), 0..3));
        (leaf(), list(), list(), prop::option::weighted(0.4, inner.clone()))
            .prop_map(|(leaf, and, or, not)| ReleaseFilter { and, or, not: not.map(Box::new), ..leaf })
    })
}
