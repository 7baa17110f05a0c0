//! Applies journal entries to a snapshot: adds, replaces and removes releases in every column, bitmap and sorted
//! index.
//!
//! A release is passed as a `ReleaseImage`, which comes from the journal or from loading. Before new values are
//! written, the release is removed from all indexes under its old values. An ordinal is never reused. `merge` applies
//! entries about topics and places.

use std::{cmp::Ordering, sync::Arc};

use entity::{Noun, release::ReleaseState};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{Facts, Instants, Snapshot};
use crate::{
    catalog::{
        sort::OrderKey,
        store::{
            bitmap::BitmapIndex,
            sorted_index::SortedIndex,
            units::{NEVER, days, month},
            vocabulary::{Concept, Vocabulary},
        },
    },
    journal::{Entry, Image, ReleaseImage, SYSTEM_ACTOR},
};

impl Snapshot {
    /// Applies journal entries in order.
    pub(in crate::catalog) fn apply(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let (mut topics, mut places) = (false, false);
        for entry in entries {
            let (mut public, mut press) = (false, false);
            match (entry.noun, entry.after) {
                (Noun::Release, after) => {
                    let before = self
                        .ordinal_by_id(entry.noun_id)
                        .map(|ordinal| self.audience_views(ordinal))
                        .unwrap_or_default();
                    match after {
                        Some(Image::Release(image)) => self.upsert_release(&image, true),
                        _ => self.remove_release(entry.noun_id),
                    }
                    let ordinal = self.ordinal_by_id(entry.noun_id);
                    let after = ordinal.map(|ordinal| self.audience_views(ordinal)).unwrap_or_default();
                    // If the release has an overdue transition, applying that transition later will not advance
                    // `last_transition_at`. This entry must therefore change the data version.
                    let overdue = ordinal.is_some_and(|ordinal| self.is_overdue(ordinal));
                    (public, press) = (overdue || before.0 != after.0, overdue || before.1 != after.1);
                }
                (_, Some(Image::Topic(image))) => {
                    self.upsert_topic(*image);
                    (topics, public, press) = (true, true, true);
                }
                (_, Some(Image::Place(image))) => {
                    self.upsert_place(*image);
                    (places, public, press) = (true, true, true);
                }
                _ => {}
            }
            self.sequence = entry.sequence;
            if entry.by == SYSTEM_ACTOR {
                self.transition_sequence = entry.sequence;
            }
            if public {
                self.public_sequence = entry.sequence;
                self.public_entry_at = self.public_entry_at.max(entry.at.timestamp_micros());
            }
            if press {
                self.press_sequence = entry.sequence;
            }
        }
        self.rebuild_derived(topics, places);
    }

    /// Rebuilds the lookups and the label order of topics, of places, or of both.
    pub(in crate::catalog) fn rebuild_derived(&mut self, topics: bool, places: bool) {
        if topics {
            self.topics.rebuild_derived();
        }
        if places {
            self.places.rebuild_derived();
        }
    }

    /// Adds a release or replaces its data. `update_sorted` says whether to insert the release into the sorted
    /// indexes now.
    pub(in crate::catalog) fn upsert_release(&mut self, image: &ReleaseImage, update_sorted: bool) {
        let ordinal = match self.ordinal_by_id(image.id) {
            Some(ordinal) => {
                self.remove_from_indexes(ordinal);
                ordinal
            }
            None => self.allocate_ordinal(image),
        };
        let shown = &image.shown;
        self.revision_ids.set(ordinal, shown.revision_id);
        let language = self.languages.intern(&shown.language);
        let author = self.authors.intern(&image.author);
        self.facts.set(
            ordinal,
            Facts {
                kind: shown.kind,
                state: image.state,
                withdrawal: image.withdrawal_kind,
                language,
                author,
                shown_number: shown.number,
                newest_number: image.revision,
            },
        );
        self.release_dates.set(ordinal, days(shown.release_date));
        self.instants.set(
            ordinal,
            Instants {
                modified: image.modified_at.timestamp_micros(),
                published: image.published_at.map_or(NEVER, |at| at.timestamp_micros()),
                first_published: image.first_published_at.map_or(NEVER, |at| at.timestamp_micros()),
            },
        );
        self.slugs.set(ordinal, image.slug.as_bytes());
        self.topics_of.set(ordinal, &concept_numbers(&self.topics, &shown.topics));
        self.dateline_of.set(ordinal, &concept_numbers(&self.places, &shown.dateline));
        self.about_of.set(ordinal, &concept_numbers(&self.places, &shown.about));
        if image.working.is_some() || self.working.contains_key(&ordinal) {
            let working = Arc::make_mut(&mut self.working);
            match &image.working {
                Some(version) => working.insert(ordinal, version.clone()),
                None => working.remove(&ordinal),
            };
        }
        self.set_pending(ordinal, image);
        if !image.former_slugs.is_empty() {
            let former = Arc::make_mut(&mut self.former_slugs);
            former.extend(image.former_slugs.iter().map(|slug| (slug.clone(), ordinal)));
        }
        self.add_to_indexes(ordinal, update_sorted);
    }

    /// Removes a release permanently. The ordinal of the release is not used again.
    pub(in crate::catalog) fn remove_release(&mut self, id: Uuid) {
        let Some(ordinal) = self.ordinal_by_id(id) else { return };
        self.remove_from_indexes(ordinal);
        self.clear_pending(ordinal);
        Arc::make_mut(&mut self.all).remove(ordinal);
        Arc::make_mut(&mut self.working).remove(&ordinal);
        Arc::make_mut(&mut self.former_slugs).retain(|_, other| *other != ordinal);
        self.by_id.remove(&id, ordinal);
    }

