//! Follows the journal: holds the published snapshot and replaces it when there are new entries (change data capture).
//!
//! A write calls `Catalog::catch_up` after its commit, so a client reads its own writes; `Catalog::poll_journal` picks
//! up the writes of other processes every 250 ms. Readers take no lock: the next snapshot is published with one atomic
//! swap. Only this file replaces the snapshot. It reloads instead when it is far behind, when entries are missing, or
//! when the epoch changed (a restored backup). Also the source of entries and notifications for change streams.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use entity::Noun;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit, watch};

use super::{
    journal_buffer::JournalBuffer,
    journal_reader::{APPLY_BATCH, read_after},
    load,
};
use crate::{
    catalog::{query::view::View, snapshot::Snapshot},
    db::{DatabaseError, Db},
    journal::Entry,
};

/// How often the journal's head is looked at: one row by key. Another process's write appears within this time.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Entries read at a time by who follows: each follower holds its own.
const STREAM_BATCH: u64 = 100;

/// From this distance on it is quicker to load anew than to apply.
const RELOAD_THRESHOLD: i64 = 20_000;

/// The published snapshot and the way to the next one.
#[derive(Debug)]
pub struct Catalog {
    db: Db,
    current: ArcSwap<View>,
    /// Held by whoever applies entries.
    apply_lock: Mutex<()>,
    /// When everything that the journal had was applied last.
    last_synced: std::sync::Mutex<Instant>,
    buffer: JournalBuffer,
    /// Held by whoever works out what an entry changed for somebody.
    evaluation_permits: [Semaphore; 2],
}

impl Catalog {
    /// Loads the catalog of a database.
    pub async fn load(db: Db) -> Result<Self, DatabaseError> {
        let snapshot = load::load(&db).await?;
        Ok(Self {
            db,
            current: ArcSwap::from_pointee(View::from(snapshot)),
            apply_lock: Mutex::new(()),
            last_synced: std::sync::Mutex::new(Instant::now()),
            buffer: JournalBuffer::default(),
            evaluation_permits: [Semaphore::new(1), Semaphore::new(1)],
        })
    }

    /// A view of the newest snapshot. A request takes it once and keeps to it.
    pub fn snapshot(&self) -> Arc<View> {
        self.current.load_full()
    }

    /// A view of the newest snapshot as of an instant: what has come due by then has happened in it.
    pub fn snapshot_at(&self, now: DateTime<Utc>) -> Arc<View> {
        let current = self.snapshot();
        let as_of_now = current.at(now);
        if !Arc::ptr_eq(&current, &as_of_now) {
            // For the readers after this one. Where the follower was quicker they work it out once more.
            self.current.compare_and_swap(&current, as_of_now.clone());
        }
        as_of_now
    }

    /// Applies everything the journal has by now, and answers the snapshot that holds it.
    pub async fn catch_up(&self) -> Result<Arc<View>, DatabaseError> {
        let _guard = self.apply_lock.lock().await;
        let head = load::head(self.db.reader()).await?;
        let current = self.snapshot();
        // Another database behind the same name, or the same one as it was before: a restored backup. Its journal will come by
        // the same numbers with other entries, so positions and answers of its former future must be told from those.
        let was_restored = current.epoch() == head.epoch && current.sequence() > head.sequence;
        if was_restored {
            tracing::warn!(
                "the database is as it was before: a backup was restored; clients that follow are told to read anew"
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
                tracing::error!(sequence = current.sequence(), "the journal has a hole: loading the catalog anew");
                self.publish(load::load(&self.db).await?);
                continue;
            }
            let mut next = Snapshot::clone(&current);
            let tokens_changed = entries.iter().any(|entry| entry.noun == Noun::Token);
            let buffered: Vec<_> = entries.iter().cloned().map(Arc::new).collect();
            next.apply(entries);
            // First the snapshot: nobody shall be given an entry that no snapshot knows of yet.
            self.current.store(Arc::new(View::from(next)));
            self.buffer.push(buffered);
            self.buffer.notify(tokens_changed);
        }
    }

    /// When it held everything that the journal had, last.
    pub fn last_synced(&self) -> Instant {
        *self.last_synced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the database's past is another than clients know.
    pub async fn rotate_epoch(&self) -> Result<(), DatabaseError> {
        load::rotate_epoch(&self.db, self.snapshot().epoch()).await?;
        self.catch_up().await.map(drop)
    }

    /// Loads anew, whatever the journal says: for an entry that could not be applied.
    pub async fn reload(&self) -> Result<Arc<View>, DatabaseError> {
        let _guard = self.apply_lock.lock().await;
        self.publish(load::load(&self.db).await?);
        Ok(self.snapshot())
    }

    /// Publishes what was loaded anew: nobody knows what lies between it and what was there before.
    fn publish(&self, snapshot: Snapshot) {
        self.buffer.clear();
        self.current.store(Arc::new(View::from(snapshot)));
        self.buffer.notify(true);
    }

    /// Waits for a turn to work out what an entry changed for somebody. One at a time: followers of a long past share one core and
    /// leave the rest to those who ask. Those with large filters wait for each other and not the others for them.
    pub async fn evaluation_permit(&self, heavy: bool) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.evaluation_permits[usize::from(heavy)].acquire().await.ok()
    }

    /// The news that another snapshot was published.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.buffer.subscribe()
    }

    /// The news that a token was made or revoked.
    pub fn subscribe_tokens(&self) -> watch::Receiver<u64> {
        self.buffer.subscribe_tokens()
    }

    /// Some of the entries after a sequence, the first of them first: from memory, or from the journal itself, which may have
    /// more than the snapshot.
    pub async fn entries_after(&self, sequence: i64) -> Result<Vec<Arc<Entry>>, DatabaseError> {
        let entries = self.buffer.entries_after(sequence);
        if !entries.is_empty() {
            return Ok(entries);
        }
        Ok(self.read_after(sequence, STREAM_BATCH).await?.into_iter().map(Arc::new).collect())
    }

    /// Follows the journal for as long as it is polled: the writes of other processes.
    pub async fn poll_journal(&self) {
        let mut tick = tokio::time::interval(POLL_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tick.tick().await;
            match self.catch_up().await {
                Ok(_) => failing = false,
                // Once, not four times a second; readers go on with what they have.
                Err(error) if !failing => {
                    failing = true;
                    tracing::error!(%error, "the journal cannot be followed; trying on");
                }
                Err(_) => {}
            }
        }
    }

    async fn read_after(&self, sequence: i64, limit: u64) -> Result<Vec<Entry>, DatabaseError> {
        Ok(read_after(self.db.reader(), sequence, limit).await?)
    }
}
