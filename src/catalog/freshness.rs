//! What the numbers of a class of viewers depend on: which journal entries, and which instants, mattered to it.

use entity::release::{ReleaseKind, ReleaseState, WithdrawalKind};
use uuid::Uuid;

use super::{Audience, Snapshot, snapshot::NEVER};

/// What readers are told of a release: version, instants, embargo, address, assignments.
type Face = ((Uuid, i32, ReleaseKind, u32, i32), [i64; 3], Option<i64>, Vec<u8>, [Vec<u32>; 3]);

/// What readers are told of a release that was withdrawn: state, way, instants, address.
type Stone = (ReleaseState, Option<WithdrawalKind>, [i64; 3], Vec<u8>);

/// Which of the two an audience is told, if either.
type Told = (Option<Face>, Option<Stone>);

impl Snapshot {
    /// What everything that a class of viewers is told depends on: sequence of the last entry that mattered to it, and when
    /// something that it sees last happened by itself.
    ///
    /// Of two snapshots of one database, on whichever servers and loaded whenever, equal revisions mean equal answers: the
    /// journal up to an entry, and the instants up to one, leave nothing open.
    pub fn revision_for(&self, audience: Audience) -> (i64, i64) {
        let sequence = match audience {
            Audience::Public => self.public_sequence,
            Audience::Press => self.press_sequence,
            Audience::Desk => self.sequence,
        };
        (sequence, self.passed[audience as usize])
    }

    /// Sequence of the last entry that a class of viewers may have been told of as a change.
    pub fn told_to(&self, audience: Audience) -> i64 {
        self.revision_for(audience).0.max(self.recorded_sequence)
    }

    /// All that the public and the press are told of a release; nothing where they neither see it nor its former address.
    pub(super) fn faces(&self, row: u32) -> (Told, Told) {
        let (facts, instants) = (self.facts.get(row), self.instants.get(row));
        let times = [instants.modified, instants.published, instants.first_published];
        let face = || {
            let lists = [&self.topics_of, &self.dateline_of, &self.about_of].map(|lists| lists.get(row).to_vec());
            let shown = (*self.shown.get(row), facts.number, facts.kind, facts.language, *self.release_dates.get(row));
            (shown, times, self.embargo(row), self.slugs.get(row).to_vec(), lists)
        };
        let stone = |was_seen: i64| {
            let gone = matches!(facts.state, ReleaseState::Withdrawn | ReleaseState::Retracted);
            let told = gone && facts.withdrawal != Some(WithdrawalKind::Vanish) && was_seen != NEVER;
            told.then(|| (facts.state, facts.withdrawal, times, self.slugs.get(row).to_vec()))
        };
        let told = |audience, was_seen| (self.sees(audience, row).then(face), stone(was_seen));
        (told(Audience::Public, instants.first_published), told(Audience::Press, instants.published))
    }
}
