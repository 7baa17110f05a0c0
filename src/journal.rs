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

/// The actor of changes that Dateline makes itself: scheduled publications, ends of embargoes.
pub const SYSTEM_ACTOR: &str = "dateline";

/// The actor of changes that an operator makes with a command.
pub const COMMAND_LINE_ACTOR: &str = "command line";

/// Whether a subject is an actor of Dateline itself, so that no token may have it.
pub fn is_reserved_actor(subject: &str) -> bool {
    [SYSTEM_ACTOR, COMMAND_LINE_ACTOR].contains(&subject)
}

/// One action on one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1, 2, 3 … without gaps, in the order of commits.
    pub sequence: i64,
    /// When the transaction of the action began.
    pub at: DateTime<Utc>,
    /// Subject of the actor.
    pub by: String,
    /// Name of the action: `release.publish`, `topic.create` …
    pub action: String,
    /// Type of the object.
    pub noun: Noun,
    /// Key of the object.
    pub noun_id: Uuid,
    /// Reason, if one was given.
    pub note: Option<String>,
    /// The object before; `None` if it did not exist.
    pub before: Option<Image>,
    /// The object after; `None` if it was deleted.
    pub after: Option<Image>,
}

/// What the catalog keeps of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "noun", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Image {
    /// A release.
    Release(Box<ReleaseImage>),
    /// A topic.
    Topic(Box<TopicImage>),
    /// A place.
    Place(Box<PlaceImage>),
    /// A purged release: only which audiences saw it before.
    Purged {
        /// Whether the public saw it.
        public: bool,
        /// Whether the press saw it.
        press: bool,
    },
}

/// What the catalog keeps of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseImage {
    /// Key.
    pub id: Uuid,
    /// Present slug.
    pub slug: String,
    /// Former public slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Workflow state.
    pub state: ReleaseState,
    /// Number of the newest revision.
    pub revision: i32,
    /// Who created it.
    pub author: String,
    /// When its visible content last changed.
    #[serde(deserialize_with = "date_range::stored")]
    pub modified_at: DateTime<Utc>,
    /// When it was first public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub first_published_at: Option<DateTime<Utc>>,
    /// When it was last made public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub published_at: Option<DateTime<Utc>>,
    /// How it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// Instant of a scheduled publication that the journal has not recorded yet.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub schedule_at: Option<DateTime<Utc>>,
    /// End of an embargo that the journal has not recorded yet. Until then only the press and the desk see the
    /// published release.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub embargo_until: Option<DateTime<Utc>>,
    /// The revision that filters, facets and counts evaluate: the live one, or the working one if there is no live
    /// one.
    pub shown: VersionImage,
    /// The working revision beside a live one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<WorkingImage>,
}

/// The part of a revision that sets depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionImage {
    /// Key of the revision row.
    pub revision_id: Uuid,
    /// Number of the revision.
    pub number: i32,
    /// Kind of item.
    pub kind: ReleaseKind,
    /// Language tag (BCP 47), in canonical case.
    pub language: String,
    /// Release date.
    #[serde(deserialize_with = "date_range::stored")]
    pub release_date: NaiveDate,
    /// Topics, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Places of the dateline, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// Places that it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// A working revision beside a live one. It is reached through its release only and is in no set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingImage {
    /// Key of the revision row.
    pub revision_id: Uuid,
    /// Whether the live revision was corrected after this one was started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// Topics, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Places of the dateline, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// Places that it is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// A name in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Language tag (BCP 47), in canonical case.
    pub language: String,
    /// The name.
    pub name: String,
}

/// A concept that was merged into another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Its former key.
    pub id: Uuid,
    /// Its former URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// A topic, complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// Key.
    pub id: Uuid,
    /// Present slug.
    pub slug: String,
    /// Former slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Name in the newsroom's language.
    pub name: String,
    /// Preferred names in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// Alternative names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_names: Vec<Name>,
    /// Definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// URI in a public vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Broader topics, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broader: Vec<Uuid>,
    /// Concepts that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// When it was retired.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub retired_at: Option<DateTime<Utc>>,
    /// The concept to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Uuid>,
    /// Revision for optimistic concurrency control.
    pub revision: i32,
}

/// A place, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceImage {
    /// Key.
    pub id: Uuid,
    /// Present slug.
    pub slug: String,
    /// Former slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Name in the newsroom's language.
    pub name: String,
    /// Preferred names in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// Alternative names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_names: Vec<Name>,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// The place that directly contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Uuid>,
    /// URI in a public gazetteer.
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
    /// Concepts that were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// When it was retired.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub retired_at: Option<DateTime<Utc>>,
    /// The concept to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Uuid>,
    /// Revision for optimistic concurrency control.
    pub revision: i32,
}
