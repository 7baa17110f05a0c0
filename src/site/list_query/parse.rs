//! Reads a query string. An invalid value gives an error that names the parameter and says what to write.

use chrono::{Datelike, NaiveDate};
use entity::release::ReleaseKind;
use serde_json::Value;

use super::{Conditions, ListQuery, MAX_CONCEPTS};
use crate::{
    catalog::{Concept, DateField},
    site::{
        error::SiteError,
        parameters::{self, invalid, shown},
    },
};

/// Maximum length of the parameter `filter`, in bytes. Every link of a page repeats it.
const MAX_FILTER: usize = 2000;

/// Maximum page number. Older releases can be reached by year.
pub const MAX_PAGE: usize = 500;

/// The parameters of a list.
pub const PARAMETERS: [&str; 12] =
    ["q", "topic", "place", "kind", "language", "year", "from", "until", "by", "zone", "filter", "page"];

/// Returns the word for a kind in a query string: `press-release`.
pub fn kind_word(kind: ReleaseKind) -> &'static str {
    match kind {
        ReleaseKind::PressRelease => "press-release",
        ReleaseKind::Statement => "statement",
        ReleaseKind::Article => "article",
        ReleaseKind::Feature => "feature",
        ReleaseKind::MediaAdvisory => "media-advisory",
        ReleaseKind::Speech => "speech",
        ReleaseKind::Opinion => "opinion",
    }
}

fn push(slugs: &mut Vec<String>, name: &str, value: &str) -> Result<(), SiteError> {
    if slugs.len() == MAX_CONCEPTS {
        return Err(invalid(name, value, &format!("give at most {MAX_CONCEPTS}")));
    }
    if !slugs.iter().any(|slug| slug == value) {
        slugs.push(value.to_owned());
    }
    Ok(())
}

impl ListQuery {
    /// Parses a query string. Empty values are like absent ones, because forms send them.
    pub fn parse(query_string: &str) -> Result<Self, SiteError> {
        let mut query = Self { page: 1, ..Self::default() };
        for (name, value) in parameters::read(query_string, &PARAMETERS, &["topic", "place"])? {
            query.set(&name, &value)?;
        }
        if let (Some(from), Some(until)) = (query.from, query.until)
            && from > until
        {
            return Err(SiteError::Invalid(format!("“from” ({from}) is after “until” ({until}): swap them.")));
        }
        if query.year.is_some() && (query.from.is_some() || query.until.is_some()) {
            return Err(SiteError::Invalid(
                "“year” cannot be combined with “from” and “until”: leave one out.".to_owned(),
            ));
        }
        Ok(query)
    }

    /// Returns the known parameters of a query string, in their order.
    pub fn known(query_string: &str) -> String {
        parameters::known(query_string, &[&PARAMETERS])
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SiteError> {
        let date = || {
            let date: Option<NaiveDate> =
                value.parse().ok().filter(|date: &NaiveDate| (1..=9999).contains(&date.year()));
            date.ok_or_else(|| invalid(name, value, "write a date as 2006-05-08")).map(Some)
        };
        match name {
            "q" => self.text = Some(value.to_owned()),
            "topic" => push(&mut self.topics, name, value)?,
            "place" => push(&mut self.places, name, value)?,
            "kind" => {
                let kind = ReleaseKind::ALL.into_iter().find(|&kind| kind_word(kind) == value.to_ascii_lowercase());
                let known = ReleaseKind::ALL.map(kind_word).join(", ");
                self.kind = Some(kind.ok_or_else(|| invalid(name, value, &format!("the kinds are {known}")))?);
            }
            "language" => {
                let tag = crate::newsroom::text::language::canonical(value);
                self.language =
                    Some(tag.map_err(|_| invalid(name, value, "write a language tag such as en or pt-BR"))?);
            }
            "year" => {
                let year = value.parse().ok().filter(|year| (1..=9999).contains(year));
                self.year = Some(year.ok_or_else(|| invalid(name, value, "write a year such as 2006"))?);
            }
            "from" => self.from = date()?,
            "until" => self.until = date()?,
            "by" => {
                self.by = match value {
                    "release-date" => DateField::ReleaseDate,
                    "published" => DateField::PublishedAt,
                    _ => return Err(invalid(name, value, "write release-date or published")),
                }
            }
            "zone" => {
                let zone = value.parse().map_err(|_| invalid(name, value, "write a time zone such as Europe/Zurich"));
                self.zone = Some(zone?);
            }
            "filter" => {
                if value.len() > MAX_FILTER {
                    return Err(invalid(name, value, &format!("write at most {MAX_FILTER} bytes")));
                }
                let json = serde_json::from_str(value).ok().filter(Value::is_object);
                let message = "write a ReleaseFilter of the API as JSON, such as {\"topics\": {\"missing\": true}}";
                let json = json.ok_or_else(|| invalid(name, value, message))?;
                self.conditions = Some(Conditions { json, filter: None });
            }
            _ => {
                let page = value.parse().ok().filter(|page| (1..=MAX_PAGE).contains(page));
                let message = format!("write a number from 1 to {MAX_PAGE}; choose a year to see older releases");
                self.page = page.ok_or_else(|| invalid(name, value, &message))?;
            }
        }
        Ok(())
    }
}

/// Returns the error for a slug that no topic or place has.
pub fn unknown<T: Concept>(slug: &str) -> SiteError {
    SiteError::NotFound(format!("There is no {} “{}”. The menu leads to all {}s.", T::WORD, shown(slug), T::WORD))
}

#[cfg(test)]
mod tests {
    use chrono_tz::UTC;

