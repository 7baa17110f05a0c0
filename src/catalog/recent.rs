//! The newest journal entries, in memory: for those who follow along, so that each write is read once and not once a follower.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

use crate::journal::Entry;

/// Entries that are kept.
const MOST: usize = 2000;

/// The newest entries, and the news that there are more.
#[derive(Debug)]
pub(super) struct Recent {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    /// How often something was published.
    news: watch::Sender<u64>,
    /// How often a token was made or revoked.
    tokens: watch::Sender<u64>,
}

impl Default for Recent {
    fn default() -> Self {
        Self { entries: Mutex::default(), news: watch::Sender::new(0), tokens: watch::Sender::new(0) }
    }
}

impl Recent {
    /// Keeps entries that were applied, in order.
    pub(super) fn keep(&self, entries: impl IntoIterator<Item = Arc<Entry>>) {
        let mut kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(entries);
        let over = kept.len().saturating_sub(MOST);
        kept.drain(..over);
    }

    /// Forgets all: what comes next does not follow them.
    pub(super) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The entries after a sequence; none where the first of them is not kept any more.
    pub(super) fn after(&self, sequence: i64) -> Vec<Arc<Entry>> {
        let kept = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let from = kept.partition_point(|entry| entry.sequence <= sequence);
        let whole = kept.get(from).is_some_and(|entry| entry.sequence == sequence + 1);
        if whole { kept.range(from..).cloned().collect() } else { Vec::new() }
    }

    /// Tells those who follow.
    pub(super) fn tell(&self, tokens: bool) {
        self.news.send_modify(|times| *times += 1);
        if tokens {
            self.tokens.send_modify(|times| *times += 1);
        }
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn tokens(&self) -> watch::Receiver<u64> {
        self.tokens.subscribe()
    }
}
