//! Bulk building of a snapshot from images: concepts first, then releases, then one sort for each sorted index.
//!
//! This is cheaper than applying entries one by one. The result must equal a snapshot that followed the journal;
//! tests compare them.

use uuid::Uuid;

use crate::{
    catalog::{snapshot::Snapshot, sort::OrderKey, store::sorted_index::SortedIndex},
    journal::{PlaceImage, ReleaseImage, TopicImage},
};

/// Fills an empty snapshot: concepts first, then releases; [`SnapshotBuilder::finish`] then sorts the
/// sorted indexes once.
#[derive(Debug, Default)]
pub(in crate::catalog) struct SnapshotBuilder {
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// Adds all topics.
    pub(in crate::catalog) fn add_topics(&mut self, topics: impl IntoIterator<Item = TopicImage>) {
        for topic in topics {
            self.snapshot.topics.upsert(topic);
        }
        self.snapshot.rebuild_derived(true, false);
    }

    /// Adds all places.
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

    /// Returns the snapshot at a journal sequence.
    pub(in crate::catalog) fn finish(self, epoch: Uuid, sequence: i64) -> Snapshot {
        let mut snapshot = self.snapshot;
        snapshot.epoch = epoch;
        snapshot.sequence = sequence;
        // It is unknown which entries mattered to which audience, so every entry is assumed to matter.
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
