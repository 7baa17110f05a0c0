//! View: a snapshot together with the cache of its query results. A request pins one view.
//!
//! A view dereferences to its snapshot. `View::at` returns a view in which due scheduled transitions are applied.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use roaring::RoaringBitmap;
use search::IndexError;

use super::{cache::QueryCache, facet_field::PlaceRoleFilter, search::index_state::IndexState};
use crate::catalog::{snapshot::Snapshot, store::bitmap::SharedBitmap};

/// A snapshot and the cache of its query results.
#[derive(Debug)]
pub struct View {
    snapshot: Snapshot,
    /// The search index. It can be replaced while the view is used, when pending documents are indexed.
    index: ArcSwap<IndexState>,
    pub(in crate::catalog) cache: QueryCache,
}

impl From<Snapshot> for View {
    /// Creates a view with an empty cache and an empty search index.
    fn from(snapshot: Snapshot) -> Self {
        let index = IndexState::empty(&snapshot);
        Self::new(snapshot, index)
    }
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl View {
    /// Creates a view with an empty cache.
    pub(in crate::catalog) fn new(snapshot: Snapshot, index: IndexState) -> Self {
        Self { snapshot, index: ArcSwap::from_pointee(index), cache: QueryCache::default() }
    }

    /// Returns the search index of this view.
    pub(in crate::catalog) fn index(&self) -> Arc<IndexState> {
        self.index.load_full()
    }

    /// Replaces the search index of this view by another state that `update` derives from the present one. `update`
    /// is called again if the state changed meanwhile.
    pub(in crate::catalog) fn update_index(
        &self,
        update: impl Fn(&IndexState) -> Result<IndexState, IndexError>,
    ) -> Result<(), IndexError> {
        loop {
            let present = self.index();
            let next = Arc::new(update(&present)?);
            if Arc::ptr_eq(&self.index.compare_and_swap(&present, next), &present) {
                return Ok(());
            }
        }
    }

    /// Returns the view at an instant, with all due transitions applied. If no transition is due, returns this view
    /// at no cost. Otherwise returns a view with an empty cache, and each due transition costs as much as applying
    /// one journal entry.
    #[must_use]
    pub fn at(self: &Arc<Self>, now: DateTime<Utc>) -> Arc<Self> {
        match self.snapshot.with_due_applied(now) {
            None => self.clone(),
            Some(next) => Arc::new(Self::new(next, self.index().without_results())),
        }
    }

    /// Returns the releases that have a topic or a narrower topic. Computed once per snapshot.
    pub(in crate::catalog) fn rolled_up(&self, topic: u32) -> SharedBitmap {
        let cached = self.cache.rolled_up.get_or_init(|| (0..self.topics().len()).map(|_| OnceLock::new()).collect());
        let bitmap = cached[topic as usize].get_or_init(|| {
            if self.topics().narrower(topic).is_empty() {
                return self.by_topic.get(topic).cloned().unwrap_or_default();
            }
            SharedBitmap::new(self.by_topic.union(self.topics().closure(topic)))
        });
        bitmap.clone()
    }

    /// Returns the releases that have at least one of some places in a role. The bitmap of one place in one role
    /// exists already; other bitmaps are computed.
    pub(in crate::catalog) fn with_places(&self, role: PlaceRoleFilter, places: &RoaringBitmap) -> SharedBitmap {
        let table = match role {
            PlaceRoleFilter::Dateline => &self.by_dateline,
            PlaceRoleFilter::About => &self.by_about,
            PlaceRoleFilter::Any => {
                return SharedBitmap::new(self.by_dateline.union(places) | self.by_about.union(places));
            }
        };
        match (places.len(), places.min()) {
            (1, Some(place)) => table.get(place).cloned().unwrap_or_default(),
            _ => SharedBitmap::new(table.union(places)),
        }
    }

    /// Returns the releases that have any place in a role.
    pub(in crate::catalog) fn with_any_place(&self, role: PlaceRoleFilter) -> SharedBitmap {
        match role {
            PlaceRoleFilter::Dateline => self.with_dateline.clone(),
            PlaceRoleFilter::About => self.with_about.clone(),
            PlaceRoleFilter::Any => SharedBitmap::new(&*self.with_dateline | &*self.with_about),
        }
    }
}
