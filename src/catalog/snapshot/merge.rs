//! Adds, replaces and merges topics and places in a snapshot.
//!
//! A merge moves the releases, the narrower concepts and the working revisions of one concept to another concept, the
//! target, without creating duplicates. `newsroom::taxonomy` decides which merges are allowed. The vocabulary data
//! structure is in `store::vocabulary`.

use std::sync::Arc;

use uuid::Uuid;

use super::Snapshot;
use crate::{
    catalog::store::{
        bitmap::{BitmapIndex, SharedBitmap},
        column::ListColumn,
    },
    journal::{PlaceImage, TopicImage, WorkingImage},
};

impl Snapshot {
    /// Adds or replaces a topic. The releases and narrower topics of each topic in `image.merged` move to this topic.
    pub(in crate::catalog) fn upsert_topic(&mut self, image: TopicImage) {
        let (id, merged) = (image.id, image.merged.clone());
        // This must be done before `upsert`, because `upsert` can map the ids of merged topics to the target.
        let merged: Vec<_> = merged.into_iter().filter(|merged| self.topics.by_id(merged.id).is_some()).collect();
        self.topics.upsert(image);
        for merged in merged {
            if let Some((from, into)) = self.topics.merge(merged.id, id) {
                reassign_releases(&mut self.topics_of, &mut self.by_topic, from, into);
                self.redirect_in_working(merged.id, id, |working| vec![&mut working.topics]);
            }
        }
    }

    /// Adds or replaces a place. The releases of each place in `image.merged`, and the places within it, move to this
    /// place.
    pub(in crate::catalog) fn upsert_place(&mut self, image: PlaceImage) {
        let (id, merged) = (image.id, image.merged.clone());
        let merged: Vec<_> = merged.into_iter().filter(|merged| self.places.by_id(merged.id).is_some()).collect();
        self.places.upsert(image);
        for merged in merged {
            if let Some((from, into)) = self.places.merge(merged.id, id) {
                reassign_releases(&mut self.dateline_of, &mut self.by_dateline, from, into);
                reassign_releases(&mut self.about_of, &mut self.by_about, from, into);
                self.redirect_in_working(merged.id, id, |working| vec![&mut working.dateline, &mut working.about]);
            }
        }
    }

    /// Replaces the concept `from` with `into` in all working revisions, without creating duplicates.
    fn redirect_in_working(
        &mut self,
        from: Uuid,
        into: Uuid,
        lists: impl Fn(&mut WorkingImage) -> Vec<&mut Vec<Uuid>>,
    ) {
        let mut changed = (*self.working).clone();
        let mut any_changed = false;
        for list in changed.values_mut().flat_map(lists).filter(|list| list.contains(&from)) {
            let has_target = list.contains(&into);
            list.retain(|id| *id != from || !has_target);
            list.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
            any_changed = true;
        }
        if any_changed {
            self.working = Arc::new(changed);
        }
    }
}

/// Moves the releases of concept `from` to concept `into`. In the list of each release, `into` takes the position of
/// `from`, unless the list already contains `into`.
fn reassign_releases(lists: &mut ListColumn<u32>, table: &mut BitmapIndex, from: u32, into: u32) {
    let ordinals: SharedBitmap = table.get(from).cloned().unwrap_or_default();
    for ordinal in ordinals.iter() {
        let mut list = lists.get(ordinal).to_vec();
        if list.contains(&into) {
            list.retain(|&concept| concept != from);
        } else {
            list.iter_mut().filter(|concept| **concept == from).for_each(|concept| *concept = into);
        }
        lists.set(ordinal, &list);
        table.insert(into, ordinal);
        table.remove(from, ordinal);
    }
}
