//! Keeps the search index complete: indexes pending documents, merges segments, and removes the texts of purged
//! releases from the files.
//!
//! A search indexes a few pending documents itself before it is evaluated (`Catalog::index_pending`), so a client
//! finds what it wrote. Everything else is done by `Catalog::maintain_index`, which a server runs in the background.

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    documents::{MAX_PER_STATEMENT, as_plain_text, count, read},
    follower::Catalog,
    indexer::IndexLocation,
};
use crate::{
    blocking,
    catalog::query::{
        release_set::ReleaseSet,
        search::index_state::{IndexState, MAX_BY_SEARCH},
    },
    db::DatabaseError,
};
use futures_util::{FutureExt, future::join_all};
use search::{Document, IndexError, Key, Merge, Segment, SegmentBuilder, Segments, Storage};

/// Interval of maintenance. Segments in memory are written to disk after this time.
const INTERVAL: Duration = Duration::from_secs(1);

/// Time until the next attempt after a failure.
const RETRY: Duration = Duration::from_secs(10);

/// Memory in which one thread builds a segment, in bytes.
const SEGMENT_MEMORY: usize = 96 << 20;

/// Interval between two reports of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(200);

/// Interval between two lines in the log while the index is built.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Threads that build segments.
const THREADS: usize = 2;

/// Why the index cannot be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The index is not in a folder.
    #[error("the search index is not kept in a folder (search.index): there is nothing to build")]
    NoFolder,
    /// The index or the database failed.
    #[error(transparent)]
    Failed(#[from] MaintenanceError),
}

