//! A set of releases: what can be asked of some of them. Lists, dashboards and facet buckets are all this.
//!
//! A set begins with what the viewer may see, [`Snapshot::visible_to`], and can only be narrowed. Nothing here reads a row, a
//! clock or a network; every answer is worked out from the snapshot that the set holds.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::release::{ReleaseState, WithdrawalKind};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::{
    Snapshot,
    bits::Bits,
    fault::FilterFault,
    filter::{Condition, ReleaseFilter},
    handle::Handle,
    snapshot::date,
};
use crate::{journal::WorkingImage, viewer::Viewer};

/// Some of the releases that a viewer may see, at one revision of the journal.
#[derive(Clone, Debug)]
pub struct ReleaseSet {
    snapshot: Arc<Snapshot>,
    desk: bool,
    pub(super) bits: Bits,
    /// Everything that the viewer may see.
    visible: Bits,
    /// What it was narrowed from, and by what; none where it was not narrowed by a filter.
    narrowed: Option<(Bits, Arc<ReleaseFilter>)>,
}

/// A former public address of a release that was withdrawn.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// Key of the release, to fetch the notice by.
    pub id: Uuid,
    /// Its last address.
    pub slug: String,
    /// Withdrawn or retracted.
    pub state: ReleaseState,
    /// How it was withdrawn.
    pub kind: WithdrawalKind,
}

/// What a release is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseKey {
    /// Its key.
    Id(Uuid),
    /// An address it has or had.
    Slug(String),
}

impl Snapshot {
    /// Everything that a viewer may see at an instant: the only beginning of a set.
    pub fn visible_to(self: &Arc<Self>, viewer: &Viewer, now: DateTime<Utc>) -> ReleaseSet {
        let desk = viewer.is_desk();
        let bits = if desk { self.all.clone() } else { self.public_at(now) };
        ReleaseSet { snapshot: self.clone(), desk, visible: bits.clone(), bits, narrowed: None }
    }

    /// What is public at an instant. Publications are recorded when they happen, so the state alone tells.
    fn public_at(&self, _now: DateTime<Utc>) -> Bits {
        self.by_state.get(ReleaseState::Published as u32).cloned().unwrap_or_default()
    }

    /// What a former public address should answer: never for what vanished, was never public, or still is.
    pub fn tombstone(&self, key: &ReleaseKey) -> Option<Tombstone> {
        let row = match key {
            ReleaseKey::Id(id) => self.row_by_id(*id),
            ReleaseKey::Slug(slug) => self.row_by_slug(slug).map(|(row, _)| row),
        }?;
        let facts = self.facts.get(row);
        let kind = match facts.state {
            ReleaseState::Withdrawn => facts.withdrawal.filter(|&kind| kind != WithdrawalKind::Vanish)?,
            ReleaseState::Retracted => WithdrawalKind::WithNotice,
            _ => return None,
        };
        let slug = String::from_utf8_lossy(self.slugs.get(row)).into_owned();
        Some(Tombstone { id: *self.ids.get(row), slug, state: facts.state, kind })
    }
}

impl ReleaseSet {
    /// What the set is made of.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether it was begun for somebody of the desk.
    pub fn is_desk(&self) -> bool {
        self.desk
    }

    /// How many releases are in it.
    pub fn count(&self) -> u64 {
        self.bits.len()
    }

    /// The releases of it that a filter lets through.
    pub fn narrow(&self, filter: &ReleaseFilter) -> Result<Self, FilterFault> {
        let narrowed = Some((self.bits.clone(), Arc::new(filter.clone())));
        let bits = filter.apply(self)?.changed().map_or_else(|| self.bits.clone(), Arc::new);
        Ok(Self { bits, narrowed, ..self.clone() })
    }

    /// What it was before its own filter.
    pub(super) fn unfiltered(&self) -> Self {
        let bits = self.narrowed.as_ref().map_or(&self.bits, |(before, _)| before).clone();
        Self { bits, narrowed: None, ..self.clone() }
    }

