//! Applies scheduled transitions (a scheduled publication, the end of an embargo) when a snapshot is read.
//!
//! A snapshot keeps the instants of pending transitions in sorted order. `with_due_applied` returns a copy in which
//! all due transitions are applied to every index and count at once. A release therefore appears exactly on time,
//! without a background job. `query::view` calls this function for every read. `newsroom::release::schedule` later
//! records due transitions in the journal, which changes nothing that readers see.

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
    /// Returns a copy of the snapshot with all transitions applied that are due at `now`. Returns `None` if no
    /// transition is due.
    ///
    /// Cost: nothing if no transition is due. Otherwise each due transition costs as much as applying one journal
    /// entry.
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

    /// Returns the instant of the next pending transition, or `None` if there is none.
    pub fn next_transition_at(&self) -> Option<DateTime<Utc>> {
        self.pending_instants.first().and_then(|&(due, _)| instant(due))
    }

    /// Returns the releases that have transitions which are due at `now` and not yet recorded in the journal, in the
    /// order of the transitions.
    pub fn unrecorded(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let due = self.pending_instants.iter().take_while(|&&(due, _)| due <= now.timestamp_micros());
        let mut ordinals: Vec<u32> = self.applied_unrecorded.iter().chain(due).map(|&(_, ordinal)| ordinal).collect();
        ordinals.dedup();
        ordinals.into_iter().map(|ordinal| *self.ids.get(ordinal)).collect()
    }

    /// Returns the end of a release's embargo, in microseconds since 1970, or `None` if the release has no embargo.
    pub(in crate::catalog) fn embargo(&self, ordinal: u32) -> Option<i64> {
        self.pending.get(&ordinal)?.embargo
    }

    /// Replaces the pending transitions of a release with those in its image.
    pub(in crate::catalog) fn set_pending(&mut self, ordinal: u32, image: &ReleaseImage) {
        self.clear_pending(ordinal);
        let pending = PendingTransitions::of(image);
        if pending != PendingTransitions::default() {
            Arc::make_mut(&mut self.pending).insert(ordinal, pending);
            Arc::make_mut(&mut self.pending_instants).extend(pending.instants(image.state).map(|due| (due, ordinal)));
        }
    }

    /// Removes all pending transitions of a release.
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

    /// Returns whether a release has a pending transition whose instant is not after the last applied transition of
    /// any release. This happens if the journal recorded the schedule or embargo only after that instant.
    pub(in crate::catalog) fn is_overdue(&self, ordinal: u32) -> bool {
        let now = self.last_transition_at.into_iter().max().unwrap_or_default();
        self.pending_instants.iter().take_while(|&&(due, _)| due <= now).any(|&(_, other)| other == ordinal)
    }

    /// Applies the transition of a release that is due at the instant `due`.
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