    /// Assigns the next ordinal to a new release, and adds placeholder values to the columns.
    fn allocate_ordinal(&mut self, image: &ReleaseImage) -> u32 {
        let ordinal = self.ids.len() as u32;
        self.ids.push(image.id);
        self.revision_ids.push(Uuid::nil());
        let placeholder = Facts {
            kind: image.shown.kind,
            state: image.state,
            withdrawal: None,
            language: 0,
            author: 0,
            shown_number: 0,
            newest_number: 0,
        };
        self.facts.push(placeholder);
        self.release_dates.push(0);
        self.instants.push(Instants { modified: 0, published: NEVER, first_published: NEVER });
        self.slugs.push(image.slug.as_bytes());
        self.topics_of.push(&concept_numbers(&self.topics, &image.shown.topics));
        self.dateline_of.push(&concept_numbers(&self.places, &image.shown.dateline));
        self.about_of.push(&concept_numbers(&self.places, &image.shown.about));
        let ids = &self.ids;
        self.by_id.insert(&image.id, ordinal, |other| ids.get(other));
        ordinal
    }

    /// Adds a release to all bitmaps and indexes under the values in its columns. `update_sorted` says whether this
    /// includes the sorted indexes.
    pub(in crate::catalog) fn add_to_indexes(&mut self, ordinal: u32, update_sorted: bool) {
        Arc::make_mut(&mut self.all).insert(ordinal);
        if self.facts.get(ordinal).state == ReleaseState::Published && self.embargo(ordinal).is_none() {
            Arc::make_mut(&mut self.public).insert(ordinal);
        }
        self.update_bitmaps(ordinal, BitmapIndex::insert, RoaringBitmap::insert);
        let slugs = &self.slugs;
        self.by_slug.insert(slugs.get(ordinal), ordinal, |other| slugs.get(other));
        if update_sorted {
            self.update_sorted_indexes(|index, compare| index.insert(ordinal, compare));
        }
    }

    /// Removes a release from all bitmaps and indexes. The columns must still contain the values under which it was
    /// added.
    pub(in crate::catalog) fn remove_from_indexes(&mut self, ordinal: u32) {
        if self.public.contains(ordinal) {
            Arc::make_mut(&mut self.public).remove(ordinal);
        }
        self.update_bitmaps(ordinal, BitmapIndex::remove, RoaringBitmap::remove);
        self.by_slug.remove(self.slugs.get(ordinal), ordinal);
        self.update_sorted_indexes(|index, compare| index.remove(ordinal, compare));
    }

    /// Inserts a release into the bitmaps of the values in its columns, or removes it from them. The parameters are
    /// the operation on an index with one bitmap for each value, and on a single bitmap.
    fn update_bitmaps(
        &mut self,
        ordinal: u32,
        update_index: impl Fn(&mut BitmapIndex, u32, u32),
        update_bitmap: impl Fn(&mut RoaringBitmap, u32) -> bool,
    ) {
        let facts = *self.facts.get(ordinal);
        update_index(&mut self.by_state, facts.state as u32, ordinal);
        update_index(&mut self.by_kind, facts.kind as u32, ordinal);
        update_index(&mut self.by_month, month(*self.release_dates.get(ordinal)), ordinal);
        update_index(&mut self.languages.bitmaps, facts.language, ordinal);
        update_index(&mut self.authors.bitmaps, facts.author, ordinal);
        for (lists, index, with) in [
            (&self.topics_of, &mut self.by_topic, &mut self.with_topics),
            (&self.dateline_of, &mut self.by_dateline, &mut self.with_dateline),
            (&self.about_of, &mut self.by_about, &mut self.with_about),
        ] {
            let list = lists.get(ordinal);
            list.iter().for_each(|&value| update_index(index, value, ordinal));
            if !list.is_empty() {
                update_bitmap(Arc::make_mut(with), ordinal);
            }
        }
        if self.working.contains_key(&ordinal) {
            update_bitmap(Arc::make_mut(&mut self.with_working), ordinal);
        }
    }

    /// Returns the sorted index of a sort key, to be changed.
    pub(in crate::catalog) fn sorted_index_mut(&mut self, by: OrderKey) -> &mut SortedIndex {
        match by {
            OrderKey::ReleaseDate => &mut self.by_release_date,
            OrderKey::PublishedAt => &mut self.by_published_at,
            OrderKey::ModifiedAt => &mut self.by_modified_at,
        }
    }

    /// Calls a function on each of the three sorted indexes, with the comparison of that index.
    fn update_sorted_indexes(&mut self, update: impl Fn(&mut SortedIndex, &dyn Fn(u32, u32) -> Ordering)) {
        for by in OrderKey::ALL {
            let mut index = std::mem::take(self.sorted_index_mut(by));
            update(&mut index, &|a, b| self.compare(by, a, b));
            *self.sorted_index_mut(by) = index;
        }
    }
}

/// Returns the numbers of the concepts with the given ids. Unknown ids are skipped.
fn concept_numbers<T: Concept>(vocabulary: &Vocabulary<T>, ids: &[Uuid]) -> Vec<u32> {
    ids.iter().filter_map(|&id| vocabulary.by_id(id)).collect()
}
