//! The query string of a list of releases: search text, filters and page number.
//!
//! Home page, feeds, CSV files and the dashboard understand the same parameters. A list has one canonical query string:
//! known parameters in a fixed order, without those that have no effect. Unknown parameters are ignored, because other
//! sites add their own to links.
//!
//! - `parse`: reads a query string
//! - `filter`: the filter of a query, for the catalog and as a variable of a GraphQL query

mod filter;
mod parse;

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use entity::release::ReleaseKind;
use form_urlencoded::Serializer;
use serde_json::{Value, json};

use super::{error::SiteError, visit::Visit};
use crate::catalog::{Concept, DateField, ReleaseFilter, Vocabulary};
pub use filter::api_kind;
pub use parse::{MAX_PAGE, PARAMETERS, kind_word, unknown};

/// Maximum number of topics and of places in a query string.
const MAX_CONCEPTS: usize = 10;

/// Search text, filters and page number of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListQuery {
    /// The search text.
    pub text: Option<String>,
    /// Slugs of topics. A release must have all of them, or narrower ones.
    pub topics: Vec<String>,
    /// Slugs of places. A release must have all of them, or places within them.
    pub places: Vec<String>,
    /// The kind of release.
    pub kind: Option<ReleaseKind>,
    /// The language (BCP 47).
    pub language: Option<String>,
    /// The year.
    pub year: Option<i32>,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// The date that `year`, `from` and `until` are about.
    pub by: DateField,
    /// The time zone of the days. `None`: that of the newsroom.
    pub zone: Option<Tz>,
    /// Further conditions.
    pub conditions: Option<Conditions>,
    /// The page number, from 1.
    pub page: usize,
}

/// Further conditions, in the notation of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// A `ReleaseFilter` of the API as JSON.
    pub json: Value,
    /// The same filter for the catalog. `None` until [`ListQuery::resolve`] has read it.
    pub filter: Option<Arc<ReleaseFilter>>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            text: None,
            topics: Vec::new(),
            places: Vec::new(),
            kind: None,
            language: None,
            year: None,
            from: None,
            until: None,
            by: DateField::ReleaseDate,
            zone: None,
            conditions: None,
            page: 0,
        }
    }
}

impl ListQuery {
    /// Returns the canonical query string: empty, or `?` and the parameters. `is_paged` says whether it includes the
    /// page number.
    pub fn to_query(&self, is_paged: bool) -> String {
        let mut query = Serializer::new(String::new());
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        };
        add("q", self.text.clone());
        self.topics.iter().for_each(|slug| add("topic", Some(slug.clone())));
        self.places.iter().for_each(|slug| add("place", Some(slug.clone())));
        add("kind", self.kind.map(|kind| kind_word(kind).to_owned()));
        add("language", self.language.clone());
        add("year", self.year.map(|year| year.to_string()));
        add("from", self.from.map(|date| date.to_string()));
        add("until", self.until.map(|date| date.to_string()));
        add("by", (self.by == DateField::PublishedAt).then(|| "published".to_owned()));
        add("zone", self.zone.map(|zone| zone.name().to_owned()));
        add("filter", self.conditions.as_ref().map(|conditions| conditions.json.to_string()));
        add("page", (is_paged && self.page > 1).then(|| self.page.to_string()));
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// Returns the path of the list on the home page, at its results: a reader who chooses a filter need not pass the
    /// header again.
    pub fn path(&self) -> String {
        format!("/{}#results", self.to_query(true))
    }

    /// Returns the query with another page number.
    #[must_use]
    pub fn at_page(&self, page: usize) -> Self {
        Self { page, ..self.clone() }
    }

    /// Returns whether the query has any filter. A search is not a filter.
    pub fn has_filter(&self) -> bool {
        let unfiltered =
            Self { text: self.text.clone(), by: self.by, zone: self.zone, page: self.page, ..Self::default() };
        *self != unfiltered
    }

    /// Returns the query without its conditions on dates.
    #[must_use]
    pub fn without_dates(&self) -> Self {
        Self { year: None, from: None, until: None, ..self.clone() }
    }

    /// Returns the query with another range of days.
    #[must_use]
    pub fn between(&self, from: NaiveDate, until: NaiveDate) -> Self {
        Self { year: None, from: Some(from), until: Some(until), ..self.clone() }
    }

    /// Replaces former slugs of topics and places by the present ones, and reads the further conditions. Fails if there
    /// is no such topic or place, or if a condition is invalid.
    pub fn resolve(&mut self, visit: &Visit<'_>) -> Result<(), SiteError> {
        let view = visit.view();
        resolve_slugs(&mut self.topics, view.topics())?;
        resolve_slugs(&mut self.places, view.places())?;
        // The time zone of the newsroom is the default.
        self.zone = self.zone.filter(|&zone| zone != visit.newsroom.settings.time_zone);
        if let Some(conditions) = &mut self.conditions {
            let filter = visit.filters.parse_filter(&conditions.json).map_err(|message| {
                SiteError::Invalid(format!("“filter” is not a ReleaseFilter of the API: {message}"))
            })?;
            conditions.filter = Some(Arc::new(filter));
        }
        Ok(())
    }

    /// Returns whether a query string may have as many topics and places.
    pub fn is_within_limits(&self) -> bool {
        self.topics.len() <= MAX_CONCEPTS && self.places.len() <= MAX_CONCEPTS
    }

    /// Returns the time zone of the days.
    pub fn zone(&self, visit: &Visit<'_>) -> Tz {
        self.zone.unwrap_or(visit.newsroom.settings.time_zone)
    }
}

fn resolve_slugs<T: Concept>(slugs: &mut Vec<String>, vocabulary: &Vocabulary<T>) -> Result<(), SiteError> {
    let mut resolved = Vec::new();
    for slug in slugs.iter() {
        let number = vocabulary.by_slug(slug).ok_or_else(|| unknown::<T>(slug))?;
        let slug = vocabulary.get(number).slug.clone();
        if !resolved.contains(&slug) {
            resolved.push(slug);
        }
    }
    // The order has no effect, so that there is one canonical order.
    resolved.sort_unstable();
    *slugs = resolved;
    Ok(())
}

impl Conditions {
    /// Adds a condition to those of a list. The list must be resolved before its filter is used.
    pub fn add(list: &mut ListQuery, json: Value) {
        let json = match list.conditions.take() {
            None => json,
            Some(Self { json: others, .. }) if others == json => json,
            Some(Self { json: mut others, .. }) => match others.get_mut("and").and_then(Value::as_array_mut) {
                Some(all) => {
                    if !all.contains(&json) {
                        all.push(json);
                    }
                    others
                }
                None => json!({ "and": [others, json] }),
            },
        };
        list.conditions = Some(Self { json, filter: None });
    }
}
