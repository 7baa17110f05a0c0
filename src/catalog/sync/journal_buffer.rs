//! In-memory buffer, shared by all change streams, of the most recent journal entries. This module also notifies
//! subscribers of new snapshots and of token changes.
//!
//! The buffer saves each subscriber from reading the same entries from the database. A subscriber that is too far
//! behind for the buffer reads the journal table instead.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::journal::Entry;

/// Maximum number of entries in the buffer. The oldest entries are removed first.
const CAPACITY: usize = 2000;

/// The most recent journal entries, and senders that notify subscribers of changes.
#[derive(Debug)]
pub(in crate::catalog) struct JournalBuffer {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    /// Number of published snapshots.
    snapshot_changes: watch::Sender<u64>,
    /// Counter that increases when applied entries created or revoked tokens, and when the catalog is reloaded.
    token_changes: watch::Sender<u64>,
}

impl Default for JournalBuffer {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            snapshot_changes: watch::Sender::new(0),
            token_changes: watch::Sender::new(0),
        }
    }
}

impl JournalBuffer {
    /// Adds entries that were applied to the snapshot. The entries must directly follow those in the buffer.
    pub(in crate::catalog) fn push(&self, entries: impl IntoIterator<Item = Arc<Entry>>) {
        let mut buffer = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.extend(entries);
        let excess = buffer.len().saturating_sub(CAPACITY);
        buffer.drain(..excess);
    }

    /// Removes all entries. Needed when the entries that will be added next do not directly follow those in the
    /// buffer.
    pub(in crate::catalog) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns all entries after a sequence. Returns no entries if the buffer does not contain the entry that
    /// directly follows the sequence.
    pub(in crate::catalog) fn entries_after(&self, sequence: i64) -> Vec<Arc<Entry>> {
        let buffer = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let from = buffer.partition_point(|entry| entry.sequence <= sequence);
        let is_complete = buffer.get(from).is_some_and(|entry| entry.sequence == sequence + 1);
        if is_complete { buffer.range(from..).cloned().collect() } else { Vec::new() }
    }

    /// Notifies subscribers of a new snapshot and, if `tokens_changed`, of changed tokens.
    pub(in crate::catalog) fn notify(&self, tokens_changed: bool) {
        self.snapshot_changes.send_modify(|count| *count += 1);
        if tokens_changed {
            self.token_changes.send_modify(|count| *count += 1);
        }
    }

    pub(in crate::catalog) fn subscribe(&self) -> watch::Receiver<u64> {
        self.snapshot_changes.subscribe()
    }

    pub(in crate::catalog) fn subscribe_tokens(&self) -> watch::Receiver<u64> {
        self.token_changes.subscribe()
    }
}
