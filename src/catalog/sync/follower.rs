//! The catalog follows the journal (change data capture): `Catalog` holds the published snapshot, and replaces it
//! when the journal has new entries.
//!
//! A write calls `Catalog::catch_up` after its commit, so a client reads its own writes. `Catalog::poll_journal`
//! looks for writes of other processes every 250 ms. Readers take no lock: one atomic swap publishes the next
//! snapshot. Only this file replaces the published snapshot.
//!
//! The follower reloads the snapshot if the snapshot is far behind, if journal entries are missing, or if the epoch
//! changed because a backup was restored. Change streams get journal entries and notifications from here.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use entity::Noun;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, watch};
use uuid::Uuid;

use super::{
    indexer::{IndexLocation, Indexer},
    journal_buffer::JournalBuffer,
    journal_reader::{APPLY_BATCH, read_after},
    load,
};
use crate::{
    catalog::{
        query::{search::index_state::IndexState, view::View},
        snapshot::Snapshot,
    },
    db::{DatabaseError, Db},
    journal::{Entry, Image},
};

/// Interval at which the head of the journal is polled (one row by primary key). Writes of other processes appear
/// within this time.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Maximum number of entries that a change stream reads from the database at once. It is small, because each stream
/// has its own batch in memory.
const STREAM_BATCH: u64 = 100;

/// If the snapshot is behind by more than this many entries, reloading is faster than applying them.
const RELOAD_THRESHOLD: i64 = 20_000;

/// The catalog of one server: the published snapshot, and the operations that replace it.
#[derive(Debug)]
pub struct Catalog {
    pub(super) db: Db,
    current: ArcSwap<View>,
    /// Held while entries are applied or the snapshot is reloaded.
    pub(super) apply_lock: Mutex<()>,
    pub(super) indexer: Indexer,
    /// Instant at which the snapshot last included the whole journal.
    last_synced: std::sync::Mutex<Instant>,
    buffer: JournalBuffer,
    /// Permits for evaluating what an entry changed for a subscriber: one permit for light filters and one for heavy
    /// filters.
    evaluation_permits: [Semaphore; 2],
}

impl Catalog {
    /// Loads the catalog from the database. The search index is kept in `index`.
    pub async fn load(db: Db, index: IndexLocation) -> Result<Self, DatabaseError> {
        let snapshot = load::load(&db).await?;
        let state = match index {
            IndexLocation::Off => IndexState::off(),
            IndexLocation::Memory | IndexLocation::Folder(_) => IndexState::empty(&snapshot),
        };
        Ok(Self {
            db,
            current: ArcSwap::from_pointee(View::new(snapshot, state)),
            apply_lock: Mutex::new(()),
            indexer: Indexer::new(index),
            last_synced: std::sync::Mutex::new(Instant::now()),
            buffer: JournalBuffer::default(),
            evaluation_permits: [Semaphore::new(1), Semaphore::new(1)],
        })
    }

    /// Returns a view of the newest snapshot. A request calls this once and keeps the view for all its reads.
    pub fn snapshot(&self) -> Arc<View> {
        self.current.load_full()
    }

    /// Returns a view of the newest snapshot with all scheduled transitions applied that are due at `now`.
    pub fn snapshot_at(&self, now: DateTime<Utc>) -> Arc<View> {
        let current = self.snapshot();
        let as_of_now = current.at(now);
        if Arc::ptr_eq(&current, &as_of_now) {
            return as_of_now;
        }
        // The result is published, so later readers need not compute it again; not while the follower publishes
        // another snapshot or the search index is replaced.
        let Ok(_guard) = self.apply_lock.try_lock() else { return as_of_now };
        let as_of_now = self.snapshot().at(now);
        self.current.store(as_of_now.clone());
        as_of_now
    }

    /// Applies all journal entries that the snapshot lacks, and returns a snapshot that includes them.
    pub async fn catch_up(&self) -> Result<Arc<View>, DatabaseError> {
        let _guard = self.apply_lock.lock().await;
        let head = load::head(self.db.reader()).await?;
        let current = self.snapshot();
        // A changed epoch means that the database was replaced by another one. If the epoch is the same but the
        // journal ends before the snapshot, a backup of the same database was restored. The restored journal will
        // reuse the lost sequences for other entries. The epoch is therefore changed, which makes positions and
        // responses from before the restore distinguishable.
        let was_restored = current.epoch() == head.epoch && current.sequence() > head.sequence;
        if was_restored {
            tracing::warn!(
                "the journal ends before the snapshot: a backup was restored; subscribers must read everything again"
            );
            load::rotate_epoch(&self.db, head.epoch).await?;
        }
        if was_restored || current.epoch() != head.epoch {
            self.publish(load::load(&self.db).await?);
        }
        loop {
            let current = self.snapshot();
            if current.sequence() >= head.sequence {
                *self.last_synced.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                return Ok(current);
            }
            if head.sequence - current.sequence() > RELOAD_THRESHOLD {
                self.publish(load::load(&self.db).await?);
                continue;
            }
            let entries = self.read_after(current.sequence(), APPLY_BATCH).await?;
            if entries.first().is_none_or(|entry| entry.sequence != current.sequence() + 1) {
                tracing::error!(sequence = current.sequence(), "the journal has a gap; reloading the catalog");
                self.publish(load::load(&self.db).await?);
                continue;
            }
            let mut next = Snapshot::clone(&current);
            let tokens_changed = entries.iter().any(|entry| entry.noun == Noun::Token);
            let buffered: Vec<_> = entries.iter().cloned().map(Arc::new).collect();
            let is_release = |entry: &&Arc<Entry>| entry.noun == Noun::Release;
            let releases: BTreeSet<Uuid> = buffered.iter().filter(is_release).map(|entry| entry.noun_id).collect();
            let has_purge = buffered.iter().any(|entry| matches!(entry.after, Some(Image::Purged { .. }) | None));
            next.apply(entries);
            let index = current.index().advanced(&current, &next, releases);
            let index = index.unwrap_or_else(|error| self.unreadable_index(&next, &error));
            // The snapshot is published first: no subscriber may receive an entry that no published snapshot
            // includes.
            self.current.store(Arc::new(View::new(next, index)));
            if has_purge {
                self.indexer.note_purge();
            }
            self.buffer.push(buffered);
            self.buffer.notify(tokens_changed);
        }
    }

