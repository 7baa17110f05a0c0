//! Applies releases to a snapshot: adds, replaces and removes them in every column, bitmap and sorted index.
//!
//! Input is a `ReleaseImage`, from the journal or from loading. An ordinal is allocated once and never reused. A
//! release is removed from all indexes with its old values before new values are written. Topics and places are in
//! `concepts`.

use std::{cmp::Ordering, sync::Arc};

use entity::release::ReleaseState;
use uuid::Uuid;

use super::{Facts, Instants, NEVER, date_index::month, days};
use crate::catalog::{
    Snapshot,
    query::page::OrderKey,
    store::{
        sorted_index::SortedIndex,
        vocabulary::{Concept, Vocabulary},
    },
};
use crate::journal::ReleaseImage;

impl Snapshot {
    /// Adds a release or replaces what is known of it.
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

    /// Takes a release out for good. Its ordinal stays empty.
    pub(in crate::catalog) fn remove_release(&mut self, id: Uuid) {
        let Some(ordinal) = self.ordinal_by_id(id) else { return };
        self.remove_from_indexes(ordinal);
        self.clear_pending(ordinal);
        Arc::make_mut(&mut self.all).remove(ordinal);
        Arc::make_mut(&mut self.working).remove(&ordinal);
        Arc::make_mut(&mut self.former_slugs).retain(|_, other| *other != ordinal);
        self.by_id.remove(&id, ordinal);
    }

    /// A fresh ordinal with nothing known of it but its key.
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

    /// Puts a release into every set, index and order that its columns say.
    pub(in crate::catalog) fn add_to_indexes(&mut self, ordinal: u32, update_sorted: bool) {
        let facts = *self.facts.get(ordinal);
        Arc::make_mut(&mut self.all).insert(ordinal);
        if facts.state == ReleaseState::Published && self.embargo(ordinal).is_none() {
            Arc::make_mut(&mut self.public).insert(ordinal);
        }
        self.by_state.insert(facts.state as u32, ordinal);
        self.by_kind.insert(facts.kind as u32, ordinal);
        self.by_month.insert(month(*self.release_dates.get(ordinal)), ordinal);
        self.languages.bitmaps.insert(facts.language, ordinal);
        self.authors.bitmaps.insert(facts.author, ordinal);
        for (lists, table, with) in [
            (&self.topics_of, &mut self.by_topic, &mut self.with_topics),
            (&self.dateline_of, &mut self.by_dateline, &mut self.with_dateline),
            (&self.about_of, &mut self.by_about, &mut self.with_about),
        ] {
            let list = lists.get(ordinal);
            list.iter().for_each(|&value| table.insert(value, ordinal));
            if !list.is_empty() {
                Arc::make_mut(with).insert(ordinal);
            }
        }
        if self.working.contains_key(&ordinal) {
            Arc::make_mut(&mut self.with_working).insert(ordinal);
        }
        let slugs = &self.slugs;
        self.by_slug.insert(slugs.get(ordinal), ordinal, |other| slugs.get(other));
        if update_sorted {
            self.update_sorted_indexes(|index, compare| index.insert(ordinal, compare));
        }
    }

    /// Takes a release out of every set, index and order that its columns say.
    pub(in crate::catalog) fn remove_from_indexes(&mut self, ordinal: u32) {
        let facts = *self.facts.get(ordinal);
        if self.public.contains(ordinal) {
            Arc::make_mut(&mut self.public).remove(ordinal);
        }
        self.by_state.remove(facts.state as u32, ordinal);
        self.by_kind.remove(facts.kind as u32, ordinal);
        self.by_month.remove(month(*self.release_dates.get(ordinal)), ordinal);
        self.languages.bitmaps.remove(facts.language, ordinal);
        self.authors.bitmaps.remove(facts.author, ordinal);
        for (lists, table, with) in [
            (&self.topics_of, &mut self.by_topic, &mut self.with_topics),
            (&self.dateline_of, &mut self.by_dateline, &mut self.with_dateline),
            (&self.about_of, &mut self.by_about, &mut self.with_about),
        ] {
            let list = lists.get(ordinal);
            list.iter().for_each(|&value| table.remove(value, ordinal));
            if !list.is_empty() {
                Arc::make_mut(with).remove(ordinal);
            }
        }
        if self.working.contains_key(&ordinal) {
            Arc::make_mut(&mut self.with_working).remove(ordinal);
        }
        self.by_slug.remove(self.slugs.get(ordinal), ordinal);
        self.update_sorted_indexes(|index, compare| index.remove(ordinal, compare));
    }

    /// Does one thing to all three orders.
    fn update_sorted_indexes(&mut self, update: impl Fn(&mut SortedIndex, &dyn Fn(u32, u32) -> Ordering)) {
        for by in OrderKey::ALL {
            let mut index = std::mem::take(self.sorted_index_mut(by));
            update(&mut index, &|a, b| self.compare(by, a, b));
            *self.sorted_index_mut(by) = index;
        }
    }
}

/// The numbers of concepts.
fn concept_numbers<T: Concept>(vocabulary: &Vocabulary<T>, ids: &[Uuid]) -> Vec<u32> {
    ids.iter().filter_map(|&id| vocabulary.by_id(id)).collect()
}
