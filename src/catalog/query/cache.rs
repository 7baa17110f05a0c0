//! Query cache: results that are computed at most once for a snapshot.
//!
//! Holds roll-ups of topics, facet indexes, facet counts under filters, places near points, and month spans. The
//! cache belongs to one view of a snapshot and is dropped with it, so nothing is ever stale or invalidated. Sizes are
//! bounded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use chrono::NaiveDate;

use super::{
    facet_field::{FacetField, PlaceRoleFilter},
    facet_index::{FacetCounts, FacetIndex},
    filter::near::Near,
};
use crate::catalog::{snapshot::audience::Audience, store::bitmap::SharedBitmap};

/// The cached results of one snapshot.
#[derive(Debug, Default)]
pub(in crate::catalog) struct QueryCache {
    /// For each topic, the releases that have it or a narrower one.
    pub(in crate::catalog) rolled_up: OnceLock<Vec<OnceLock<SharedBitmap>>>,
    /// For each audience, the months of all visible releases.
    pub(in crate::catalog) month_spans: [OnceLock<Option<(NaiveDate, NaiveDate)>>; 3],
    /// For each audience, the day in UTC of the first publication.
    pub(in crate::catalog) first_publications: [OnceLock<Option<NaiveDate>>; 3],
    /// Facet indexes by field.
    pub(in crate::catalog) facet_indexes: Mutex<HashMap<FacetField, Arc<FacetIndex>>>,
    /// The releases of places near points, by latitude, longitude and kilometres as bits.
    pub(in crate::catalog) near: Mutex<HashMap<(PlaceRoleFilter, [u64; 3]), SharedBitmap>>,
    /// Facet counts of filtered sets, because dashboards repeat their queries.
    pub(in crate::catalog) counts: Mutex<HashMap<CountKey, Arc<FacetCounts>>>,
}

/// The key of a facet count: the field, the audience, and the text of the filter as written.
pub(in crate::catalog) type CountKey = (FacetField, Audience, String);

/// Maximum number of cached points.
const MAX_CACHED_POINTS: usize = 100;

/// Maximum number of cached counts, a few kilobytes each.
const MAX_CACHED_COUNTS: usize = 1000;

impl QueryCache {
    /// The releases of places near a point, from the cache or computed now.
    pub(in crate::catalog) fn near_or_insert(
        &self,
        role: PlaceRoleFilter,
        point: &Near,
        compute: impl FnOnce() -> SharedBitmap,
    ) -> SharedBitmap {
        let key = (role, [point.latitude, point.longitude, point.kilometres].map(f64::to_bits));
        let locked = || self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = locked().get(&key) {
            return cached.clone();
        }
        let bitmap = compute();
        let mut entries = locked();
        if entries.len() < MAX_CACHED_POINTS {
            entries.insert(key, bitmap.clone());
        }
        bitmap
    }

    /// A facet count, from the cache or computed now.
    pub(in crate::catalog) fn count_or_insert(
        &self,
        key: CountKey,
        count: impl FnOnce() -> FacetCounts,
    ) -> Arc<FacetCounts> {
        let locked = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = locked().get(&key) {
            return cached.clone();
        }
        // Counted without holding the lock: two threads may count the same, which costs less than waiting.
        let counts = Arc::new(count());
        let mut entries = locked();
        if entries.len() < MAX_CACHED_COUNTS {
            entries.insert(key, counts.clone());
        }
        counts
    }
}
