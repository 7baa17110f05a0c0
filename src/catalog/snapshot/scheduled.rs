//! Scheduled transitions: publication at a scheduled time and the end of an embargo, applied when a snapshot is read.
//!
//! A snapshot keeps the instants of pending transitions in sorted order. `with_due_applied` returns a copy with all
//! due transitions applied to every index and count at once, so a release appears exactly on time without a
//! background job. `query::view` calls it for every read. `newsroom::release::schedule` records due transitions in
//! the journal afterwards; this changes nothing that readers see.

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
    /// Returns a copy of the snapshot with all transitions applied that are due at `now`, or `None` if none is due.
    ///
    /// Cost: nothing if none is due; otherwise the cost of applying as many journal entries.
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

    /// Returns the instant of the next pending transition.
    pub fn next_transition_at(&self) -> Option<DateTime<Utc>> {
        self.pending_instants.first().and_then(|&(due, _)| instant(due))
    }

    /// Returns the releases with transitions that are due at `now` and not yet recorded in the journal, in the order
    /// of the transitions.
    pub fn unrecorded(&self, now: DateTime<Utc>) -> Vec<Uuid> {
        let due = self.pending_instants.iter().take_while(|&&(due, _)| due <= now.timestamp_micros());
        let mut ordinals: Vec<u32> = self.applied_unrecorded.iter().chain(due).map(|&(_, ordinal)| ordinal).collect();
        ordinals.dedup();
        ordinals.into_iter().map(|ordinal| *self.ids.get(ordinal)).collect()
    }

    /// Returns the end of the embargo of a release, in microseconds since 1970, or `None` if it has no embargo.
    pub(in crate::catalog) fn embargo(&self, ordinal: u32) -> Option<i64> {
        self.pending.get(&ordinal)?.embargo
    }

    /// Replaces the pending transitions of a release with those of its image.
    pub(in crate::catalog) fn set_pending(&mut self, ordinal: u32, image: &ReleaseImage) {
        self.clear_pending(ordinal);
        let pending = PendingTransitions::of(image);
        if pending != PendingTransitions::default() {
            Arc::make_mut(&mut self.pending).insert(ordinal, pending);
            Arc::make_mut(&mut self.pending_instants).extend(pending.instants(image.state).map(|due| (due, ordinal)));
        }
    }

    /// Removes the pending transitions of a release.
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

    /// Whether a release has a pending transition that is not after the last one applied, because it was recorded
    /// after its instant.
    pub(in crate::catalog) fn is_overdue(&self, ordinal: u32) -> bool {
        let now = self.last_transition_at.into_iter().max().unwrap_or_default();
        self.pending_instants.iter().take_while(|&&(due, _)| due <= now).any(|&(_, other)| other == ordinal)
    }

    /// Applies one due transition.
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
