//! Releases coming into a snapshot, changing in it and leaving it: their columns, and every set, index and order they are in.

use std::{cmp::Ordering, sync::Arc};

use entity::release::ReleaseState;
use uuid::Uuid;

use super::{
    Snapshot,
    dated::month,
    order::Order,
    page::OrderKey,
    snapshot::{Facts, Instants, NEVER, days},
    vocabulary::{Concept, Vocabulary},
};
use crate::journal::ReleaseImage;

impl Snapshot {
    /// Adds a release or replaces what is known of it.
    pub(super) fn put_release(&mut self, image: &ReleaseImage, ordered: bool) {
        let row = match self.row_by_id(image.id) {
            Some(row) => {
                self.unlink(row);
                row
            }
            None => self.new_row(image),
        };
        let shown = &image.shown;
        self.shown.set(row, shown.revision_id);
        let language = self.languages.intern(&shown.language);
        let author = self.authors.intern(&image.author);
        self.facts.set(
            row,
            Facts {
                kind: shown.kind,
                state: image.state,
                withdrawal: image.withdrawal_kind,
                language,
                author,
                number: shown.number,
                revision: image.revision,
            },
        );
        self.release_dates.set(row, days(shown.release_date));
        self.instants.set(
            row,
            Instants {
                modified: image.modified_at.timestamp_micros(),
                published: image.published_at.map_or(NEVER, |at| at.timestamp_micros()),
                first_published: image.first_published_at.map_or(NEVER, |at| at.timestamp_micros()),
            },
        );
        self.slugs.set(row, image.slug.as_bytes());
        self.topics_of.set(row, &numbers(&self.topics, &shown.topics));
        self.dateline_of.set(row, &numbers(&self.places, &shown.dateline));
        self.about_of.set(row, &numbers(&self.places, &shown.about));
        if image.working.is_some() || self.working.contains_key(&row) {
            let working = Arc::make_mut(&mut self.working);
            match &image.working {
                Some(version) => working.insert(row, version.clone()),
                None => working.remove(&row),
            };
        }
        self.expect(row, image);
        if !image.former_slugs.is_empty() {
            let former = Arc::make_mut(&mut self.former_slugs);
            former.extend(image.former_slugs.iter().map(|slug| (slug.clone(), row)));
        }
        self.link(row, ordered);
    }

    /// Takes a release out for good. Its ordinal stays empty.
    pub(super) fn remove_release(&mut self, id: Uuid) {
        let Some(row) = self.row_by_id(id) else { return };
        self.unlink(row);
        self.forget(row);
        Arc::make_mut(&mut self.all).remove(row);
        Arc::make_mut(&mut self.working).remove(&row);
        Arc::make_mut(&mut self.former_slugs).retain(|_, other| *other != row);
        self.by_id.remove(&id, row);
    }

    /// A fresh ordinal with nothing known of it but its key.
    fn new_row(&mut self, image: &ReleaseImage) -> u32 {
        let row = self.ids.len() as u32;
        self.ids.push(image.id);
        self.shown.push(Uuid::nil());
        let nothing = Facts {
            kind: image.shown.kind,
            state: image.state,
            withdrawal: None,
            language: 0,
            author: 0,
            number: 0,
            revision: 0,
        };
        self.facts.push(nothing);
        self.release_dates.push(0);
        self.instants.push(Instants { modified: 0, published: NEVER, first_published: NEVER });
        self.slugs.push(image.slug.as_bytes());
        self.topics_of.push(&numbers(&self.topics, &image.shown.topics));
        self.dateline_of.push(&numbers(&self.places, &image.shown.dateline));
        self.about_of.push(&numbers(&self.places, &image.shown.about));
        let ids = &self.ids;
        self.by_id.insert(&image.id, row, |other| ids.get(other));
        row
    }

    /// Puts a release into every set, index and order that its columns say.
    pub(super) fn link(&mut self, row: u32, ordered: bool) {
        let facts = *self.facts.get(row);
        Arc::make_mut(&mut self.all).insert(row);
        if facts.state == ReleaseState::Published && self.embargo(row).is_none() {
            Arc::make_mut(&mut self.open).insert(row);
        }
        self.by_state.insert(facts.state as u32, row);
        self.by_kind.insert(facts.kind as u32, row);
        self.by_month.insert(month(*self.release_dates.get(row)), row);
        self.languages.bits.insert(facts.language, row);
        self.authors.bits.insert(facts.author, row);
        for (lists, table, with) in [
            (&self.topics_of, &mut self.by_topic, &mut self.with_topics),
            (&self.dateline_of, &mut self.by_dateline, &mut self.with_dateline),
            (&self.about_of, &mut self.by_about, &mut self.with_about),
        ] {
            let list = lists.get(row);
            list.iter().for_each(|&value| table.insert(value, row));
            if !list.is_empty() {
                Arc::make_mut(with).insert(row);
            }
        }
        if self.working.contains_key(&row) {
            Arc::make_mut(&mut self.with_working).insert(row);
        }
        let slugs = &self.slugs;
        self.by_slug.insert(slugs.get(row), row, |other| slugs.get(other));
        if ordered {
            self.reorder(|order, compare| order.insert(row, compare));
        }
    }

    /// Takes a release out of every set, index and order that its columns say.
    pub(super) fn unlink(&mut self, row: u32) {
        let facts = *self.facts.get(row);
        if self.open.contains(row) {
            Arc::make_mut(&mut self.open).remove(row);
        }
        self.by_state.remove(facts.state as u32, row);
        self.by_kind.remove(facts.kind as u32, row);
        self.by_month.remove(month(*self.release_dates.get(row)), row);
        self.languages.bits.remove(facts.language, row);
        self.authors.bits.remove(facts.author, row);
        for (lists, table, with) in [
            (&self.topics_of, &mut self.by_topic, &mut self.with_topics),
            (&self.dateline_of, &mut self.by_dateline, &mut self.with_dateline),
            (&self.about_of, &mut self.by_about, &mut self.with_about),
        ] {
            let list = lists.get(row);
            list.iter().for_each(|&value| table.remove(value, row));
            if !list.is_empty() {
                Arc::make_mut(with).remove(row);
            }
        }
        if self.working.contains_key(&row) {
            Arc::make_mut(&mut self.with_working).remove(row);
        }
        self.by_slug.remove(self.slugs.get(row), row);
        self.reorder(|order, compare| order.remove(row, compare));
    }

    /// Does one thing to all three orders.
    fn reorder(&mut self, act: impl Fn(&mut Order, &dyn Fn(u32, u32) -> Ordering)) {
        for by in OrderKey::ALL {
            let mut order = std::mem::take(self.order_mut(by));
            act(&mut order, &|a, b| self.compare(by, a, b));
            *self.order_mut(by) = order;
        }
    }
}

/// The numbers of concepts.
fn numbers<T: Concept>(vocabulary: &Vocabulary<T>, ids: &[Uuid]) -> Vec<u32> {
    ids.iter().filter_map(|&id| vocabulary.by_id(id)).collect()
}