    /// Returns the instant at which the snapshot last included the whole journal.
    pub fn last_synced(&self) -> Instant {
        *self.last_synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the epoch of the database, because its history differs from the history that clients know.
    pub async fn rotate_epoch(&self) -> Result<(), DatabaseError> {
        load::rotate_epoch(&self.db, self.snapshot().epoch()).await?;
        self.catch_up().await.map(drop)
    }

    /// Reloads the snapshot from the tables, even if the journal has no new entries. Needed after an entry that could
    /// not be applied.
    pub async fn reload(&self) -> Result<Arc<View>, DatabaseError> {
        let _guard = self.apply_lock.lock().await;
        self.publish(load::load(&self.db).await?);
        Ok(self.snapshot())
    }

    /// Publishes a reloaded snapshot. The entries between the previous snapshot and this one are unknown, so the
    /// buffer of recent entries is cleared.
    fn publish(&self, mut snapshot: Snapshot) {
        self.buffer.clear();
        // What the public sees may have changed, too.
        snapshot.count_as_public_change_after(&self.snapshot());
        let index = self.snapshot().index().reloaded(&snapshot);
        let index = index.unwrap_or_else(|error| self.unreadable_index(&snapshot, &error));
        self.current.store(Arc::new(View::new(snapshot, index)));
        // The entries between the two snapshots are unknown. A release may have been purged.
        self.indexer.note_purge();
        self.buffer.notify(true);
    }

    /// Waits for a permit to evaluate what a journal entry changed for a subscriber. `heavy` says whether the
    /// subscriber's filter is heavy. There is one permit for light filters and one for heavy filters, so subscribers
    /// that read many old entries leave most cores to requests, and light filters do not wait for heavy filters.
    pub async fn evaluation_permit(&self, heavy: bool) -> Option<SemaphorePermit<'_>> {
        // The semaphores are never closed.
        self.evaluation_permits[usize::from(heavy)].acquire().await.ok()
    }

    /// Returns a receiver that is notified whenever a snapshot is published.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.buffer.subscribe()
    }

    /// Returns a receiver that is notified when a token is created or revoked, and when the catalog is reloaded.
    pub fn subscribe_tokens(&self) -> watch::Receiver<u64> {
        self.buffer.subscribe_tokens()
    }

    /// Returns journal entries after a sequence, in order, but not necessarily all of them. The entries come from the
    /// buffer of recent entries or from the database. Entries from the database may be newer than the published
    /// snapshot.
    pub async fn entries_after(&self, sequence: i64) -> Result<Vec<Arc<Entry>>, DatabaseError> {
        let entries = self.buffer.entries_after(sequence);
        if !entries.is_empty() {
            return Ok(entries);
        }
        Ok(self.read_after(sequence, STREAM_BATCH).await?.into_iter().map(Arc::new).collect())
    }

    /// Polls the journal for writes of other processes, for as long as the caller polls the future.
    pub async fn poll_journal(&self) {
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tick.tick().await;
            match self.catch_up().await {
                Ok(_) => failing = false,
                // The failure is logged once, not four times a second. Meanwhile readers use the last snapshot.
                Err(error) if !failing => {
                    failing = true;
                    tracing::error!(%error, "cannot follow the journal; retrying");
                }
                Err(_) => {}
            }
        }
    }

    /// Returns the state of an empty index after the index could not be read. Maintenance then opens its files again.
    fn unreadable_index(&self, snapshot: &Snapshot, error: &search::IndexError) -> IndexState {
        tracing::error!(%error, "the search index cannot be read; opening it again");
        self.indexer.note_damage();
        IndexState::empty(snapshot)
    }

    async fn read_after(&self, sequence: i64, limit: u64) -> Result<Vec<Entry>, DatabaseError> {
        Ok(read_after(self.db.reader(), sequence, limit).await?)
    }
}