    use super::*;

    #[test]
    fn a_query_string_has_one_canonical_form() {
        for (written, canonical) in [
            ("", ""),
            ("q=&page=1&utm_source=x&topic=", ""),
            (
                "page=2&year=2006&q=child+labour&topic=b&topic=a&topic=b",
                "?q=child+labour&topic=b&topic=a&year=2006&page=2",
            ),
            (
                "kind=Press-Release&language=PT-br&until=2006-12-31&from=2006-01-01",
                "?kind=press-release&language=pt-BR&from=2006-01-01&until=2006-12-31",
            ),
            ("place=%C3%A9%20%3Cscript%3E", "?place=%C3%A9+%3Cscript%3E"),
        ] {
            let query = ListQuery::parse(written).unwrap();
            assert_eq!(query.to_query(true), canonical, "{written}");
            assert_eq!(ListQuery::parse(canonical.trim_start_matches('?')).unwrap(), query, "{written}");
        }
    }

    #[test]
    fn an_invalid_parameter_is_named_with_advice() {
        for (written, message) in [
            ("page=-1", "“page” is “-1”: write a number from 1 to 500; choose a year to see older releases."),
            ("page=501", "“page” is “501”: write a number"),
            ("page=1&page=2", "“page” is “2”: give it once."),
            ("kind=news", "“kind” is “news”: the kinds are press-release, statement,"),
            ("language=%3Cscript%3E", "“language” is “<script>”: write a language tag"),
            ("year=0", "“year” is “0”: write a year such as 2006."),
            ("from=2006-02-30", "“from” is “2006-02-30”: write a date as 2006-05-08."),
            ("from=2006-02-03&until=2006-02-01", "“from” (2006-02-03) is after “until” (2006-02-01): swap them."),
            ("year=2006&from=2006-02-03", "“year” cannot be combined"),
            ("q=a&q=b", "“q” is “b”: give it once."),
        ] {
            let error = ListQuery::parse(written).unwrap_err();
            assert!(error.to_string().starts_with(message), "{written}: {error}");
            assert_eq!(error.status(), 400);
        }
        let many = "topic=a&topic=b&topic=c&topic=d&topic=e&topic=f&topic=g&topic=h&topic=i&topic=j&topic=k";
        assert!(ListQuery::parse(many).unwrap_err().to_string().contains("at most 10"));
        let long = ListQuery::parse(&format!("kind={}", "x".repeat(10_000))).unwrap_err().to_string();
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn a_search_text_is_not_a_filter() {
        let query = |text| ListQuery::parse(text).unwrap();
        assert!(!query("q=a&page=3").has_filter() && query("q=a").filter_in(UTC).is_none());
        assert!(query("year=2006").has_filter());
        let filter = query("year=2006&topic=a").filter_in(UTC).unwrap();
        let range = filter.release_date.clone().unwrap();
        assert_eq!(
            (range.from, range.until),
            (NaiveDate::from_ymd_opt(2006, 1, 1), NaiveDate::from_ymd_opt(2006, 12, 31))
        );
    }
}
