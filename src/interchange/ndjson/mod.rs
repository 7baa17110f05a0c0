//! NDJSON format: parses a line to a record (header, topic, place or release), and writes a record as a line.
//!
//! A line is one JSON object, whose field `type` names the record type. The parser replaces control characters. It
//! reports up to 20 errors of a record at once, each with the field name and advice. A file with another format
//! version is refused. `docs/interchange.md` describes the format.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use entity::{
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    fields::{Field, FieldErrors, Fields, Object, closest_name, one_of},
    json::{Json, quoted},
};
use crate::{date_range, newsroom::text::control::ControlCount};

/// Version of the file format that this program reads and writes.
pub const VERSION: u32 = 1;

/// A record: the content of one line of the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Record {
    /// The optional first line, with the format version.
    Dateline(Header),
    /// A topic.
    Topic(Box<TopicRecord>),
    /// A place.
    Place(Box<PlaceRecord>),
    /// A release.
    Release(Box<ReleaseRecord>),
}

/// One slug, or an array of slugs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Slugs {
    /// A single slug.
    One(String),
    /// An array of slugs.
    Several(Vec<String>),
}

/// Defines the struct of a record: each field with its name in the file and its Rust type.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident, $noun:literal { $($(#[$attribute:meta])* $json:literal $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        pub struct $name { $($(#[$attribute])* #[serde(rename = $json)] pub $field: $type,)* }

        impl Object for $name {
            const NOUN: &'static str = $noun;
            const NAMES: &'static [&'static str] = &[$($json),*];

            fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
                $(let $field = fields.field::<$type>($json);)*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}

record! {
    /// The header of a file.
    Header, "the header" {
        /// Format version, see [`VERSION`].
        "version" version: u32,
    }
}

record! {
    /// A name in one language. In the file, a plain string is a name in the newsroom's language.
    NameRecord, "a name" {
        /// Language tag (BCP 47). Default: the newsroom's language.
        #[serde(skip_serializing_if = "Option::is_none")] "language" language: Option<String>,
        /// The name.
        "name" name: String,
    }
}

record! {
    /// A topic. An absent field means that the topic has no such value.
    TopicRecord, "a topic" {
        /// Slug. The import finds the stored topic by this slug.
        "slug" slug: String,
        /// Name in the newsroom's language.
        "name" name: String,
        /// Preferred names in other languages.
        #[serde(skip_serializing_if = "is_none_or_empty")] "names" names: Option<Vec<NameRecord>>,
        /// Alternative names.
        #[serde(skip_serializing_if = "is_none_or_empty")] "altNames" alt_names: Option<Vec<NameRecord>>,
        /// Definition.
        #[serde(skip_serializing_if = "Option::is_none")] "definition" definition: Option<String>,
        /// URI in a public vocabulary.
        #[serde(skip_serializing_if = "Option::is_none")] "uri" uri: Option<String>,
        /// Time of the retirement.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_instant")] "retiredAt" retired_at: Option<DateTime<Utc>>,
        /// Slugs of broader topics.
        #[serde(skip_serializing_if = "Option::is_none")] "broader" broader: Option<Slugs>,
    }
}

record! {
    /// A place. An absent field means that the place has no such value.
    PlaceRecord, "a place" {
        /// Slug. The import finds the stored place by this slug.
        "slug" slug: String,
        /// Name in the newsroom's language.
        "name" name: String,
        /// Kind of place.
        "kind" kind: PlaceKind,
        /// Preferred names in other languages.
        #[serde(skip_serializing_if = "is_none_or_empty")] "names" names: Option<Vec<NameRecord>>,
        /// Alternative names.
        #[serde(skip_serializing_if = "is_none_or_empty")] "altNames" alt_names: Option<Vec<NameRecord>>,
        /// Time of the retirement.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_instant")] "retiredAt" retired_at: Option<DateTime<Utc>>,
        /// Slug of the place that contains this place.
        #[serde(skip_serializing_if = "Option::is_none")] "within" within: Option<String>,
        /// ISO 3166-1 code of two letters.
        #[serde(skip_serializing_if = "Option::is_none")] "iso3166Alpha2" iso3166_alpha2: Option<String>,
        /// ISO 3166-1 code of three letters.
        #[serde(skip_serializing_if = "Option::is_none")] "iso3166Alpha3" iso3166_alpha3: Option<String>,
        /// UN M49 code of three digits.
        #[serde(skip_serializing_if = "Option::is_none")] "m49" m49: Option<String>,
        /// GeoNames id.
        #[serde(skip_serializing_if = "Option::is_none")] "geonamesId" geonames_id: Option<i32>,
        /// Latitude in degrees north.
        #[serde(skip_serializing_if = "Option::is_none")] "latitude" latitude: Option<f64>,
        /// Longitude in degrees east.
        #[serde(skip_serializing_if = "Option::is_none")] "longitude" longitude: Option<f64>,
        /// URI in a public gazetteer.
        #[serde(skip_serializing_if = "Option::is_none")] "uri" uri: Option<String>,
    }
}

