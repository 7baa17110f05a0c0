//! Releases with known dates and values, and a naive filter and count of them. Nothing here uses the catalog.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::harness::{TestServer, noon, random_acts::SeededRng};

/// Topics with their broader topics.
const TOPICS: [(&str, Option<&str>); 6] = [
    ("work", None),
    ("child-labour", Some("work")),
    ("safety", Some("work")),
    ("mines", Some("safety")),
    ("health", None),
    ("unused", None),
];

/// Places with their kinds and the places that they are within.
const PLACES: [(&str, &str, Option<&str>); 6] = [
    ("asia", "REGION", None),
    ("cambodia", "COUNTRY", Some("asia")),
    ("phnom-penh", "CITY", Some("cambodia")),
    ("thailand", "COUNTRY", Some("asia")),
    ("bangkok", "CITY", Some("thailand")),
    ("geneva", "CITY", None),
];

const KINDS: [&str; 4] = ["PRESS_RELEASE", "STATEMENT", "SPEECH", "OPINION"];
const LANGUAGES: [&str; 5] = ["en", "fr", "pt", "pt-BR", "ar"];

/// A release that the public may see.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) date: NaiveDate,
    pub(crate) published: DateTime<Utc>,
    pub(crate) kind: &'static str,
    pub(crate) language: &'static str,
    topics: Vec<&'static str>,
    about: Vec<&'static str>,
    dateline: Vec<&'static str>,
}

/// A choice of dates and filters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) topic: Option<&'static str>,
    pub(crate) place: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) language: Option<&'static str>,
    /// A topic that releases must not have, in the parameter `filter`.
    pub(crate) without_topic: Option<&'static str>,
    /// The time zone of the day of publication. `None`: counted by release date.
    pub(crate) zone: Option<Tz>,
}

impl Record {
    /// Returns the values of a field that a facet counts the release for.
    pub(crate) fn values(&self, field: &str) -> Vec<&'static str> {
        match field {
            "topics" => unique(self.topics.iter().flat_map(|topic| with_broader(topic))),
            "countries" => unique(self.places().into_iter().flat_map(|place| with_outer(place)))
                .into_iter()
                .filter(|place| PLACES.iter().any(|(slug, kind, _)| slug == place && *kind == "COUNTRY"))
                .collect(),
            "places" => self.places(),
            "kinds" => vec![self.kind],
            _ => vec![self.language],
        }
    }

    fn places(&self) -> Vec<&'static str> {
        unique(self.about.iter().chain(&self.dateline).copied())
    }

    /// Returns the day by which the release is counted.
    pub(crate) fn day(&self, choice: &Choice) -> NaiveDate {
        choice.zone.map_or(self.date, |zone| self.published.with_timezone(&zone).date_naive())
    }

    /// Returns whether the release matches the filters of a choice.
    pub(crate) fn matches(&self, choice: &Choice) -> bool {
        let has_topic = |topic| self.values("topics").contains(&topic);
        let has_place = |place| self.places().into_iter().any(|own| with_outer(own).contains(&place));
        let has_language = |tag: &str| {
            self.language == tag || self.language.strip_prefix(tag).is_some_and(|rest| rest.starts_with('-'))
        };
        choice.topic.is_none_or(has_topic)
            && choice.place.is_none_or(has_place)
            && choice.kind.is_none_or(|kind| self.kind == kind)
            && choice.language.is_none_or(has_language)
            && !choice.without_topic.is_some_and(has_topic)
    }
}

impl Choice {
    /// Chooses filters at random.
    pub(crate) fn random(rng: &mut SeededRng) -> Self {
        let mut some = |one_in: usize| rng.below(one_in) == 0;
        let [topic, place, kind, language, without, zone] = [some(4), some(4), some(6), some(6), some(5), some(3)];
        let zones = [Tz::Europe__Zurich, Tz::America__Los_Angeles, Tz::Pacific__Kiritimati, Tz::UTC];
        let topics = TOPICS.map(|(slug, _)| slug);
        let places = PLACES.map(|(slug, ..)| slug);
        Self {
            topic: topic.then(|| rng.choose(&topics).unwrap()),
            place: place.then(|| rng.choose(&places).unwrap()),
            kind: kind.then(|| rng.choose(&KINDS).unwrap()),
            language: language.then(|| rng.choose(&LANGUAGES).unwrap()),
            without_topic: without.then(|| rng.choose(&topics).unwrap()),
            zone: zone.then(|| rng.choose(&zones).unwrap()),
        }
    }

