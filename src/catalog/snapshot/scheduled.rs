//! Scheduled transitions: publication at a scheduled time and the end of an embargo, applied when a snapshot is read.
//!
//! A snapshot keeps the instants of pending transitions, sorted. `with_due_applied` returns a copy in which everything
//! due by then is applied, in every index and count at once, so a release appears exactly on time without a background
//! job. `query::view` calls it for every read. `newsroom::release::schedule` records due transitions in the journal
//! afterwards; that changes nothing that readers see.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::release::ReleaseState;
use uuid::Uuid;

use super::{Snapshot, audience::Audience, pending::PendingTransitions};
use crate::{
    catalog::store::units::{NEVER, instant},
    journal::ReleaseImage,
};

impl Snapshot {
    /// The same as of an instant: everything due by then has happened. None where nothing is due.
    ///
    /// Cost: nothing where nothing is due; else what applying as many journal entries costs.
    pub(in crate::catalog) fn with_due_applied(&self, now: DateTime<Utc>) -> Option<Self> {
        let now = now.timestamp_micros();
        if self.pending_instants.first().is_none_or(|&(due, _)| due > now) {
            return None;
        }
        let mut next = self.clone();
        while let Some(&(due, ordinal)) = next.pending_instants.first()
            && due <= now
        {
            next.apply_due(ordinal, due);
        }
        Some(next)
    }

    /// The next instant at which something happens by itself.
    pub fn next_transition_at(&self) -> Option<DateTime<Utc>> {
        self.pending_instants.first().and_then(|&(due, _)| instant(due))
    }

    /// The releases to which something has happened by an instant that the journal does not know of yet, in that order.
    pub fn unrecorded(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let due = self.pending_instants.iter().take_while(|&&(due, _)| due <= now.timestamp_micros());
        let mut ordinals: Vec<u32> = self.applied_unrecorded.iter().chain(due).map(|&(_, ordinal)| ordinal).collect();
        ordinals.dedup();
        ordinals.into_iter().map(|ordinal| *self.ids.get(ordinal)).collect()
    }

    /// Until when a release is held back once it is published; nothing where it is not.
    pub(in crate::catalog) fn embargo(&self, ordinal: u32) -> Option<i64> {
        self.pending.get(&ordinal)?.embargo
    }

    /// Takes what is to come of a release from its image, in place of what was.
    pub(in crate::catalog) fn set_pending(&mut self, ordinal: u32, image: &ReleaseImage) {
        self.clear_pending(ordinal);
        let pending = PendingTransitions::of(image);
        if pending != PendingTransitions::default() {
            Arc::make_mut(&mut self.pending).insert(ordinal, pending);
            Arc::make_mut(&mut self.pending_instants).extend(pending.instants(image.state).map(|due| (due, ordinal)));
        }
    }

    /// Nothing is to come of a release any more.
    pub(in crate::catalog) fn clear_pending(&mut self, ordinal: u32) {
        if !self.pending.contains_key(&ordinal) {
            return;
        }
        Arc::make_mut(&mut self.pending).remove(&ordinal);
        for list in [&mut self.pending_instants, &mut self.applied_unrecorded] {
            if list.iter().any(|&(_, other)| other == ordinal) {
                Arc::make_mut(list).retain(|&(_, other)| other != ordinal);
            }
        }
    }

    /// Whether something is to come of a release that should have happened by now: it was put down late, behind its instant.
    pub(in crate::catalog) fn is_overdue(&self, ordinal: u32) -> bool {
        let now = self.last_transition_at.into_iter().max().unwrap_or_default();
        self.pending_instants.iter().take_while(|&&(due, _)| due <= now).any(|&(_, other)| other == ordinal)
    }

    /// Lets one thing happen.
    fn apply_due(&mut self, ordinal: u32, due: i64) {
        Arc::make_mut(&mut self.pending_instants).remove(&(due, ordinal));
        Arc::make_mut(&mut self.applied_unrecorded).insert((due, ordinal));
        let before = self.audience_views(ordinal);
        let Some(mut pending) = self.pending.get(&ordinal).copied() else { return };
        self.remove_from_indexes(ordinal);
        let (mut facts, mut instants) = (*self.facts.get(ordinal), *self.instants.get(ordinal));
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
        Arc::make_mut(&mut self.pending).insert(ordinal, pending);
        self.facts.set(ordinal, facts);
        self.instants.set(ordinal, instants);
        self.add_to_indexes(ordinal, true);
        let after = self.audience_views(ordinal);
        for (audience, changed) in
            [(Audience::Public, before.0 != after.0), (Audience::Press, before.1 != after.1), (Audience::Desk, true)]
        {
            if changed {
                let last_transition_at = &mut self.last_transition_at[audience as usize];
                *last_transition_at = due.max(*last_transition_at);
            }
        }
    }
}
