//! The interchange format: newline-delimited JSON, one object a line, tagged by `type`. `docs/interchange.md` describes it.

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, Utc};
use entity::{
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::range;

/// The version of the format that is read and written.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record {
    /// The first line, if there is one: which version of the format it is.
    Dateline(Header),
    /// A topic.
    Topic(Box<TopicRecord>),
    /// A place.
    Place(Box<PlaceRecord>),
    /// A release.
    Release(Box<ReleaseRecord>),
}

/// Which version of the format a file is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
}

/// A name; in `altNames` a bare text is one in the newsroom's own language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameRecord {
    /// BCP 47; none: the newsroom's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The name.
    pub name: String,
}

/// One or several slugs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a slug or a list of slugs")]
pub enum Slugs {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name { $($(#[$attribute])* pub $field: $type,)* }
    };
}

record! {
    /// A topic; what is absent it does not have.
    TopicRecord {
        /// Its address; what it is known by.
        slug: String,
        /// Its name in the newsroom's own language.
        name: String,
        /// Preferred names in other languages.
        #[serde(default, skip_serializing_if = "empty")] names: Option<Vec<NameRecord>>,
        /// What else it is called.
        #[serde(default, skip_serializing_if = "empty")] alt_names: Option<Vec<NameRecord>>,
        /// What it means.
        #[serde(default, skip_serializing_if = "Option::is_none")] definition: Option<String>,
        /// Its id in a public vocabulary.
        #[serde(default, skip_serializing_if = "Option::is_none")] uri: Option<String>,
        /// Since when it is no longer given to releases.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "retired_at", serialize_with = "instant")] retired_at: Option<DateTime<Utc>>,
        /// Slugs of broader topics.
        #[serde(default, skip_serializing_if = "Option::is_none")] broader: Option<Slugs>,
    }
}

record! {
    /// A place; what is absent it does not have.
    PlaceRecord {
        /// Its address; what it is known by.
        slug: String,
        /// Its name in the newsroom's own language.
        name: String,
        /// What sort of place it is.
        kind: PlaceKind,
        /// Preferred names in other languages.
        #[serde(default, skip_serializing_if = "empty")] names: Option<Vec<NameRecord>>,
        /// What else it is called.
        #[serde(default, skip_serializing_if = "empty")] alt_names: Option<Vec<NameRecord>>,
        /// Since when it is no longer given to releases.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "retired_at", serialize_with = "instant")] retired_at: Option<DateTime<Utc>>,
        /// Slug of the place it lies in.
        #[serde(default, skip_serializing_if = "Option::is_none")] within: Option<String>,
        /// ISO 3166-1, two letters.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "iso3166Alpha2")] iso3166_alpha2: Option<String>,
        /// ISO 3166-1, three letters.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "iso3166Alpha3")] iso3166_alpha3: Option<String>,
        /// UN M49, three digits.
        #[serde(default, skip_serializing_if = "Option::is_none")] m49: Option<String>,
        /// GeoNames id.
        #[serde(default, skip_serializing_if = "Option::is_none")] geonames_id: Option<i32>,
        /// Degrees north.
        #[serde(default, skip_serializing_if = "Option::is_none")] latitude: Option<f64>,
        /// Degrees east.
        #[serde(default, skip_serializing_if = "Option::is_none")] longitude: Option<f64>,
        /// Its id in a public gazetteer.
        #[serde(default, skip_serializing_if = "Option::is_none")] uri: Option<String>,
    }
}

record! {
    /// A release; what is absent it does not have.
    ReleaseRecord {
        /// Its address; made from the headline where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")] slug: Option<String>,
        /// The id that another system knows it by; what it is known by, before its address.
        #[serde(default, skip_serializing_if = "Option::is_none")] external_id: Option<String>,
        /// What sort of item it is; PRESS_RELEASE where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")] kind: Option<ReleaseKind>,
        /// The headline.
        headline: String,
        /// A second headline.
        #[serde(default, skip_serializing_if = "Option::is_none")] subheadline: Option<String>,
        /// A short text.
        #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<String>,
        /// The full text, in Markdown.
        #[serde(default, skip_serializing_if = "Option::is_none")] body_markdown: Option<String>,
        /// The full text, in HTML; made Markdown of.
        #[serde(default, skip_serializing_if = "Option::is_none")] body_html: Option<String>,
        /// BCP 47; the newsroom's own where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")] language: Option<String>,
        /// The date printed on it.
        #[serde(deserialize_with = "date", serialize_with = "written_date")] release_date: NaiveDate,
        /// DRAFT, PUBLISHED or WITHDRAWN; DRAFT where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")] state: Option<ReleaseState>,
        /// When it was made public.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "published_at", serialize_with = "instant")] published_at: Option<DateTime<Utc>>,
        /// How it was withdrawn; VANISH where it is absent and the state is WITHDRAWN.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "withdrawal")] withdrawal: Option<WithdrawalRecord>,
        /// Slugs of the places it was filed from.
        #[serde(default, skip_serializing_if = "empty")] dateline_places: Option<Vec<String>>,
        /// The place part of its dateline, as printed.
        #[serde(default, skip_serializing_if = "Option::is_none")] dateline_text: Option<String>,
        /// Slugs of its topics.
        #[serde(default, skip_serializing_if = "empty")] topics: Option<Vec<String>>,
        /// Slugs of the places it is about.
        #[serde(default, skip_serializing_if = "empty")] places: Option<Vec<String>>,
        /// For the desk.
        #[serde(default, skip_serializing_if = "Option::is_none")] editorial_note: Option<String>,
    }
}

record! {
    /// How a release was withdrawn.
    WithdrawalRecord {
        /// In which way.
        kind: WithdrawalKind,
        /// When.
        #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "instant")] at: Option<DateTime<Utc>>,
        /// What its former address says.
        #[serde(default, skip_serializing_if = "Option::is_none")] notice: Option<String>,
        /// Where its former address leads.
        #[serde(default, skip_serializing_if = "Option::is_none")] redirect_to: Option<String>,
    }
}

/// Reads a line.
pub fn parse(line: &str) -> Result<Record, String> {
    // Through the untagged whole first, so that serde says which field is wrong: a tagged enum forgets where it was.
    #[derive(Deserialize)]
    struct Tag {
        r#type: Option<String>,
    }
    let explain = |error: serde_json::Error| {
        let text = error.to_string();
        // The line of the file is told elsewhere; JSON's own is always 1.
        text.replace(" at line 1 column ", " at column ")
    };
    let tag: Tag = serde_json::from_str(line).map_err(|error| format!("not a JSON object: {}", explain(error)))?;
    let known = "dateline, topic, place or release";
    let tag = tag.r#type.ok_or_else(|| format!("`type` is missing: write {known}"))?;
    if !matches!(tag.as_str(), "dateline" | "topic" | "place" | "release") {
        return Err(format!("`type` is \"{}\": write {known}", tag.chars().take(40).collect::<String>()));
    }
    serde_json::from_str(line).map_err(explain)
}

/// Writes a line, without its newline.
pub fn write(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(record)
}

#[expect(clippy::ref_option, reason = "what serde calls it with")]
fn empty<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

#[expect(clippy::ref_option, reason = "what serde calls it with")]
fn instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| range::clamp_instant(at).to_rfc3339_opts(SecondsFormat::AutoSi, true)).serialize(serializer)
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    let sound = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| sound);
    let date = date.ok_or_else(|| {
        de::Error::custom(format!(
            "\"{}\" is not a date: write year-month-day, for example 2006-05-08",
            text.chars().take(40).collect::<String>()
        ))
    })?;
    range::check_date(date).map_err(|error| de::Error::custom(format!("releaseDate: {error}")))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls it with")]
