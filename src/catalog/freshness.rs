//! What the numbers of a class of viewers depend on: which journal entries, and which instants, mattered to it.

use entity::release::ReleaseKind;
use uuid::Uuid;

use super::{Audience, Snapshot};

/// What readers are told of a release: version, instants, embargo, address, assignments.
type Face = ((Uuid, i32, ReleaseKind, u32, i32), [i64; 3], Option<i64>, Vec<u8>, [Vec<u32>; 3]);

impl Snapshot {
    /// What everything that a class of viewers is told depends on: sequence of the last entry that mattered to it, and how many
    /// things have happened by themselves.
    pub(super) fn revision_for(&self, audience: Audience) -> (i64, u64) {
        let sequence = match audience {
            Audience::Public => self.public_sequence,
            Audience::Press => self.press_sequence,
            Audience::Desk => self.sequence,
        };
        (sequence, self.passed[audience as usize])
    }

    /// All that the public and the press are told of a release; nothing where they do not see it.
    pub(super) fn faces(&self, row: u32) -> (Option<Face>, Option<Face>) {
        let face = || {
            let (facts, instants) = (self.facts.get(row), self.instants.get(row));
            let lists = [&self.topics_of, &self.dateline_of, &self.about_of].map(|lists| lists.get(row).to_vec());
            let shown = (*self.shown.get(row), facts.number, facts.kind, facts.language, *self.release_dates.get(row));
            let instants = [instants.modified, instants.published, instants.first_published];
            (shown, instants, self.embargo(row), self.slugs.get(row).to_vec(), lists)
        };
        let told = |audience| self.sees(audience, row).then(face);
        (told(Audience::Public), told(Audience::Press))
    }
}
