//! Snapshot: all releases, topics and places of the catalog at one journal sequence. Releases are in columns and
//! indexes.
//!
//! A snapshot is immutable once published. The next snapshot is a clone that shares almost all data, with some
//! journal entries applied. A snapshot uses no database, clock or network. Releases are addressed by ordinal, a small
//! stable number that never leaves the catalog. A snapshot contains all releases; `ReleaseSet` decides which of them
//! a viewer may see.
//!
//! - `apply`: applies journal entries and release images to columns and indexes
//! - `lookup`: finds a release by id, slug or former slug
//! - `merge`: adds, replaces and merges topics and places
//! - `pending`: pending transitions of one release
//! - `scheduled`: applies scheduled publications and embargo ends that are due when the snapshot is read
//! - `date_index`: releases by the month of their release date, and range scans
//! - `audience`: the classes of viewers (public, press, desk) and which releases each of them sees
//! - `audience_version`: data version for one audience, for cache validation (ETag) and `asOf`
//! - `census`: counts of all objects, for `dateline check`
//! - `difference`: comparison of two snapshots, for `dateline check`

pub(crate) mod apply;
pub(crate) mod audience;
pub(crate) mod audience_version;
pub(crate) mod census;
pub(crate) mod date_index;
pub(crate) mod difference;
mod lookup;
pub(crate) mod merge;
pub(crate) mod pending;
pub(crate) mod scheduled;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use crate::{
    catalog::{
        sort::OrderKey,
        store::{
            bitmap::{BitmapIndex, Dimension, SharedBitmap},
            column::{Column, ListColumn},
            key_index::KeyIndex,
            sorted_index::SortedIndex,
            vocabulary::Vocabulary,
        },
    },
    journal::{PlaceImage, TopicImage, WorkingImage},
};
use pending::PendingTransitions;

/// All releases, topics and places at one journal sequence, in the structures from which queries compute their
/// results.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Sequence of the last journal entry that was applied.
    pub(super) sequence: i64,
    /// Sequence of the last journal entry that changed something public.
    pub(super) public_sequence: i64,
    /// Instant of the last journal entry that changed something public, in microseconds since 1970. 0 if there was no
    /// such entry since the snapshot was loaded.
    pub(super) public_entry_at: i64,
    /// Sequence of the last journal entry that changed something that the press sees.
    pub(super) press_sequence: i64,
    /// Sequence of the last journal entry that records a scheduled transition. Such an entry changes nothing visible,
    /// but is sent to subscribers.
    pub(super) transition_sequence: i64,
    /// For each audience, the instant of the last scheduled transition that changed something the audience sees, in
    /// microseconds since 1970. 0 if there was no such transition since the snapshot was loaded.
    pub(super) last_transition_at: [i64; 3],
    /// Pending transitions of releases, by ordinal.
    pub(super) pending: Arc<BTreeMap<u32, PendingTransitions>>,
    /// Instants of pending transitions, in microseconds since 1970, with the ordinals of their releases.
    pub(super) pending_instants: Arc<BTreeSet<(i64, u32)>>,
    /// Scheduled transitions that are applied in this snapshot but not yet recorded in the journal: instants in
    /// microseconds since 1970, with the ordinals of the releases.
    pub(super) applied_unrecorded: Arc<BTreeSet<(i64, u32)>>,
    /// Epoch of the database that the snapshot was loaded from.
    pub(super) epoch: Uuid,
    pub(super) ids: Column<Uuid>,
    /// Id of each release's shown revision.
    pub(super) revision_ids: Column<Uuid>,
    pub(super) facts: Column<Facts>,
    /// Day numbers of the release dates. Day 1 is 1 January of the year 1 (proleptic Gregorian calendar).
    pub(super) release_dates: Column<i32>,
    pub(super) instants: Column<Instants>,
    pub(super) slugs: ListColumn<u8>,
    pub(super) topics_of: ListColumn<u32>,
    pub(super) dateline_of: ListColumn<u32>,
    pub(super) about_of: ListColumn<u32>,
    /// Working revisions of releases that also have a live revision, by ordinal.
    pub(super) working: Arc<BTreeMap<u32, WorkingImage>>,
    pub(super) by_id: KeyIndex,
    pub(super) by_slug: KeyIndex,
    pub(super) former_slugs: Arc<HashMap<String, u32>>,
    pub(super) all: SharedBitmap,
    /// Published releases without an embargo.
    pub(super) public: SharedBitmap,
    pub(super) by_state: BitmapIndex,
    pub(super) by_kind: BitmapIndex,
    /// Releases by the month of their release date (`date_index`).
    pub(super) by_month: BitmapIndex,
    pub(super) languages: Dimension,
    pub(super) authors: Dimension,
    pub(super) by_topic: BitmapIndex,
    pub(super) by_dateline: BitmapIndex,
    pub(super) by_about: BitmapIndex,
    pub(super) with_topics: SharedBitmap,
    pub(super) with_dateline: SharedBitmap,
    pub(super) with_about: SharedBitmap,
    pub(super) with_working: SharedBitmap,
    pub(super) by_release_date: SortedIndex,
    pub(super) by_published_at: SortedIndex,
    pub(super) by_modified_at: SortedIndex,
    pub(super) topics: Vocabulary<TopicImage>,
    pub(super) places: Vocabulary<PlaceImage>,
}

