//! Topics and places as the journal changes them: one that is there now, and what was merged into it.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Snapshot,
    bits::{BitTable, Bits},
    column::Lists,
};
use crate::journal::{PlaceImage, TopicImage, WorkingImage};

impl Snapshot {
    /// Adds a topic or replaces it; what was merged into it hands its releases and narrower topics over.
    pub(super) fn put_topic(&mut self, image: TopicImage) {
        let (id, merged) = (image.id, image.merged.clone());
        // Before: afterwards the keys of merged ones lead to it.
        let merged: Vec<_> = merged.into_iter().filter(|merged| self.topics.by_id(merged.id).is_some()).collect();
        self.topics.put(image);
        for merged in merged {
            if let Some((from, into)) = self.topics.merge(merged.id, id) {
                hand_over(&mut self.topics_of, &mut self.by_topic, from, into);
                self.follow_in_working(merged.id, id, |working| vec![&mut working.topics]);
            }
        }
    }

    /// Adds a place or replaces it; what was merged into it hands its releases and the places within it over.
    pub(super) fn put_place(&mut self, image: PlaceImage) {
        let (id, merged) = (image.id, image.merged.clone());
        let merged: Vec<_> = merged.into_iter().filter(|merged| self.places.by_id(merged.id).is_some()).collect();
        self.places.put(image);
        for merged in merged {
            if let Some((from, into)) = self.places.merge(merged.id, id) {
                hand_over(&mut self.dateline_of, &mut self.by_dateline, from, into);
                hand_over(&mut self.about_of, &mut self.by_about, from, into);
                self.follow_in_working(merged.id, id, |working| vec![&mut working.dateline, &mut working.about]);
            }
        }
    }

    /// Lets versions that are being worked on name one concept where they named another, each once.
    fn follow_in_working(&mut self, from: Uuid, into: Uuid, lists: impl Fn(&mut WorkingImage) -> Vec<&mut Vec<Uuid>>) {
        let mut changed = (*self.working).clone();
        let mut any = false;
        for list in changed.values_mut().flat_map(lists).filter(|list| list.contains(&from)) {
            let there = list.contains(&into);
            list.retain(|id| *id != from || !there);
            list.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
            any = true;
        }
        if any {
            self.working = Arc::new(changed);
        }
    }
}

/// Gives the releases of one concept to another: in its place in their lists, each once.
fn hand_over(lists: &mut Lists<u32>, table: &mut BitTable, from: u32, into: u32) {
    let rows: Bits = table.get(from).cloned().unwrap_or_default();
    for row in rows.iter() {
        let mut list = lists.get(row).to_vec();
        if list.contains(&into) {
            list.retain(|&concept| concept != from);
        } else {
            list.iter_mut().filter(|concept| **concept == from).for_each(|concept| *concept = into);
        }
        lists.set(row, &list);
        table.insert(into, row);
        table.remove(from, row);
    }
}