fn written_date<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    range::clamp_date(*date).serialize(serializer)
}

fn published_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|text| instant_of("publishedAt", &text)).transpose()
}

fn retired_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|text| instant_of("retiredAt", &text)).transpose()
}

/// The instant in a field.
fn instant_of<E: de::Error>(field: &str, text: &str) -> Result<DateTime<Utc>, E> {
    let at = text.parse::<DateTime<FixedOffset>>().map_err(|_| {
        E::custom(format!(
            "{field}: \"{}\" is not an instant: write date, time and offset, for example 2006-05-08T09:00:00Z",
            text.chars().take(40).collect::<String>()
        ))
    })?;
    range::check_instant(at.to_utc()).map_err(|error| E::custom(format!("{field}: {error}")))
}

fn withdrawal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WithdrawalRecord>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "withdrawal is a kind (WITH_NOTICE, GONE, REDIRECT, VANISH) or an object of kind, at, notice and redirectTo"
    )]
    enum Either {
        Kind(WithdrawalKind),
        Whole(Whole),
    }
    // Its instant as text, because an untagged enum forgets what was wrong inside it.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Whole {
        kind: WithdrawalKind,
        at: Option<String>,
        notice: Option<String>,
        redirect_to: Option<String>,
    }
    let Some(either) = Option::<Either>::deserialize(deserializer)? else { return Ok(None) };
    Ok(Some(match either {
        Either::Kind(kind) => WithdrawalRecord { kind, at: None, notice: None, redirect_to: None },
        Either::Whole(Whole { kind, at, notice, redirect_to }) => {
            let at = at.map(|text| instant_of("withdrawal.at", &text)).transpose()?;
            WithdrawalRecord { kind, at, notice, redirect_to }
        }
    }))
}

