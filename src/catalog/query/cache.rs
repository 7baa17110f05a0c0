//! Query cache: results that are computed at most once per snapshot.
//!
//! The cache holds roll-ups of topics, facet indexes, facet counts under filters, places near points, and date spans.
//! It belongs to one view of a snapshot and is dropped with that view, so a cached result never becomes stale. The
//! number of entries is limited.

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

/// The cached query results of one snapshot.
#[derive(Debug, Default)]
pub(in crate::catalog) struct QueryCache {
    /// For each topic, the releases that have this topic or a narrower topic.
    pub(in crate::catalog) rolled_up: OnceLock<Vec<OnceLock<SharedBitmap>>>,
    /// For each audience, the first and last day of the months in which its visible releases are dated.
    pub(in crate::catalog) month_spans: [OnceLock<Option<(NaiveDate, NaiveDate)>>; 3],
    /// For each audience, the day (in UTC) of the first publication of a visible release.
    pub(in crate::catalog) first_publications: [OnceLock<Option<NaiveDate>>; 3],
    /// Facet indexes, by the field that the facet counts by.
    pub(in crate::catalog) facet_indexes: Mutex<HashMap<FacetField, Arc<FacetIndex>>>,
    /// The releases with a place near a point. The key contains the bits of latitude, longitude and kilometres.
    pub(in crate::catalog) near: Mutex<HashMap<(PlaceRoleFilter, [u64; 3]), SharedBitmap>>,
    /// Facet counts of filtered release sets. They are cached because dashboards repeat their queries.
    pub(in crate::catalog) counts: Mutex<HashMap<CountKey, Arc<FacetCounts>>>,
}

/// Key of cached facet counts: the field, the audience, and the filter as JSON text.
pub(in crate::catalog) type CountKey = (FacetField, Audience, String);

/// Maximum number of points whose releases are cached.
const MAX_CACHED_POINTS: usize = 100;

/// Maximum number of cached facet counts. Each takes a few kilobytes.
const MAX_CACHED_COUNTS: usize = 1000;

impl QueryCache {
    /// Returns the releases with a place near a point from the cache, or computes them and adds them to the cache.
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

    /// Returns facet counts from the cache, or computes them and adds them to the cache.
    pub(in crate::catalog) fn count_or_insert(
        &self,
        key: CountKey,
        count: impl FnOnce() -> FacetCounts,
    ) -> Arc<FacetCounts> {
        let locked = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = locked().get(&key) {
            return cached.clone();
        }
        // The lock is not held while counting. Two threads may then count the same, which costs less than waiting.
        let counts = Arc::new(count());
        let mut entries = locked();
        if entries.len() < MAX_CACHED_COUNTS {
            entries.insert(key, counts.clone());
        }
        counts
    }
}
