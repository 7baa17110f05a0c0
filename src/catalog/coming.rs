//! What happens by itself: scheduled publications and the ends of embargoes.
//!
//! A snapshot keeps the instants to come, sorted. Whoever reads one at a later instant gets a copy in which everything due has
//! happened, in every set, order and count at once; so nothing has to run for a release to appear on time, and no reader can
//! forget to ask. That it has happened is put down in the journal afterwards, and changes nothing that is seen.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;
use uuid::Uuid;

use super::{
    Audience, Snapshot,
    snapshot::{NEVER, instant},
};
use crate::journal::ReleaseImage;

/// What is to come of a release, in microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    /// It will be published.
    pub(super) schedule: Option<i64>,
    /// Its embargo ends, where it is published by then.
    pub(super) embargo: Option<i64>,
}

impl Pending {
    fn of(image: &ReleaseImage) -> Self {
        let micros = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
        Self {
            schedule: micros(image.schedule_at).filter(|_| image.state == ReleaseState::Scheduled),
            embargo: micros(image.embargo_until),
        }
    }

    /// The instants at which something happens to a release in a state.
    fn instants(self, state: ReleaseState) -> impl Iterator<Item = i64> {
        // The embargo of what is not published holds nothing back.
        let embargo = self.embargo.filter(|_| self.schedule.is_some() || state == ReleaseState::Published);
        self.schedule.into_iter().chain(embargo)
    }
}

impl Snapshot {
    /// The same as of an instant: everything due by then has happened.
    ///
    /// Cost: nothing where nothing is due; else what applying as many journal entries costs.
    #[must_use]
    pub fn at(self: &Arc<Self>, now: DateTime<Utc>) -> Arc<Self> {
        let now = now.timestamp_micros();
        if self.coming.first().is_none_or(|&(due, _)| due > now) {
            return self.clone();
        }
        let mut next = Self::clone(self);
        while let Some(&(due, row)) = next.coming.first()
            && due <= now
        {
            next.happen(row, due);
        }
        Arc::new(next)
    }

    /// The next instant at which something happens by itself.
    pub fn next_instant(&self) -> Option<DateTime<Utc>> {
        self.coming.first().and_then(|&(due, _)| instant(due))
    }

    /// The releases to which something has happened by an instant that the journal does not know of yet, in that order.
    pub fn unrecorded(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let due = self.coming.iter().take_while(|&&(due, _)| due <= now.timestamp_micros());
        let mut rows: Vec<u32> = self.happened.iter().chain(due).map(|&(_, row)| row).collect();
        rows.dedup();
        rows.into_iter().map(|row| *self.ids.get(row)).collect()
    }

    /// Until when a release is held back once it is published; nothing where it is not.
    pub(super) fn embargo(&self, row: u32) -> Option<i64> {
        self.pending.get(&row)?.embargo
    }

    /// Takes what is to come of a release from its image, in place of what was.
    pub(super) fn expect(&mut self, row: u32, image: &ReleaseImage) {
        self.forget(row);
        let pending = Pending::of(image);
        if pending != Pending::default() {
            Arc::make_mut(&mut self.pending).insert(row, pending);
            Arc::make_mut(&mut self.coming).extend(pending.instants(image.state).map(|due| (due, row)));
        }
    }

    /// Nothing is to come of a release any more.
    pub(super) fn forget(&mut self, row: u32) {
        if !self.pending.contains_key(&row) {
            return;
        }
        Arc::make_mut(&mut self.pending).remove(&row);
        for list in [&mut self.coming, &mut self.happened] {
            if list.iter().any(|&(_, other)| other == row) {
                Arc::make_mut(list).retain(|&(_, other)| other != row);
            }
        }
    }

    /// Whether something is to come of a release that should have happened by now: it was put down late, behind its instant.
    pub(super) fn is_late(&self, row: u32) -> bool {
        let now = self.passed.into_iter().max().unwrap_or_default();
        self.coming.iter().take_while(|&&(due, _)| due <= now).any(|&(_, late)| late == row)
    }

    /// Lets one thing happen.
    fn happen(&mut self, row: u32, due: i64) {
        Arc::make_mut(&mut self.coming).remove(&(due, row));
        Arc::make_mut(&mut self.happened).insert((due, row));
        let before = self.faces(row);
        let Some(mut pending) = self.pending.get(&row).copied() else { return };
        self.unlink(row);
        let (mut facts, mut instants) = (*self.facts.get(row), *self.instants.get(row));
        if pending.schedule == Some(due) {
            pending.schedule = None;
            facts.state = ReleaseState::Published;
            instants.published = due;
        }
        if pending.embargo == Some(due) {
            pending.embargo = None;
            instants.published = due;
        }
        instants.modified = instants.modified.max(due);
        if pending.embargo.is_none() && instants.first_published == NEVER {
            instants.first_published = due;
        }
        Arc::make_mut(&mut self.pending).insert(row, pending);
        self.facts.set(row, facts);
        self.instants.set(row, instants);
        self.link(row, true);
        let after = self.faces(row);
        for (audience, seen) in
            [(Audience::Public, before.0 != after.0), (Audience::Press, before.1 != after.1), (Audience::Desk, true)]
        {
            if seen {
                let passed = &mut self.passed[audience as usize];
                *passed = due.max(*passed);
            }
        }
    }
}
