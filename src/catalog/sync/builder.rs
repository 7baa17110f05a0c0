//! Builds a snapshot from the images of all concepts and releases, and sorts each sorted index once at the end.
//!
//! This is cheaper than applying journal entries one by one. The result must equal a snapshot that followed the
//! journal; tests compare the two.

use uuid::Uuid;

use crate::{
    catalog::{snapshot::Snapshot, sort::OrderKey, store::sorted_index::SortedIndex},
    journal::{PlaceImage, ReleaseImage, TopicImage},
};

/// Fills an empty snapshot: first topics and places, then releases. [`SnapshotBuilder::finish`] sorts the sorted
/// indexes.
#[derive(Debug, Default)]
pub(in crate::catalog) struct SnapshotBuilder {
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// Adds all topics. Must be called before any release is added.
    pub(in crate::catalog) fn add_topics(&mut self, topics: impl IntoIterator<Item = TopicImage>) {
        for topic in topics {
            self.snapshot.topics.upsert(topic);
        }
        self.snapshot.rebuild_derived(true, false);
    }

    /// Adds all places. Must be called before any release is added.
    pub(in crate::catalog) fn add_places(&mut self, places: impl IntoIterator<Item = PlaceImage>) {
        for place in places {
            self.snapshot.places.upsert(place);
        }
        self.snapshot.rebuild_derived(false, true);
    }

    /// Adds a release. Each release must be added only once.
    pub(in crate::catalog) fn add_release(&mut self, image: &ReleaseImage) {
        self.snapshot.upsert_release(image, false);
    }

    /// Returns the finished snapshot, with the epoch of the database and the journal sequence at which it was loaded.
    pub(in crate::catalog) fn finish(self, epoch: Uuid, sequence: i64) -> Snapshot {
        let mut snapshot = self.snapshot;
        snapshot.epoch = epoch;
        snapshot.sequence = sequence;
        // The audiences that each journal entry mattered to are unknown here, so every entry is assumed to matter.
        (snapshot.public_sequence, snapshot.press_sequence) = (sequence, sequence);
        for by in OrderKey::ALL {
            let mut ordinals: Vec<(i64, Uuid, u32)> = snapshot
                .all
                .iter()
                .map(|ordinal| (snapshot.sort_value(by, ordinal), *snapshot.ids.get(ordinal), ordinal))
                .collect();
            ordinals.sort_unstable();
            let ordinals: Vec<u32> = ordinals.into_iter().map(|(_, _, ordinal)| ordinal).collect();
            *snapshot.sorted_index_mut(by) = SortedIndex::from_sorted(&ordinals);
        }
        snapshot
    }
}