record! {
    /// A release. An absent field means that the release has no such value.
    ReleaseRecord, "a release" {
        /// Slug. Default: made from the headline.
        #[serde(skip_serializing_if = "Option::is_none")] "slug" slug: Option<String>,
        /// Id of the release in another system. The import finds the stored release by this id first, then by slug.
        #[serde(skip_serializing_if = "Option::is_none")] "externalId" external_id: Option<String>,
        /// Kind of the release. Default: PRESS_RELEASE.
        #[serde(skip_serializing_if = "Option::is_none")] "kind" kind: Option<ReleaseKind>,
        /// The headline.
        "headline" headline: String,
        /// Subheadline.
        #[serde(skip_serializing_if = "Option::is_none")] "subheadline" subheadline: Option<String>,
        /// Summary.
        #[serde(skip_serializing_if = "Option::is_none")] "summary" summary: Option<String>,
        /// Body in Markdown.
        #[serde(skip_serializing_if = "Option::is_none")] "bodyMarkdown" body_markdown: Option<String>,
        /// Body in HTML, which is converted to Markdown.
        #[serde(skip_serializing_if = "Option::is_none")] "bodyHtml" body_html: Option<String>,
        /// Language tag (BCP 47). Default: the newsroom's language.
        #[serde(skip_serializing_if = "Option::is_none")] "language" language: Option<String>,
        /// Release date.
        #[serde(serialize_with = "serialize_date")] "releaseDate" release_date: NaiveDate,
        /// DRAFT, PUBLISHED or WITHDRAWN. Default: DRAFT.
        #[serde(skip_serializing_if = "Option::is_none")] "state" state: Option<ReleaseState>,
        /// Time of publication.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_instant")] "publishedAt" published_at: Option<DateTime<Utc>>,
        /// How the release was withdrawn. Default if the state is WITHDRAWN: VANISH.
        #[serde(skip_serializing_if = "Option::is_none")] "withdrawal" withdrawal: Option<WithdrawalRecord>,
        /// Slugs of the places in the dateline.
        #[serde(skip_serializing_if = "is_none_or_empty")] "datelinePlaces" dateline_places: Option<Vec<String>>,
        /// Place part of the dateline, as printed.
        #[serde(skip_serializing_if = "Option::is_none")] "datelineText" dateline_text: Option<String>,
        /// Slugs of the topics.
        #[serde(skip_serializing_if = "is_none_or_empty")] "topics" topics: Option<Vec<String>>,
        /// Slugs of the places that the release is about.
        #[serde(skip_serializing_if = "is_none_or_empty")] "places" places: Option<Vec<String>>,
        /// Internal note for the desk.
        #[serde(skip_serializing_if = "Option::is_none")] "editorialNote" editorial_note: Option<String>,
    }
}

record! {
    /// How a release was withdrawn.
    WithdrawalRecord, "a withdrawal" {
        /// Kind of withdrawal.
        "kind" kind: WithdrawalKind,
        /// Time of the withdrawal.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_instant")] "at" at: Option<DateTime<Utc>>,
        /// Notice that the former public URL of the release shows.
        #[serde(skip_serializing_if = "Option::is_none")] "notice" notice: Option<String>,
        /// URL to which the former public URL of the release redirects.
        #[serde(skip_serializing_if = "Option::is_none")] "redirectTo" redirect_to: Option<String>,
    }
}

