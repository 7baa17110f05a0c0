//! Generator of release records: NDJSON lines, from the oldest release to the newest.
//!
//! The lines are made one by one while the import reads them, so the memory does not depend on the number of releases.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use entity::release::ReleaseKind;
use serde_json::json;

use super::{
    calendar::{age, published_at, releases_per_day},
    random::Random,
    text::{TextValues, uppercase_first},
    vocabulary::{City, Country, Phrases, Topic, Vocabulary},
};
use crate::newsroom::text::slug;

/// Seed of all random numbers.
const SEED: u64 = 0x05_1e_a5_e5;

/// Relative frequency of each kind.
const KINDS: [(ReleaseKind, f64); 7] = [
    (ReleaseKind::PressRelease, 34.0),
    (ReleaseKind::Article, 26.0),
    (ReleaseKind::Statement, 12.0),
    (ReleaseKind::MediaAdvisory, 10.0),
    (ReleaseKind::Feature, 8.0),
    (ReleaseKind::Speech, 6.0),
    (ReleaseKind::Opinion, 4.0),
];

/// Relative frequency of each language.
const LANGUAGES: [(&str, f64); 5] = [("en", 66.0), ("fr", 14.0), ("es", 12.0), ("ar", 5.0), ("km", 3.0)];

/// A generator of release records. As a reader, it returns them as NDJSON lines.
pub(super) struct Generator<'a> {
    vocabulary: &'a Vocabulary,
    phrases: &'a BTreeMap<String, Phrases>,
    zone: Tz,
    now: DateTime<Utc>,
    /// Days that still have releases, with the number of their releases, in descending order.
    days: Vec<(NaiveDate, u32)>,
    /// Number of releases of the current day that were generated.
    of_day: u32,
    /// Number of releases that were generated.
    generated: u32,
    /// Bytes of the current line that were not read yet.
    line: io::Cursor<Vec<u8>>,
    counts: BTreeMap<String, u32>,
    oldest: Option<NaiveDate>,
}

impl<'a> Generator<'a> {
    pub(super) fn new(
        vocabulary: &'a Vocabulary,
        phrases: &'a BTreeMap<String, Phrases>,
        releases: u32,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Self {
        let mut days = releases_per_day(releases, now.with_timezone(&zone).date_naive(), SEED);
        days.retain(|(_, count)| *count > 0);
        let oldest = days.first().map(|(day, _)| *day);
        days.reverse();
        let (line, counts) = (io::Cursor::default(), BTreeMap::new());
        Self { vocabulary, phrases, zone, now, days, of_day: 0, generated: 0, line, counts, oldest }
    }

    /// Returns the date of the oldest release.
    pub(super) fn oldest(&self) -> Option<NaiveDate> {
        self.oldest
    }

    /// Returns the number of generated releases per language, the most frequent first.
    pub(super) fn languages(&self) -> String {
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        counts.iter().map(|(language, count)| format!("{count} {language}")).collect::<Vec<_>>().join(", ")
    }

    /// Returns the next record, or `None` after the last.
    fn next_record(&mut self) -> Option<serde_json::Value> {
        let (day, count) = *self.days.last()?;
        let mut random = Random::new(SEED, u64::from(self.generated));
        let position = (f64::from(self.of_day) + random.fraction()) / f64::from(count);
        let published_at = published_at(day, position, self.zone, self.now);
        self.generated += 1;
        self.of_day += 1;
        if self.of_day == count {
            self.days.pop();
            self.of_day = 0;
        }
        let kind = random.weighted(KINDS.into_iter())?;
        let language = random.weighted(LANGUAGES.into_iter())?;
        *self.counts.entry(language.to_owned()).or_default() += 1;
        let phrases = self.phrases.get(language)?;
        let countries = self.vocabulary.countries.iter().filter(|country| country.writes(language));
        let country: &Country = random.weighted(countries.map(|country| (country, country.weight)))?;
        let city: &City = &country.cities[random.below(country.cities.len())];
        let today = self.now.with_timezone(&self.zone).date_naive();
        let topics = self.topics(language, age(day, today), &mut random);
        let topic_name = topics.first()?.name_in(language)?;
        let values = TextValues::new(topic_name, city.name_in(language), day.year(), &phrases.words, &mut random);
        let headlines = phrases.headlines.get(&kind)?;
        let headline = uppercase_first(&values.fill(&headlines[random.below(headlines.len())]));
        let summary = uppercase_first(&values.fill(&phrases.summaries[random.below(phrases.summaries.len())]));
        let body = values.body(phrases, &mut random);
        let has_dateline = random.below(20) > 0;
        Some(json!({
            "type": "release",
            "slug": slug::numbered(&slug::from_headline(&headline), self.generated),
            "externalId": format!("demo-{}", self.generated),
            "kind": kind,
            "headline": headline,
            "summary": summary,
            "bodyMarkdown": body,
            "language": language,
            "releaseDate": day.to_string(),
            "state": "PUBLISHED",
            "publishedAt": published_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "datelinePlaces": if has_dateline { vec![&city.slug] } else { Vec::new() },
            "topics": topics.iter().map(|topic| &topic.slug).collect::<Vec<_>>(),
            "places": if random.below(10) > 0 { vec![&country.slug] } else { Vec::new() },
        }))
    }

    /// Chooses one to three topics that have a name in the language.
    fn topics(&self, language: &str, age: u64, random: &mut Random) -> Vec<&'a Topic> {
        let wanted = [1, 1, 1, 1, 1, 2, 2, 2, 2, 3][random.below(10)];
        let mut chosen: Vec<&Topic> = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            let is_new = |topic: &&Topic| chosen.iter().all(|other| other.slug != topic.slug);
            let named = self.vocabulary.topics.iter().filter(|topic| topic.name_in(language).is_some());
            let weights = named.filter(is_new).map(|topic| (topic, topic.weight_at(age)));
            let Some(topic) = random.weighted(weights) else { break };
            chosen.push(topic);
        }
        chosen
    }
}

impl Read for Generator<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.position() == self.line.get_ref().len() as u64 {
            let Some(record) = self.next_record() else { return Ok(0) };
            self.line = io::Cursor::new(format!("{record}\n").into_bytes());
        }
        self.line.read(buffer)
    }
}
