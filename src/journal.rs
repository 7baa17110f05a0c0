//! Data types of the journal, the append-only log of all changes (CDC). A journal entry is one action on one object,
//! with the object's image before and after the action, the actor, the time and an optional note.
//!
//! An image contains everything that the catalog keeps of a release, topic or place. A follower of the journal can
//! therefore apply an entry without reading other rows, and never sees rows that are newer than the entry.
//!
//! Images are stored as JSON. Empty fields are omitted, secrets are never included, and the field names are part of
//! the stored format. Earlier versions could store dates outside the years 0001 to 9999; such dates are clamped when
//! they are read. `newsroom::unit_of_work` writes entries, and `catalog::sync` reads them.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    Noun,
    place::PlaceKind,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::date_range;

/// The actor of changes that Dateline makes automatically: scheduled publications and ends of embargoes.
pub const SYSTEM_ACTOR: &str = "dateline";

/// The actor of changes that an operator makes with a `dateline` command.
pub const COMMAND_LINE_ACTOR: &str = "command line";

/// Whether a subject is reserved for changes by Dateline or by its commands. No token may have a reserved subject.
pub fn is_reserved_actor(subject: &str) -> bool {
    [SYSTEM_ACTOR, COMMAND_LINE_ACTOR].contains(&subject)
}

/// A journal entry: one action on one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Position in the journal: 1, 2, 3 … without gaps, in the order of commits.
    pub sequence: i64,
    /// Instant at which the transaction of the action began.
    pub at: DateTime<Utc>,
    /// The actor: the subject of a token, [`SYSTEM_ACTOR`] or [`COMMAND_LINE_ACTOR`].
    pub by: String,
    /// Name of the action, such as `release.publish` or `topic.create`.
    pub action: String,
    /// Type of the changed object.
    pub noun: Noun,
    /// Primary key of the changed object.
    pub noun_id: Uuid,
    /// Reason for the action, if the actor gave one.
    pub note: Option<String>,
    /// The object before the action. `None` if the action created it.
    pub before: Option<Image>,
    /// The object after the action. `None` if the action deleted it.
    pub after: Option<Image>,
}

/// An image: what the catalog keeps of a release, topic or place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "noun", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Image {
    /// Image of a release.
    Release(Box<ReleaseImage>),
    /// Image of a topic.
    Topic(Box<TopicImage>),
    /// Image of a place.
    Place(Box<PlaceImage>),
    /// Image of a purged release. It contains only which audiences saw the release before the purge.
    Purged {
        /// Whether the public saw the release.
        public: bool,
        /// Whether the press saw the release.
        press: bool,
    },
}

/// Image of a release: what the catalog keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseImage {
    /// Primary key of the release.
    pub id: Uuid,
    /// Present slug.
    pub slug: String,
    /// Former slugs that were public.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Workflow state.
    pub state: ReleaseState,
    /// Number of the newest revision.
    pub revision: i32,
    /// Subject of the actor who created the release.
    pub author: String,
    /// Instant at which the visible content of the release last changed.
    #[serde(deserialize_with = "date_range::stored")]
    pub modified_at: DateTime<Utc>,
    /// Instant at which the release was first public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub first_published_at: Option<DateTime<Utc>>,
    /// Instant at which the release was last made public.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub published_at: Option<DateTime<Utc>>,
    /// The kind of withdrawal, if the release was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_kind: Option<WithdrawalKind>,
    /// Instant of the scheduled publication. `None` once the journal has recorded the publication.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub schedule_at: Option<DateTime<Utc>>,
    /// End of the embargo. Until then only the press and the desk see the published release. `None` once the journal
    /// has recorded the end.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub embargo_until: Option<DateTime<Utc>>,
    /// The revision that filters, facets and counts evaluate: the live revision, or the working revision if the
    /// release has no live revision.
    pub shown: VersionImage,
    /// The working revision, if the release also has a live revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<WorkingImage>,
}

