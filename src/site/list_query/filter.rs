//! The filter of a query, for the catalog and as a variable of a GraphQL query. Both select the same releases.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use entity::release::ReleaseKind;
use serde_json::{Map, Value, json};

use super::{ListQuery, kind_word};
use crate::{
    catalog::{
        ConceptRef, DateField, PlaceRoleFilter, PlaceSetFilter, Range, ReleaseFilter, TopicSetFilter, start_of_day,
    },
    date_range,
    site::visit::Visit,
};

impl ListQuery {
    /// Returns the filter of the query, or `None` if it has none.
    pub fn filter(&self, visit: &Visit<'_>) -> Option<Arc<ReleaseFilter>> {
        self.filter_in(self.zone(visit))
    }

    /// Returns the filter of the query with days of a time zone.
    pub(super) fn filter_in(&self, zone: Tz) -> Option<Arc<ReleaseFilter>> {
        let references = |slugs: &[String]| Some(slugs.iter().cloned().map(ConceptRef::Slug).collect());
        let days = self.days();
        let filter = ReleaseFilter {
            and: self.conditions.as_ref().and_then(|conditions| Some(vec![(**conditions.filter.as_ref()?).clone()])),
            topics: (!self.topics.is_empty()).then(|| TopicSetFilter {
                any: None,
                all: references(&self.topics),
                none: None,
                missing: None,
                include_narrower: true,
            }),
            places: (!self.places.is_empty()).then(|| PlaceSetFilter {
                any: None,
                all: references(&self.places),
                none: None,
                missing: None,
                role: PlaceRoleFilter::Any,
                include_within: true,
                near: None,
            }),
            kinds: self.kind.map(|kind| vec![kind]),
            languages: self.language.clone().map(|language| vec![language]),
            release_date: days.clone().filter(|_| self.by == DateField::ReleaseDate),
            // A day that the clocks of a zone skipped has no instants.
            ids: self.has_no_instants(zone).then(Vec::new),
            published_at: self.instants(zone).filter(|_| !self.has_no_instants(zone)),
            ..ReleaseFilter::default()
        };
        self.has_filter().then(|| Arc::new(filter))
    }

    /// Returns the filter as a `ReleaseFilter` of the API, in JSON.
    pub fn api_filter(&self, visit: &Visit<'_>) -> Value {
        let references = |slugs: &[String]| slugs.iter().map(|slug| json!({ "slug": slug })).collect::<Vec<_>>();
        let mut filter = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            filter.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("topics", (!self.topics.is_empty()).then(|| json!({ "all": references(&self.topics) })));
        add("places", (!self.places.is_empty()).then(|| json!({ "all": references(&self.places) })));
        add("kinds", self.kind.map(|kind| json!([api_kind(kind)])));
        add("languages", self.language.as_ref().map(|language| json!([language])));
        let days = self.days().filter(|_| self.by == DateField::ReleaseDate);
        add("releaseDate", days.map(|days| range(days.from.map(day), days.until.map(day))));
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let has_no_instants = self.has_no_instants(self.zone(visit));
        add("ids", has_no_instants.then(|| json!([])));
        let instants = self.instants(self.zone(visit)).filter(|_| !has_no_instants);
        add("publishedAt", instants.map(|range_of| range(range_of.from.map(instant), range_of.until.map(instant))));
        add("and", self.conditions.as_ref().map(|conditions| json!([conditions.json])));
        Value::Object(filter)
    }

    /// Returns the days of `year`, `from` and `until`, or `None` if all are missing.
    fn days(&self) -> Option<Range<NaiveDate>> {
        let year = |month, day| self.year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
        let range = Range { from: self.from.or(year(1, 1)), until: self.until.or(year(12, 31)) };
        (range.from.is_some() || range.until.is_some()).then_some(range)
    }

    /// Returns whether the days have no instants, because the clocks of the time zone skipped them.
    fn has_no_instants(&self, zone: Tz) -> bool {
        self.instants(zone).is_some_and(|range| range.from.zip(range.until).is_some_and(|(from, until)| from > until))
    }

    /// Returns the instants of the days, if the days are those of publication.
    fn instants(&self, zone: Tz) -> Option<Range<DateTime<Utc>>> {
        let days = self.days().filter(|_| self.by == DateField::PublishedAt)?;
        let start = |day: NaiveDate| date_range::clamp_instant(start_of_day(day, zone));
        // The catalog compares instants with a precision of microseconds.
        let end = |day: NaiveDate| Some(date_range::clamp_instant(start(day.succ_opt()?) - TimeDelta::microseconds(1)));
        Some(Range { from: days.from.map(start), until: days.until.and_then(end) })
    }
}

/// Returns the name of a kind in the API: `PRESS_RELEASE`.
pub fn api_kind(kind: ReleaseKind) -> String {
    kind_word(kind).replace('-', "_").to_ascii_uppercase()
}

fn day(day: NaiveDate) -> String {
    day.to_string()
}

fn range(from: Option<String>, until: Option<String>) -> Value {
    let ends = [("from", from), ("until", until)];
    let ends = ends.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    Value::Object(ends.collect())
}
