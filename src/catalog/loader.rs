//! Filling an empty snapshot: all at once, with one sort where following would insert one by one.

use uuid::Uuid;

use super::{order::Order, page::OrderKey, snapshot::Snapshot};
use crate::journal::{PlaceImage, ReleaseImage, TopicImage};

/// Fills an empty snapshot: concepts first, then releases, then [`Loader::finish`] sorts the orders once.
#[derive(Debug, Default)]
pub(super) struct Loader {
    snapshot: Snapshot,
}

impl Loader {
    /// Adds all topics.
    pub(super) fn topics(&mut self, topics: impl IntoIterator<Item = TopicImage>) {
        for topic in topics {
            self.snapshot.topics.put(topic);
        }
        self.snapshot.derive(true, false);
    }

    /// Adds all places.
    pub(super) fn places(&mut self, places: impl IntoIterator<Item = PlaceImage>) {
        for place in places {
            self.snapshot.places.put(place);
        }
        self.snapshot.derive(false, true);
    }

    /// Adds a release; no release twice.
    pub(super) fn release(&mut self, image: &ReleaseImage) {
        self.snapshot.put_release(image, false);
    }

    /// The snapshot, as of a journal sequence.
    pub(super) fn finish(self, epoch: Uuid, sequence: i64) -> Snapshot {
        let mut snapshot = self.snapshot;
        snapshot.epoch = epoch;
        snapshot.sequence = sequence;
        // Which entries mattered to whom is not known any more: all of them, to be safe.
        (snapshot.public_sequence, snapshot.press_sequence) = (sequence, sequence);
        for by in OrderKey::ALL {
            let mut rows: Vec<(i64, Uuid, u32)> =
                snapshot.all.iter().map(|row| (snapshot.order_value(by, row), *snapshot.ids.get(row), row)).collect();
            rows.sort_unstable();
            let rows: Vec<u32> = rows.into_iter().map(|(_, _, row)| row).collect();
            *snapshot.order_mut(by) = Order::from_sorted(&rows);
        }
        snapshot
    }
}
