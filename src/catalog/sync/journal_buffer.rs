//! Buffer of the most recent journal entries, shared by all change streams, and notification of new
//! snapshots and tokens.
//!
//! Each entry is read from the database once, not once per subscriber. Readers that are further behind read the
//! journal itself.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::journal::Entry;

/// Maximum number of entries in the buffer.
const CAPACITY: usize = 2000;

/// The newest entries, and notifications of further ones.
#[derive(Debug)]
pub(in crate::catalog) struct JournalBuffer {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    /// Number of snapshots published.
    snapshot_changes: watch::Sender<u64>,
    /// Number of batches of entries that created or revoked tokens, and of reloads.
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
    /// Adds entries that were applied, in order.
    pub(in crate::catalog) fn push(&self, entries: impl IntoIterator<Item = Arc<Entry>>) {
        let mut buffer = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.extend(entries);
        let excess = buffer.len().saturating_sub(CAPACITY);
        buffer.drain(..excess);
    }

    /// Removes all entries, because the next ones do not follow them directly.
    pub(in crate::catalog) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns all entries after a sequence. Returns none if the first of them is not in the buffer.
    pub(in crate::catalog) fn entries_after(&self, sequence: i64) -> Vec<Arc<Entry>> {
        let buffer = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let from = buffer.partition_point(|entry| entry.sequence <= sequence);
        let is_complete = buffer.get(from).is_some_and(|entry| entry.sequence == sequence + 1);
        if is_complete { buffer.range(from..).cloned().collect() } else { Vec::new() }
    }

    /// Notifies subscribers.
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