/// Why the index cannot be maintained.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The index cannot be read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The texts cannot be read from the database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sea_orm::DbErr> for MaintenanceError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl Catalog {
    /// Indexes the pending documents that the viewer of a set may find, if they are few. Must be called before a search
    /// in the set.
    pub async fn index_pending(&self, set: &ReleaseSet) -> Result<(), DatabaseError> {
        let view = set.snapshot();
        let pending = || {
            let keys = view.index().pending_for(view, set.audience());
            (1..=MAX_BY_SEARCH).contains(&keys.len()).then_some(keys)
        };
        if pending().is_none() {
            return Ok(());
        }
        let _guard = self.indexer.by_search.lock().await;
        let Some(keys) = pending() else { return Ok(()) };
        let documents = read(self.db.reader(), &keys).await?;
        // A text on which the indexer panics must not fail the request.
        let segment = AssertUnwindSafe(blocking::run(move || build_in_memory(documents))).catch_unwind().await;
        let segment = segment.unwrap_or_else(|_| Err(IndexError::Damaged("the indexer panicked".to_owned())));
        let added = segment.and_then(|segment| view.update_index(|index| index.with_indexed(&segment, &keys)));
        // The search can be evaluated without these documents, and maintenance tries again.
        if let Err(error) = added {
            tracing::error!(%error, "cannot index changed releases");
        }
        Ok(())
    }

    /// Maintains the index until the future is dropped.
    pub async fn maintain_index(&self) {
        let mut last_error = String::new();
        loop {
            // A panic must not end the other background tasks.
            let error = match AssertUnwindSafe(self.maintain()).catch_unwind().await {
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the indexer panicked".to_owned(),
            };
            // A failure that stays is logged once.
            if error != last_error {
                tracing::error!(error, "the search index is not maintained; trying again");
            }
            last_error = error;
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn maintain(&self) -> Result<std::convert::Infallible, MaintenanceError> {
        let location = self.indexer.location.clone();
        let storage = Arc::new(match location {
            IndexLocation::Off => return std::future::pending().await,
            IndexLocation::Memory => Storage::in_memory(),
            IndexLocation::Folder(folder) => blocking::run(move || Storage::open(&folder)).await?,
        });
        self.load_index(&storage).await?;
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.indexer.take_damage() {
            self.build_pending(&storage).await?;
            self.merge(&storage).await?;
            ticks.tick().await;
        }
        Err(IndexError::Damaged("its files are opened again".to_owned()).into())
    }

    /// Replaces the index of the published view. The caller must hold `apply_lock`, so nobody publishes another view
    /// meanwhile.
    fn update_index(&self, update: impl Fn(&IndexState) -> Result<IndexState, IndexError>) -> Result<(), IndexError> {
        self.snapshot().update_index(update)
    }

    /// Opens the segments of the storage.
    async fn load_index(&self, storage: &Arc<Storage>) -> Result<(), MaintenanceError> {
        let opened = storage.clone();
        let loaded = blocking::run(move || opened.load(&HashMap::new())).await?;
        for damaged in loaded.damaged {
            tracing::warn!(damaged, "a part of the search index is damaged and is built again");
        }
        let guard = self.apply_lock.lock().await;
        let view = self.snapshot();
        self.update_index(|index| {
            // Documents that were indexed meanwhile can also be in the folder. The first one counts.
            let in_memory = index.segments.list().iter().filter(|segment| segment.path().is_none());
            let all: Vec<Segment> = loaded.segments.list().iter().chain(in_memory).cloned().collect();
            Ok(index.with_segments(&Segments::from(all), &view)?.checked())
        })?;
        drop(guard);
        // Texts of releases that were purged while this server was not running.
        let mut dead = self.snapshot().index().segments.dead_keys()?;
        dead.sort_unstable();
        for keys in dead.chunks(MAX_PER_STATEMENT) {
            if count(self.db.reader(), keys).await? < keys.len() as u64 {
                self.indexer.note_purge();
            }
        }
        let pending = view.index().pending().len();
        if pending > MAX_BY_SEARCH {
            tracing::info!(documents = pending, "building the search index");
        }
        Ok(())
    }

    /// Rebuilds the whole index in its folder. `on_progress` is called with the number of pending documents. Fails
    /// if a server uses the folder. Returns the number of documents.
    pub async fn rebuild_index(&self, mut on_progress: impl FnMut(usize)) -> Result<u64, RebuildError> {
        let IndexLocation::Folder(folder) = self.indexer.location.clone() else { return Err(RebuildError::NoFolder) };
        let opened = blocking::run(move || {
            let storage = Storage::open(&folder)?;
            storage.clear()?;
            Ok::<_, IndexError>(storage)
        });
        let storage = Arc::new(opened.await.map_err(MaintenanceError::from)?);
        let work = async {
            self.build_pending(&storage).await?;
            self.merge(&storage).await
        };
        tokio::pin!(work);
        let mut ticks = tokio::time::interval(PROGRESS_INTERVAL);
        loop {
            tokio::select! {
                result = &mut work => break result?,
                _ = ticks.tick() => on_progress(self.snapshot().index().pending().len()),
            }
        }
        Ok(self.snapshot().index().segments.alive())
    }

    /// Indexes all pending documents.
    async fn build_pending(&self, storage: &Arc<Storage>) -> Result<(), MaintenanceError> {
        while !self.snapshot().index().pending().is_empty() {
            let started = std::time::Instant::now();
            let mut keys: Vec<Key> = self.snapshot().index().pending().keys().copied().collect();
            // Ids of revisions ascend with time, so neighbours in the database are read together.
            keys.sort_unstable();
            let total = keys.len();
            let chunks: VecDeque<Vec<Key>> = keys.chunks(MAX_PER_STATEMENT).map(<[Key]>::to_vec).collect();
            let (all, chunks) = (chunks.len(), Mutex::new(chunks));
            let threads = if total > MAX_PER_STATEMENT { THREADS } else { 1 };
            let builders = join_all((0..threads).map(|_| self.build_chunks(storage, &chunks)));
            tokio::pin!(builders);
            let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + LOG_INTERVAL, LOG_INTERVAL);
            let results = loop {
                tokio::select! {
                    results = &mut builders => break results,
                    _ = ticks.tick() => {
                        let left = chunks.lock().unwrap_or_else(PoisonError::into_inner).len();
                        tracing::info!(percent = (all - left) * 100 / all, "building the search index");
                    }
                }
            };
            results.into_iter().collect::<Result<(), _>>()?;
            if total > MAX_BY_SEARCH {
                let seconds = started.elapsed().as_secs();
                tracing::info!(documents = total, seconds, "the search index is complete");
            }
        }
        Ok(())
    }

    /// Builds segments from chunks of keys until there are no more chunks.
    async fn build_chunks(
        &self,
        storage: &Arc<Storage>,
        chunks: &Mutex<VecDeque<Vec<Key>>>,
    ) -> Result<(), MaintenanceError> {
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(mut chunk) = next() else { return Ok(()) };
        loop {
            let opened = storage.clone();
            let mut segment = blocking::run(move || opened.begin_segment()).await?;
            let mut keys = Vec::new();
            let more = loop {
                let documents = read(self.db.reader(), &chunk).await?;
                keys.append(&mut chunk);
                segment = blocking::run(move || {
                    documents.into_iter().try_for_each(|document| segment.builder.add(&as_plain_text(document)))?;
                    Ok::<_, IndexError>(segment)
                })
                .await?;
                match next() {
                    Some(next) => chunk = next,
                    None => break false,
                }
                if segment.builder.memory() > SEGMENT_MEMORY {
                    break true;
                }
            };
            let finishing = storage.clone();
            let segment = blocking::run(move || finishing.finish_segment(segment, &HashMap::new())).await?;
            let _guard = self.apply_lock.lock().await;
            self.update_index(|index| index.with_indexed(&segment, &keys))?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Writes segments in memory to disk and merges segments, until there is nothing to merge.
    async fn merge(&self, storage: &Arc<Storage>) -> Result<(), MaintenanceError> {
        let purge = self.indexer.take_purge();
        while let Some(inputs) = self.snapshot().index().segments.plan_merge(storage, purge) {
            let merging = storage.clone();
            let merge = blocking::run(move || Merge::run(&merging, inputs)).await?;
            {
                let _guard = self.apply_lock.lock().await;
                self.update_index(|index| {
                    let mut next = index.without_results();
                    merge.complete(&mut next.segments);
                    Ok(next)
                })?;
            }
            let segments = self.snapshot().index().segments.clone();
            blocking::run(move || merge.remove_unused(&segments)).await?;
        }
        Ok(())
    }
}

/// Builds a segment in memory.
fn build_in_memory(documents: Vec<Document>) -> Result<Segment, IndexError> {
    let mut builder = SegmentBuilder::in_memory()?;
    documents.into_iter().try_for_each(|document| builder.add(&as_plain_text(document)))?;
    builder.finish(&HashMap::new())
}