    /// Returns the parameters of a query string.
    pub(crate) fn parameters(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut add = |name: &str, value: Option<String>| {
            value.iter().for_each(|value| {
                query.append_pair(name, value);
            });
        };
        add("topic", self.topic.map(str::to_owned));
        add("place", self.place.map(str::to_owned));
        add("kind", self.kind.map(|kind| kind.to_lowercase().replace('_', "-")));
        add("language", self.language.map(str::to_owned));
        add("filter", self.without_topic.map(|topic| json!({ "topics": { "none": [{ "slug": topic }] } }).to_string()));
        add("by", self.zone.map(|_| "published".to_owned()));
        add("zone", self.zone.map(|zone| zone.name().to_owned()));
        query.finish()
    }
}

/// Returns the label of the period of an interval that contains a day, as ISO 8601 writes it.
pub(crate) fn label(day: NaiveDate, interval: &str) -> String {
    match interval {
        "day" => day.to_string(),
        "week" => format!("{:04}-W{:02}", day.iso_week().year(), day.iso_week().week()),
        "month" => format!("{:04}-{:02}", day.year(), day.month()),
        "quarter" => format!("{:04}-Q{}", day.year(), day.month0() / 3 + 1),
        _ => format!("{:04}", day.year()),
    }
}

/// Counts records by each of their values.
pub(crate) fn counts<'a, K: Ord>(
    records: impl IntoIterator<Item = &'a Record>,
    values: impl Fn(&Record) -> Vec<K>,
) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    for record in records {
        values(record).into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
    }
    counts
}

/// Imports topics, places and releases of the years 2003 to 2007, and drafts that nobody may count.
pub(crate) async fn seed(server: &TestServer) -> Vec<Record> {
    let mut rng = SeededRng(20_070_601);
    let mut lines: Vec<Value> = Vec::new();
    for (slug, broader) in TOPICS {
        lines.push(json!({ "type": "topic", "slug": slug, "name": format!("Topic {slug}"), "broader": broader }));
    }
    for (slug, kind, within) in PLACES {
        lines.push(
            json!({ "type": "place", "slug": slug, "name": format!("Place {slug}"), "kind": kind, "within": within }),
        );
    }
    let mut records = Vec::new();
    for number in 0..260 {
        let some = |rng: &mut SeededRng, all: &[&'static str], most: usize| {
            let count = rng.below(most + 1);
            unique((0..count).filter_map(|_| rng.choose(all)))
        };
        // Half of the releases are of the last year. Some are published around midnight of a time zone.
        let days_ago = if number % 2 == 0 { rng.below(365) } else { rng.below(1600) } as u64;
        let published = noon() - TimeDelta::days(days_ago as i64) - TimeDelta::minutes(rng.below(24 * 60) as i64);
        let record = Record {
            date: (noon().date_naive() - Days::new(days_ago + rng.below(3) as u64)),
            published,
            kind: KINDS[rng.below(10) % KINDS.len()],
            language: LANGUAGES[rng.below(12) % LANGUAGES.len()],
            topics: some(&mut rng, &TOPICS.map(|(slug, _)| slug)[..5], 2),
            about: some(&mut rng, &PLACES.map(|(slug, ..)| slug), 2),
            dateline: some(&mut rng, &["phnom-penh", "bangkok", "geneva"], 1),
        };
        let is_draft = number % 13 == 0;
        lines.push(json!({
            "type": "release",
            "slug": format!("release-{number}"),
            "headline": format!("Number {number}"),
            "bodyMarkdown": "A body.",
            "kind": record.kind,
            "language": record.language,
            "releaseDate": record.date.to_string(),
            "publishedAt": if is_draft { Value::Null } else { json!(record.published.to_rfc3339()) },
            "state": if is_draft { "DRAFT" } else { "PUBLISHED" },
            "topics": record.topics,
            "places": record.about,
            "datelinePlaces": record.dateline,
        }));
        if !is_draft {
            records.push(record);
        }
    }
    server.import(&lines).await;
    records
}

/// Returns the day a number of months before another.
pub(crate) fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap()
}

fn unique(values: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = values.into_iter().collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn with_broader(topic: &'static str) -> Vec<&'static str> {
    let broader =
        |topic: &&'static str| TOPICS.iter().find(|(slug, _)| slug == topic).and_then(|(_, broader)| *broader);
    std::iter::successors(Some(topic), |topic| broader(topic)).collect()
}

fn with_outer(place: &'static str) -> Vec<&'static str> {
    let outer = |place: &&'static str| PLACES.iter().find(|(slug, ..)| slug == place).and_then(|(.., within)| *within);
    std::iter::successors(Some(place), |place| outer(place)).collect()
}