    /// What it would be without the conditions of one sort in its own filter.
    pub(super) fn without(&self, condition: Condition) -> Self {
        match &self.narrowed {
            Some((_, filter)) if filter.has(condition) => {
                // Fewer conditions than were applied without a fault.
                self.unfiltered().narrow(&filter.without(condition)).unwrap_or_else(|_| self.clone())
            }
            _ => self.clone(),
        }
    }

    /// The filter by which it was narrowed from all that its viewer may see; none where it came about otherwise.
    pub(super) fn filter(&self) -> Option<&ReleaseFilter> {
        let (before, filter) = self.narrowed.as_ref()?;
        Arc::ptr_eq(before, &self.visible).then_some(&**filter)
    }

    /// The values of one sort that its own filter asks for by name.
    pub(super) fn named(&self, condition: Condition) -> RoaringBitmap {
        self.narrowed.as_ref().map_or_else(RoaringBitmap::new, |(_, filter)| filter.named(condition, &self.snapshot))
    }

    /// Whether its viewer may see any of some releases.
    pub(super) fn may_see_any(&self, bits: &RoaringBitmap) -> bool {
        !self.visible.is_disjoint(bits)
    }

    /// Whether it is all there is to see: of everything (true), of what is public (false).
    pub(super) fn is_whole(&self) -> Option<bool> {
        let public = || self.snapshot.by_state.get(ReleaseState::Published as u32);
        if Arc::ptr_eq(&self.bits, &self.snapshot.all) {
            Some(true)
        } else if public().is_some_and(|public| Arc::ptr_eq(&self.bits, public)) {
            Some(false)
        } else {
            None
        }
    }

    /// The releases of it that bear a topic or, if asked, a narrower one.
    #[must_use]
    pub fn with_topic(&self, topic: u32, include_narrower: bool) -> Self {
        let bits = if include_narrower {
            self.snapshot.rolled_up(topic)
        } else {
            self.snapshot.by_topic.get(topic).cloned().unwrap_or_default()
        };
        self.with(&*self.bits & &*bits)
    }

    /// One release of it, and whether it was asked for by a former address.
    pub fn find(&self, key: &ReleaseKey) -> Option<(Handle, bool)> {
        let (row, former) = match key {
            ReleaseKey::Id(id) => (self.row_by_id(*id)?, false),
            ReleaseKey::Slug(slug) => self.snapshot.row_by_slug(slug)?,
        };
        self.contains(row).then(|| (self.handle(row), former))
    }

    /// The version being worked on beside the live one of a release of this set; nothing for those who are not of the desk.
    pub fn working<'a>(&self, item: &'a Handle) -> Option<&'a WorkingImage> {
        if self.desk { item.working() } else { None }
    }

    /// What its numbers depend on: sets of the same viewers and the same question with equal revisions are equal. The number
    /// and the database it counts in; both are the newsroom's own and not for clients as they are.
    pub fn revision(&self) -> (Uuid, bool, i64) {
        (self.snapshot.epoch(), self.desk, self.snapshot.revision_for(self.desk))
    }

    /// The earliest and the latest release date; none of an empty set.
    pub fn date_span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let dates = || self.rows().map(|row| *self.snapshot.release_dates.get(row));
        Some((date(dates().min()?), date(dates().max()?)))
    }

    /// The same snapshot and viewer with other members; callers may only take members away.
    pub(super) fn with(&self, bits: RoaringBitmap) -> Self {
        Self { bits: Arc::new(bits), narrowed: None, ..self.clone() }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = u32> {
        self.bits.iter()
    }

    pub(super) fn contains(&self, row: u32) -> bool {
        self.bits.contains(row)
    }

    pub(super) fn handle(&self, row: u32) -> Handle {
        Handle::new(self.snapshot.clone(), row)
    }

    pub(super) fn id_of(&self, row: u32) -> Uuid {
        *self.snapshot.ids.get(row)
    }

    /// The ordinal of a member by key.
    pub(super) fn row_by_id(&self, id: Uuid) -> Option<u32> {
        self.snapshot.row_by_id(id).filter(|&row| self.contains(row))
    }
}