/// Short fields of a release, stored together in one column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) kind: ReleaseKind,
    pub(super) state: ReleaseState,
    pub(super) withdrawal: Option<WithdrawalKind>,
    pub(super) language: u32,
    pub(super) author: u32,
    /// Revision number of the shown revision.
    pub(super) shown_number: i32,
    /// Revision number of the newest revision.
    pub(super) newest_number: i32,
}

/// Instants of a release, in microseconds since 1970. An instant that has not occurred is `units::NEVER`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instants {
    pub(super) modified: i64,
    pub(super) published: i64,
    pub(super) first_published: i64,
}

impl Snapshot {
    /// Returns the sequence of the last journal entry that was applied.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// Returns the epoch (random id) of the database that the snapshot was loaded from.
    pub fn epoch(&self) -> Uuid {
        self.epoch
    }

    /// Returns all topics.
    pub fn topics(&self) -> &Vocabulary<TopicImage> {
        &self.topics
    }

    /// Returns all places.
    pub fn places(&self) -> &Vocabulary<PlaceImage> {
        &self.places
    }

    /// Returns the number of releases in any state. For health checks and metrics only, never for an API response.
    pub fn len(&self) -> u64 {
        self.all.len()
    }

    /// Returns whether the snapshot contains no release.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns all published releases, including those under an embargo.
    pub(super) fn published(&self) -> SharedBitmap {
        self.by_state.get(ReleaseState::Published as u32).cloned().unwrap_or_default()
    }

    /// Returns the sorted index of a sort key.
    pub(super) fn sorted_index(&self, by: OrderKey) -> &SortedIndex {
        match by {
            OrderKey::ReleaseDate => &self.by_release_date,
            OrderKey::PublishedAt => &self.by_published_at,
            OrderKey::ModifiedAt => &self.by_modified_at,
        }
    }

    /// Returns the value by which a sort key orders a release: a day number, or microseconds since 1970.
    pub(super) fn sort_value(&self, by: OrderKey, ordinal: u32) -> i64 {
        match by {
            OrderKey::ReleaseDate => i64::from(*self.release_dates.get(ordinal)),
            OrderKey::PublishedAt => self.instants.get(ordinal).published,
            OrderKey::ModifiedAt => self.instants.get(ordinal).modified,
        }
    }

    pub(super) fn compare(&self, by: OrderKey, a: u32, b: u32) -> Ordering {
        let value = self.sort_value(by, a).cmp(&self.sort_value(by, b));
        value.then_with(|| self.ids.get(a).cmp(self.ids.get(b)))
    }
}