/// Image of a revision: the fields that filters, facets and counts use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionImage {
    /// Primary key of the revision row.
    pub revision_id: Uuid,
    /// Revision number within the release: 1, 2, 3 …
    pub number: i32,
    /// Kind of release, such as statement or speech.
    pub kind: ReleaseKind,
    /// Language tag (BCP 47), in canonical case.
    pub language: String,
    /// Release date.
    #[serde(deserialize_with = "date_range::stored")]
    pub release_date: NaiveDate,
    /// Topics of the revision, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Places of the dateline (where the release was filed), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// Places that the release is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// Image of a working revision whose release also has a live revision. Such a working revision is in no release set;
/// the desk reaches it only through its release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingImage {
    /// Primary key of the revision row.
    pub revision_id: Uuid,
    /// Whether the live revision was corrected after this working revision was started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// Topics of the working revision, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Uuid>,
    /// Places of the dateline (where the release was filed), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dateline: Vec<Uuid>,
    /// Places that the working revision is about, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Uuid>,
}

/// A name of a topic or place in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Language tag (BCP 47), in canonical case.
    pub language: String,
    /// The name.
    pub name: String,
}

/// A topic or place that was merged into another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Primary key of the merged topic or place before the merge.
    pub id: Uuid,
    /// URI of the merged topic or place before the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// The fields that topics and places have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptFields {
    /// Primary key.
    pub id: Uuid,
    /// Present slug.
    pub slug: String,
    /// Former slugs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_slugs: Vec<String>,
    /// Name in the newsroom's default language.
    pub name: String,
    /// Preferred names in other languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// Alternative names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alt_names: Vec<Name>,
    /// URI in a public vocabulary or gazetteer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Concepts that were merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Merged>,
    /// Instant at which the concept was retired.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "date_range::stored_option")]
    pub retired_at: Option<DateTime<Utc>>,
    /// The concept to use instead of this retired concept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Uuid>,
    /// Revision number, for optimistic concurrency control.
    pub revision: i32,
}

impl ConceptFields {
    /// Creates the fields of a new concept, without slug and names.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self {
            id,
            slug: String::new(),
            former_slugs: Vec::new(),
            name: String::new(),
            names: Vec::new(),
            alt_names: Vec::new(),
            uri: None,
            merged: Vec::new(),
            retired_at: None,
            replaced_by: None,
            revision: 1,
        }
    }
}

/// Image of a topic, with all its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// The fields that every concept has.
    #[serde(flatten)]
    pub fields: ConceptFields,
    /// Definition of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Broader topics, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broader: Vec<Uuid>,
}

/// Image of a place, with all its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceImage {
    /// The fields that every concept has.
    #[serde(flatten)]
    pub fields: ConceptFields,
    /// Kind of place, such as country or city.
    pub kind: PlaceKind,
    /// The place that directly contains this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Uuid>,
    /// ISO 3166-1 alpha-2 country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso3166_alpha2: Option<String>,
    /// ISO 3166-1 alpha-3 country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso3166_alpha3: Option<String>,
    /// UN M49 area code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m49: Option<String>,
    /// GeoNames id of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geonames_id: Option<i32>,
    /// Latitude and longitude in degrees (WGS 84); north and east are positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<(f64, f64)>,
}

impl Deref for TopicImage {
    type Target = ConceptFields;

    fn deref(&self) -> &ConceptFields {
        &self.fields
    }
}

impl DerefMut for TopicImage {
    fn deref_mut(&mut self) -> &mut ConceptFields {
        &mut self.fields
    }
}

impl Deref for PlaceImage {
    type Target = ConceptFields;

    fn deref(&self) -> &ConceptFields {
        &self.fields
    }
}

impl DerefMut for PlaceImage {
    fn deref_mut(&mut self) -> &mut ConceptFields {
        &mut self.fields
    }
}