impl<'de> Deserialize<'de> for NameRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            language: Option<String>,
            name: String,
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a name is a text or an object of language and name")]
        enum Either {
            Text(String),
            Whole(Whole),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Text(name) => Self { language: None, name },
            Either::Whole(whole) => Self { language: whole.language, name: whole.name },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let line = r#"{"type":"release","slug":"a-b","externalId":"x","kind":"SPEECH","headline":"A","releaseDate":"2006-05-08","state":"WITHDRAWN","publishedAt":"2006-05-08T09:00:00Z","withdrawal":{"kind":"GONE","at":"2007-01-01T00:00:00.5Z"},"datelinePlaces":["bangkok"],"topics":["x"]}"#;
        assert_eq!(write(&parse(line).unwrap()).unwrap(), line.replace("00.5Z", "00.500Z"));
        let line = r#"{"type":"topic","slug":"a","name":"A","altNames":[{"language":"fr","name":"B"},{"name":"C"}],"broader":["x","y"]}"#;
        assert_eq!(write(&parse(line).unwrap()).unwrap(), line);
    }

    #[test]
    fn short_forms_are_taken() {
        let line = r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","state":"WITHDRAWN","withdrawal":"GONE","summary":null}"#;
        let Record::Release(record) = parse(line).unwrap() else { panic!("it is a release") };
        assert_eq!(record.withdrawal.unwrap().kind, WithdrawalKind::Gone);
        let line = r#"{"type":"topic","slug":"a","name":"A","altNames":["B"],"broader":"x"}"#;
        let Record::Topic(record) = parse(line).unwrap() else { panic!("it is a topic") };
        assert_eq!(
            (record.alt_names.unwrap()[0].language.clone(), record.broader),
            (None, Some(Slugs::One("x".to_owned())))
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, named) in [
            ("{", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("{}", "`type` is missing"),
            (r#"{"type":"event"}"#, "`type` is \"event\""),
            (r#"{"type":"topic","slug":"a","name":"A","colour":"red"}"#, "colour"),
            (r#"{"type":"topic","slug":"a","slug":"b","name":"A"}"#, "slug"),
            (r#"{"type":"topic","name":"A"}"#, "slug"),
            (r#"{"type":"release","headline":"A","releaseDate":"8 May 2006"}"#, "is not a date"),
            (r#"{"type":"release","headline":"A","releaseDate":"2006-02-30"}"#, "is not a date"),
            (
                r#"{"type":"release","headline":"A","releaseDate":"0000-03-01"}"#,
                "releaseDate: 0000-03-01 is outside the range",
            ),
            (
                r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","publishedAt":"0001-01-01T00:00:00+14:00"}"#,
                "publishedAt: 0000-12-31T10:00:00Z is outside the range",
            ),
            (
                r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","publishedAt":"2005-12-31T23:59:60Z"}"#,
                "publishedAt: 2005-12-31T23:59:60Z has second 60",
            ),
            (
                r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","publishedAt":"yesterday"}"#,
                "publishedAt: \"yesterday\" is not an instant",
            ),
            (
                r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","withdrawal":{"kind":"GONE","at":"9999-12-31T23:59:59-14:00"}}"#,
                "withdrawal.at: +10000-01-01T13:59:59Z is outside the range",
            ),
            (
                r#"{"type":"topic","slug":"a","name":"A","retiredAt":"+10000-01-01T00:00:00Z"}"#,
                "retiredAt: +10000-01-01T00:00:00Z is outside the range",
            ),
            (r#"{"type":"release","headline":"A","releaseDate":"2006-05-08","kind":"NEWS"}"#, "PRESS_RELEASE"),
            (r#"{"type":"place","slug":"a","name":"A","kind":"CITY","m49":4}"#, "string"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
