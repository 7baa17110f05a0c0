//! View: a snapshot with the cache of its query results; what a request pins.
//!
//! Dereferences to the snapshot. `View::at` applies scheduled transitions that are due, with a new cache if any was.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use chrono::{DateTime, Utc};
use roaring::RoaringBitmap;

use super::{cache::QueryCache, facet_field::PlaceRoleFilter};
use crate::catalog::{snapshot::Snapshot, store::bitmap::SharedBitmap};

/// A snapshot and the cache of its query results.
#[derive(Debug)]
pub struct View {
    snapshot: Snapshot,
    pub(in crate::catalog) cache: QueryCache,
}

impl From<Snapshot> for View {
    /// A view with an empty cache.
    fn from(snapshot: Snapshot) -> Self {
        Self { snapshot, cache: QueryCache::default() }
    }
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl View {
    /// The view at an instant, with all due transitions applied. Costs nothing if nothing is due, otherwise as much
    /// as applying as many journal entries.
    #[must_use]
    pub fn at(self: &Arc<Self>, now: DateTime<Utc>) -> Arc<Self> {
        match self.snapshot.with_due_applied(now) {
            None => self.clone(),
            Some(next) => Arc::new(Self::from(next)),
        }
    }

    /// The releases that have a topic or a narrower one; computed once per snapshot.
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

    /// The releases that have one of some places in a role. For one place in one role nothing is computed.
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

    /// The releases that have any place in a role.
    pub(in crate::catalog) fn with_any_place(&self, role: PlaceRoleFilter) -> SharedBitmap {
        match role {
            PlaceRoleFilter::Dateline => self.with_dateline.clone(),
            PlaceRoleFilter::About => self.with_about.clone(),
            PlaceRoleFilter::Any => SharedBitmap::new(&*self.with_dateline | &*self.with_about),
        }
    }
}
