//! Where the search index is kept, and the state that its maintenance shares with the follower and with searches.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::sync::Mutex;

/// Where the search index is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexLocation {
    /// In memory. It is built at each start.
    Memory,
    /// In a folder.
    Folder(PathBuf),
    /// There is no index.
    Off,
}

/// What keeps the index complete.
#[derive(Debug)]
pub(super) struct Indexer {
    pub(super) location: IndexLocation,
    /// Held by a search while it indexes pending documents, so others wait instead of doing the same.
    pub(super) by_search: Mutex<()>,
    /// Whether a release was purged whose texts may be in the files.
    purged: AtomicBool,
    /// Whether the files must be opened again, because they could not be read.
    damaged: AtomicBool,
}

impl Indexer {
    pub(super) fn new(location: IndexLocation) -> Self {
        Self { location, by_search: Mutex::default(), purged: false.into(), damaged: false.into() }
    }

    /// Notes that the files could not be read.
    pub(super) fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Returns whether the files could not be read since the last call.
    pub(super) fn take_damage(&self) -> bool {
        self.damaged.swap(false, Ordering::Relaxed)
    }

    /// Notes that a release was purged.
    pub(super) fn note_purge(&self) {
        self.purged.store(true, Ordering::Relaxed);
    }

    /// Returns whether a release was purged since the last call.
    pub(super) fn take_purge(&self) -> bool {
        self.purged.swap(false, Ordering::Relaxed)
    }
}
