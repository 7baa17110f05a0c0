//! Data version for an audience: changes exactly when something changed that the audience can see.
//!
//! It is the sequence of the last journal entry that mattered to the audience and the time of the last scheduled
//! transition. Equal versions of one database mean equal answers on every server, so it validates cached responses
//! (ETag) and is the `asOf` of a set. An entry matters if the visible fields or the tombstone fields of a release
//! differ before and after it.

use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::{Snapshot, audience::Audience};
use crate::catalog::store::units::NEVER;

/// What readers are told of a release: version, instants, embargo, address, assignments.
type VisibleFields = ((Uuid, i32, ReleaseKind, u32, i32), [i64; 3], Option<i64>, Vec<u8>, [Vec<u32>; 3]);

/// What readers are told of a release that was withdrawn: state, way, instants, address.
type TombstoneFields = (ReleaseState, Option<WithdrawalKind>, [i64; 3], Vec<u8>);

/// Which of the two an audience is told, if either.
type AudienceView = (Option<VisibleFields>, Option<TombstoneFields>);

impl Snapshot {
    /// What everything that a class of viewers is told depends on: sequence of the last entry that mattered to it, and when
    /// something that it sees last happened by itself.
    ///
    /// Of two snapshots of one database, on whichever servers and loaded whenever, equal versions mean equal answers: the
    /// journal up to an entry, and the instants up to one, leave nothing open.
    pub fn version_for(&self, audience: Audience) -> (i64, i64) {
        let sequence = match audience {
            Audience::Public => self.public_sequence,
            Audience::Press => self.press_sequence,
            Audience::Desk => self.sequence,
        };
        (sequence, self.last_transition_at[audience as usize])
    }

    /// Sequence of the last entry that a class of viewers may have been told of as a change.
    pub fn last_notified_sequence(&self, audience: Audience) -> i64 {
        self.version_for(audience).0.max(self.transition_sequence)
    }

    /// All that the public and the press are told of a release; nothing where they neither see it nor its former address.
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
