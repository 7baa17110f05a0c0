//! Journal: the values of the change log (CDC). An entry is one action with its before and after image, actor, time and
//! note.
//!
//! An image is everything that the catalog keeps of a release, topic or place. Applying an entry needs no other read,
//! so a follower never sees rows that are newer than the entry. Images are stored as JSON: empty fields are omitted,
//! secrets are never included, field names are part of the stored format. Dates out of range, which earlier versions
//! could store, are clamped while they are read. Writing entries is in `newsroom::unit_of_work`, reading them in
//! `catalog::sync`.

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun,
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::date_range;

/// Who puts down what happened by itself.
pub const SYSTEM_ACTOR: &str = "dateline";

/// The actor of changes that an operator makes with a command.
pub const COMMAND_LINE_ACTOR: &str = "command line";

/// Whether a subject is an actor of Dateline itself, so that no token may have it.
pub fn is_reserved_actor(subject: &str) -> bool {
    [SYSTEM_ACTOR, COMMAND_LINE_ACTOR].contains(&subject)
}

/// One act on one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1, 2, 3 … without holes; the order of commits.
    pub sequence: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Subject of who did it.
    pub by: String,
    /// What was done: `release.publish`, `topic.create` …
    pub action: String,
    /// What sort of thing it was done to.
    pub noun: Noun,
    /// Which.
    pub noun_id: Uuid,
    /// Why, where somebody said so.
    pub note: Option<String>,
    /// The thing before; none where it did not exist.
    pub before: Option<Image>,
    /// The thing afterwards; none where it exists no more.
    pub after: Option<Image>,
}

/// What the catalog keeps of one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "noun", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Image {
    /// Of a release.
    Release(Box<ReleaseImage>),
    /// Of a topic.
    Topic(Box<TopicImage>),
    /// Of a place.
    Place(Box<PlaceImage>),
    /// Of a release that was purged: nothing of it but who saw it until then.
    Purged {
        /// Everybody.
        public: bool,
        /// The press.
        press: bool,
    },
}

/// What the catalog keeps of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseImage {
    /// Its key.
    pub id: Uuid,
    /// Its address now.
    pub slug: String,
    /// Public addresses that it had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Where it is in its life.
    pub state: ReleaseState,
    /// Number of the newest revision.
    pub revision: i32,
    /// Who created it.
    pub author: String,
    /// When what its readers see last changed.
    #[serde(deserialize_with = "date_range::stored")]
    pub modified_at: DateTime<Utc>,
    /// When it was first public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub first_published_at: Option<DateTime<Utc>>,
    /// When it was last made public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub published_at: Option<DateTime<Utc>>,
    /// How it was withdrawn, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// When it is to be published, where that is scheduled and has not been put down as done.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub schedule_at: Option<DateTime<Utc>>,
    /// Until when only the press and the desk see it once it is published, where its end has not been put down.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub embargo_until: Option<DateTime<Utc>>,
    /// The version that filters, facets and counts see: the live one; where there is none, the working one.
    pub shown: VersionImage,
    /// The version being worked on beside a live one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<WorkingImage>,
}

/// One version of a release, as far as sets go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionImage {
    /// Key of the revision row.
    pub revision_id: Uuid,
    /// Number of the revision.
    pub number: i32,
    /// What sort of item it is.
    pub kind: ReleaseKind,
    /// BCP 47, canonical case.
    pub language: String,
    /// The date printed on it.
    #[serde(deserialize_with = "date_range::stored")]
    pub release_date: NaiveDate,
    /// What it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Where it was filed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// What places it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// A version being worked on beside a live one: reached from its release only, in no set of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingImage {
    /// Key of the revision row.
    pub revision_id: Uuid,
    /// The live version was corrected since this one was begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// What it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Where it was filed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// What places it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// A name in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// BCP 47, canonical case.
    pub language: String,
    /// The name.
    pub name: String,
}

/// A concept that was merged into another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The key it had.
    pub id: Uuid,
    /// The URI it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// What the catalog keeps of a topic: all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// Its key.
    pub id: Uuid,
    /// Its address now.
    pub slug: String,
    /// Addresses that it had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Its name in the newsroom's default language.
    pub name: String,
    /// Its preferred names in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// What else it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_names: Vec<Name>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Its id in a public vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Broader topics, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broader: Vec<Uuid>,
    /// Those that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// Since when it is no longer given to releases.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub retired_at: Option<DateTime<Utc>>,
    /// What to use instead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Uuid>,
    /// What a writer must have seen.
    pub revision: i32,
}

/// What the catalog keeps of a place: all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceImage {
    /// Its key.
    pub id: Uuid,
    /// Its address now.
    pub slug: String,
    /// Addresses that it had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Its name in the newsroom's default language.
    pub name: String,
    /// Its preferred names in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// What else it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_names: Vec<Name>,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// The place it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Uuid>,
    /// Its id in a public gazetteer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso3166_alpha2: Option<String>,
    /// ISO 3166-1 alpha-3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso3166_alpha3: Option<String>,
    /// UN M49.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m49: Option<String>,
    /// GeoNames id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geonames_id: Option<i32>,
    /// Degrees north and east, WGS 84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<(f64, f64)>,
    /// Those that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// Since when it is no longer given to releases.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub retired_at: Option<DateTime<Utc>>,
    /// What to use instead of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Uuid>,
    /// What a writer must have seen.
    pub revision: i32,
}
