//! What the numbers of a class of viewers depend on: which journal entries mattered to it.

use entity::release::{ReleaseKind, ReleaseState};
use uuid::Uuid;

use super::Snapshot;

/// What the public is told of a release: version, instants, address, assignments.
type PublicFace = ((Uuid, i32, ReleaseKind, u32, i32), [i64; 3], Vec<u8>, [Vec<u32>; 3]);

impl Snapshot {
    /// What everything that a class of viewers is told depends on: sequence of the last entry that mattered to it.
    pub(super) fn revision_for(&self, desk: bool) -> i64 {
        if desk { self.sequence } else { self.public_sequence }
    }

    /// All that the public is told of a release; none of one that is not public.
    pub(super) fn public_face(&self, row: u32) -> Option<PublicFace> {
        let (facts, instants) = (self.facts.get(row), self.instants.get(row));
        (facts.state == ReleaseState::Published).then(|| {
            let lists = [&self.topics_of, &self.dateline_of, &self.about_of].map(|lists| lists.get(row).to_vec());
            let shown = (*self.shown.get(row), facts.number, facts.kind, facts.language, *self.release_dates.get(row));
            let instants = [instants.modified, instants.published, instants.first_published];
            (shown, instants, self.slugs.get(row).to_vec(), lists)
        })
    }
}
