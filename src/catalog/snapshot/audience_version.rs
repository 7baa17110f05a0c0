//! Data version for an audience: it changes exactly when something changes that the audience can see.
//!
//! A version consists of two positions: the sequence of the last journal entry that mattered to the audience, and the
//! instant of the last scheduled transition that the audience could see. An entry about a release matters if the
//! visible fields or the tombstone fields of the release differ before and after the entry. Two equal versions of one
//! database mean equal responses on every server. The version therefore validates cached responses (ETag), and is the
//! `asOf` of a release set.

use chrono::{DateTime, Utc};
use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::{Snapshot, audience::Audience};
use crate::catalog::store::units::{NEVER, instant};

/// Fields of a visible release: shown revision, instants, embargo, slug, and assigned topics and places.
type VisibleFields = ((Uuid, i32, ReleaseKind, u32, i32), [i64; 3], Option<i64>, Vec<u8>, [Vec<u32>; 3]);

/// Fields of the tombstone of a withdrawn release: state, kind of withdrawal, instants and slug.
type TombstoneFields = (ReleaseState, Option<WithdrawalKind>, [i64; 3], Vec<u8>);

/// What an audience sees of a release: the release, its tombstone, or neither.
type AudienceView = (Option<VisibleFields>, Option<TombstoneFields>);

impl Snapshot {
    /// Returns the data version for an audience: the sequence of the last journal entry that mattered to the
    /// audience, and the instant of the last scheduled transition that the audience could see, in microseconds since
    /// 1970.
    ///
    /// Two snapshots of one database with equal versions give equal responses. It does not matter which servers they
    /// are on or when they were loaded, because the journal up to an entry and the transitions up to an instant
    /// determine the data completely.
    pub fn version_for(&self, audience: Audience) -> (i64, i64) {
        let sequence = match audience {
            Audience::Public => self.public_sequence,
            Audience::Press => self.press_sequence,
            Audience::Desk => self.sequence,
        };
        (sequence, self.last_transition_at[audience as usize])
    }

    /// Returns the instant of the last change that the public can see. `None` if there was none since the snapshot was
    /// loaded.
    pub fn public_changed_at(&self) -> Option<DateTime<Utc>> {
        let last = self.public_entry_at.max(self.last_transition_at[Audience::Public as usize]);
        Some(last).filter(|&last| last > 0).and_then(instant)
    }

    /// Sets the instant of the last public change to one second after that of another snapshot: this snapshot replaces
    /// it, and the changes between them are unknown.
    pub(in crate::catalog) fn count_as_public_change_after(&mut self, previous: &Self) {
        let last = previous.public_changed_at().map_or(0, |at| at.timestamp_micros() + 1_000_000);
        self.public_entry_at = self.public_entry_at.max(last);
    }

    /// Returns the sequence of the last journal entry that subscribers in an audience may have received as a change.
    pub fn last_notified_sequence(&self, audience: Audience) -> i64 {
        self.version_for(audience).0.max(self.transition_sequence)
    }

    /// Returns what the public sees of a release, and what the press sees of it.
    pub(in crate::catalog) fn audience_views(&self, ordinal: u32) -> (AudienceView, AudienceView) {
        let (facts, instants) = (self.facts.get(ordinal), self.instants.get(ordinal));
        let times = [instants.modified, instants.published, instants.first_published];
        let visible_fields = || {
            let lists = [&self.topics_of, &self.dateline_of, &self.about_of].map(|lists| lists.get(ordinal).to_vec());
            let version = (
                *self.revision_ids.get(ordinal),
                facts.shown_number,
                facts.kind,
                facts.language,
                *self.release_dates.get(ordinal),
            );
            (version, times, self.embargo(ordinal), self.slugs.get(ordinal).to_vec(), lists)
        };
        let tombstone_fields = |visible_since: i64| {
            let is_withdrawn = matches!(facts.state, ReleaseState::Withdrawn | ReleaseState::Retracted);
            let has_tombstone =
                is_withdrawn && facts.withdrawal != Some(WithdrawalKind::Vanish) && visible_since != NEVER;
            has_tombstone.then(|| (facts.state, facts.withdrawal, times, self.slugs.get(ordinal).to_vec()))
        };
        let view = |audience, visible_since| {
            (self.is_visible_to(audience, ordinal).then(visible_fields), tombstone_fields(visible_since))
        };
        (view(Audience::Public, instants.first_published), view(Audience::Press, instants.published))
    }
}