/// Parses a line. Returns the record and the number of control characters that were replaced in the line. On
/// failure, returns up to 20 errors as one message.
pub fn parse(line: &str) -> Result<(Record, ControlCount), String> {
    let mut value = Json::parse(line)?;
    let controls = value.replace_controls();
    let Json::Object(mut entries) = value else {
        return Err(format!("not a JSON object: it is {}; write one object per line", value.type_name()));
    };
    let expected_types = "write dateline, topic, place or release";
    let Some(index) = entries.iter().position(|(name, _)| name == "type") else {
        return Err(format!("type is missing: {expected_types}"));
    };
    let (_, tag) = entries.swap_remove(index);
    let Json::Text(tag) = tag else { return Err(format!("type: {tag} is {}: {expected_types}", tag.type_name())) };
    let mut errors = FieldErrors::default();
    let record = match tag.as_str() {
        "dateline" => Object::read_object(entries, "", &mut errors).map(Record::Dateline),
        "topic" => Object::read_object(entries, "", &mut errors).map(|topic| Record::Topic(Box::new(topic))),
        "place" => Object::read_object(entries, "", &mut errors).map(|place| Record::Place(Box::new(place))),
        "release" => Object::read_object(entries, "", &mut errors).map(|release| Record::Release(Box::new(release))),
        _ => {
            let meant = closest_name(&tag, &["dateline", "topic", "place", "release"]);
            let advice = meant.map_or(expected_types.to_owned(), |meant| format!("did you mean \"{meant}\"?"));
            return Err(format!("type: {} is not a type of record: {advice}", quoted(&tag)));
        }
    };
    record.map(|record| (record, controls)).ok_or_else(|| errors.in_one_line())
}

/// Returns whether the first field of a line is `type` with the value `release`, as in an export. Such a line is a
/// release or invalid. This function does not parse the line; it returns false for other spellings of a release.
pub fn starts_as_release(line: &str) -> bool {
    let tokens = ["{", "\"type\"", ":", "\"release\""];
    tokens.iter().try_fold(line, |rest, token| rest.trim_start().strip_prefix(token)).is_some()
}

/// If the first line of a file is a header with an unsupported format version, returns the message that refuses the
/// file. Ignores all other fields, because another format version may define fields that this program does not know.
pub fn refuse_version(first_line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct AnyHeader {
        r#type: String,
        version: serde_json::Number,
    }
    let header = serde_json::from_str::<AnyHeader>(first_line).ok()?;
    (header.r#type == "dateline" && header.version.as_u64() != Some(u64::from(VERSION)))
        .then(|| unsupported_version(header.version))
}

/// Returns the message for a file with an unsupported format version.
pub fn unsupported_version(version: impl Display) -> String {
    format!(
        "the file has format version {version}, but this version of Dateline reads only version {VERSION}: import it with a \
         version of Dateline that reads version {version}"
    )
}

/// Serialises a record as one line, without a newline.
pub fn to_line(record: &Record) -> Result<String, serde_json::Error> {
    serde_json::to_string(record)
}

#[expect(clippy::ref_option, reason = "serde requires this signature")]
fn is_none_or_empty<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

#[expect(clippy::ref_option, reason = "serde requires this signature")]
fn serialize_instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| date_range::clamp_instant(at).to_rfc3339_opts(SecondsFormat::AutoSi, true)).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde requires this signature")]
fn serialize_date<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    date_range::clamp_date(*date).serialize(serializer)
}

impl Field for ReleaseKind {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        one_of(&value, at, errors, "a kind of release", &Self::ALL)
    }
}

impl Field for ReleaseState {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        let all = [Self::Draft, Self::Published, Self::Withdrawn];
        one_of(&value, at, errors, "a state that can be imported", &all)
    }
}

impl Field for WithdrawalKind {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        one_of(&value, at, errors, "a kind of withdrawal", &Self::ALL)
    }
}

impl Field for PlaceKind {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        let all = [Self::World, Self::Region, Self::Subregion, Self::Country, Self::Admin, Self::City];
        one_of(&value, at, errors, "a kind of place", &all)
    }
}

impl Field for Slugs {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        match value {
            Json::Text(slug) => Some(Self::One(slug)),
            Json::List(_) => Field::read(value, at, errors).map(Self::Several),
            other => errors.push_wrong_type(at, &other, "a slug, or an array of slugs"),
        }
    }
}

impl Field for NameRecord {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        match value {
            Json::Text(name) => Some(Self { language: None, name }),
            Json::Object(entries) => Object::read_object(entries, &format!("{at}."), errors),
            other => errors.push_wrong_type(at, &other, "a name, or an object of language and name"),
        }
    }
}

impl Field for WithdrawalRecord {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        match value {
            Json::Object(entries) => Object::read_object(entries, &format!("{at}."), errors),
            Json::Text(_) => {
                Field::read(value, at, errors).map(|kind| Self { kind, at: None, notice: None, redirect_to: None })
            }
            other => errors.push_wrong_type(at, &other, "a kind, or an object of kind, at, notice and redirectTo"),
        }
    }
}

#[cfg(test)]
mod tests;
