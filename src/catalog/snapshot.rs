//! What is there: every release as columns and bitmaps, all topics and places, at one revision of the journal.
//!
//! A snapshot is immutable once published; the next one is a copy that shares almost everything and has some entries applied.
//! Pure data: no database, no clock, no network. Releases are known by ordinal, a small stable number; everything that leaves
//! the catalog goes through a [`ReleaseSet`](super::ReleaseSet), so that what a viewer may not see cannot be asked for.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::{
    Noun,
    release::{ReleaseKind, ReleaseState, WithdrawalKind},
};
use uuid::Uuid;

use super::{
    bits::{BitTable, Bits, Dimension},
    column::{Column, Lists},
    coming::Pending,
    dated::month,
    index::Index,
    memo::Memo,
    order::Order,
    page::OrderKey,
    vocabulary::Vocabulary,
};
use crate::journal::{Entry, Image, PlaceImage, ReleaseImage, TopicImage, WorkingImage};

/// A publication that never happened, where an instant is wanted: before everything else.
pub(super) const NEVER: i64 = i64::MIN;

/// Everything sets are made of, at one revision.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Sequence of the last journal entry in it.
    pub(super) sequence: i64,
    /// Sequence of the last entry in it that changed anything public.
    pub(super) public_sequence: i64,
    /// Sequence of the last entry in it that changed anything the press sees.
    pub(super) press_sequence: i64,
    /// How many things that each audience sees have happened by themselves.
    pub(super) passed: [u64; 3],
    /// What is to come of releases.
    pub(super) pending: Arc<BTreeMap<u32, Pending>>,
    /// When something happens, and to which.
    pub(super) coming: Arc<BTreeSet<(i64, u32)>>,
    /// What has happened and is not in the journal yet.
    pub(super) happened: Arc<BTreeSet<(i64, u32)>>,
    /// Which database it was loaded from.
    pub(super) epoch: Uuid,
    pub(super) ids: Column<Uuid>,
    /// Key of the revision that sets see.
    pub(super) shown: Column<Uuid>,
    pub(super) facts: Column<Facts>,
    /// Days since 1 January of the year 1, proleptic Gregorian.
    pub(super) release_dates: Column<i32>,
    pub(super) instants: Column<Instants>,
    pub(super) slugs: Lists<u8>,
    pub(super) topics_of: Lists<u32>,
    pub(super) dateline_of: Lists<u32>,
    pub(super) about_of: Lists<u32>,
    /// Versions being worked on beside a live one.
    pub(super) working: Arc<BTreeMap<u32, WorkingImage>>,
    by_id: Index,
    by_slug: Index,
    former_slugs: Arc<HashMap<String, u32>>,
    pub(super) all: Bits,
    /// Published and under no embargo.
    pub(super) open: Bits,
    pub(super) by_state: BitTable,
    pub(super) by_kind: BitTable,
    /// By [`month`] of the release date.
    pub(super) by_month: BitTable,
    pub(super) languages: Dimension,
    pub(super) authors: Dimension,
    pub(super) by_topic: BitTable,
    pub(super) by_dateline: BitTable,
    pub(super) by_about: BitTable,
    pub(super) with_topics: Bits,
    pub(super) with_dateline: Bits,
    pub(super) with_about: Bits,
    pub(super) with_working: Bits,
    by_release_date: Order,
    by_published_at: Order,
    by_modified_at: Order,
    pub(super) topics: Vocabulary<TopicImage>,
    pub(super) places: Vocabulary<PlaceImage>,
    /// Answers worked out at this revision; a copy begins without.
    pub(super) memo: Memo,
}

/// The small facts of a release.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) kind: ReleaseKind,
    pub(super) state: ReleaseState,
    pub(super) withdrawal: Option<WithdrawalKind>,
    pub(super) language: u32,
    pub(super) author: u32,
    /// Number of the revision that sets see.
    pub(super) number: i32,
    /// Number of the newest revision.
    pub(super) revision: i32,
}

/// The instants of a release, microseconds since 1970; [`NEVER`] where it never was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instants {
    pub(super) modified: i64,
    pub(super) published: i64,
    pub(super) first_published: i64,
}

impl Snapshot {
    /// Sequence of the last journal entry in it.
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// The random id of the database it was loaded from.
    pub fn epoch(&self) -> Uuid {
        self.epoch
    }

    /// All topics.
    pub fn topics(&self) -> &Vocabulary<TopicImage> {
        &self.topics
    }

    /// All places.
    pub fn places(&self) -> &Vocabulary<PlaceImage> {
        &self.places
    }

    /// How many releases there are, in whatever state: for health and metrics, never for an answer.
    pub fn len(&self) -> u64 {
        self.all.len()
    }

    /// True for a newsroom without releases.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The ordinal of a release by key.
    pub(super) fn row_by_id(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id, |row| self.ids.get(row))
    }

    /// The ordinal of a release by address, and whether it is a former one.
    pub(super) fn row_by_slug(&self, slug: &str) -> Option<(u32, bool)> {
        match self.by_slug.get(slug.as_bytes(), |row| self.slugs.get(row)) {
            Some(row) => Some((row, false)),
            None => self.former_slugs.get(slug).map(|&row| (row, true)),
        }
    }

    /// What is published, under an embargo or not.
    pub(super) fn published(&self) -> Bits {
        self.by_state.get(ReleaseState::Published as u32).cloned().unwrap_or_default()
    }

    /// The order by one value.
    pub(super) fn order(&self, by: OrderKey) -> &Order {
        match by {
            OrderKey::ReleaseDate => &self.by_release_date,
            OrderKey::PublishedAt => &self.by_published_at,
            OrderKey::ModifiedAt => &self.by_modified_at,
        }
    }

    /// What a release is ordered by.
    pub(super) fn order_value(&self, by: OrderKey, row: u32) -> i64 {
        match by {
            OrderKey::ReleaseDate => i64::from(*self.release_dates.get(row)),
            OrderKey::PublishedAt => self.instants.get(row).published,
            OrderKey::ModifiedAt => self.instants.get(row).modified,
        }
    }

    fn compare(&self, by: OrderKey, a: u32, b: u32) -> Ordering {
        let value = self.order_value(by, a).cmp(&self.order_value(by, b));
        value.then_with(|| self.ids.get(a).cmp(self.ids.get(b)))
    }

    /// Applies journal entries in order.
    pub(super) fn apply(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let (mut topics, mut places) = (false, false);
        for entry in entries {
            let (mut public, mut press) = (false, false);
            match (entry.noun, entry.after) {
                (Noun::Release, after) => {
                    let before = self.row_by_id(entry.noun_id).map(|row| self.faces(row)).unwrap_or_default();
                    match after {
                        Some(Image::Release(image)) => self.put_release(&image, true),
                        _ => self.remove_release(entry.noun_id),
                    }
                    let after = self.row_by_id(entry.noun_id).map(|row| self.faces(row)).unwrap_or_default();
                    (public, press) = (before.0 != after.0, before.1 != after.1);
                }
                (_, Some(Image::Topic(image))) => {
                    self.put_topic(*image);
                    (topics, public, press) = (true, true, true);
                }
                (_, Some(Image::Place(image))) => {
                    self.put_place(*image);
                    (places, public, press) = (true, true, true);
                }
                _ => {}
            }
            self.sequence = entry.sequence;
            if public {
                self.public_sequence = entry.sequence;
            }
            if press {
                self.press_sequence = entry.sequence;
            }
        }
        self.derive(topics, places);
    }

    pub(super) fn derive(&mut self, topics: bool, places: bool) {
        if topics {
            self.topics.derive();
        }
        if places {
            self.places.derive();
        }
    }

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
    fn remove_release(&mut self, id: Uuid) {
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

    pub(super) fn order_mut(&mut self, by: OrderKey) -> &mut Order {
        match by {
            OrderKey::ReleaseDate => &mut self.by_release_date,
            OrderKey::PublishedAt => &mut self.by_published_at,
            OrderKey::ModifiedAt => &mut self.by_modified_at,
        }
    }
}

/// A calendar date as the catalog keeps it.
pub(super) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

/// A calendar date from what the catalog keeps.
pub(super) fn date(days: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default()
}

/// An instant from what the catalog keeps.
pub(super) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    if micros == NEVER { None } else { DateTime::from_timestamp_micros(micros) }
}

/// The numbers of concepts.
fn numbers<T: super::vocabulary::Concept>(vocabulary: &Vocabulary<T>, ids: &[Uuid]) -> Vec<u32> {
    ids.iter().filter_map(|&id| vocabulary.by_id(id)).collect()
}
