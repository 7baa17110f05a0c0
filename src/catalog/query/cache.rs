//! Query cache: results that are computed at most once for a snapshot.
//!
//! Holds roll-ups of topics, facet indexes, facet counts under filters, places near points, month spans. The cache
//! belongs to one view of a snapshot and is dropped with it, so nothing is ever stale or invalidated. Sizes are
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

/// What is worked out at most once.
#[derive(Debug, Default)]
pub(in crate::catalog) struct QueryCache {
    /// For each topic the releases that bear it or a narrower one.
    pub(in crate::catalog) rolled_up: OnceLock<Vec<OnceLock<SharedBitmap>>>,
    /// The months of everything that each audience may see.
    pub(in crate::catalog) month_spans: [OnceLock<Option<(NaiveDate, NaiveDate)>>; 3],
    /// The day in UTC of the first publication of everything that each audience may see.
    pub(in crate::catalog) first_publications: [OnceLock<Option<NaiveDate>>; 3],
    /// What counts for which value, by facet field.
    pub(in crate::catalog) facet_indexes: Mutex<HashMap<FacetField, Arc<FacetIndex>>>,
    /// The releases of places near points: latitude, longitude and kilometres, bit by bit.
    pub(in crate::catalog) near: Mutex<HashMap<(PlaceRoleFilter, [u64; 3]), SharedBitmap>>,
    /// Counts of what viewers may see under a filter: a dashboard is asked again and again.
    pub(in crate::catalog) counts: Mutex<HashMap<CountKey, Arc<FacetCounts>>>,
}

/// A count of a facet: the field, for whom, and the text of the filter as written.
pub(in crate::catalog) type CountKey = (FacetField, Audience, String);

/// Points that are kept at most.
const MAX_CACHED_POINTS: usize = 100;

/// Counts that are kept at most; some kilobytes each.
const MAX_CACHED_COUNTS: usize = 1000;

impl QueryCache {
    /// The releases of places near a point that were found before, or are found now.
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

    /// A count that was made before, or is made now.
    pub(in crate::catalog) fn count_or_insert(
        &self,
        key: CountKey,
        count: impl FnOnce() -> FacetCounts,
    ) -> Arc<FacetCounts> {
        let locked = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = locked().get(&key) {
            return cached.clone();
        }
        // Counted without the lock: two at a time may do the same, which costs less than waiting.
        let counts = Arc::new(count());
        let mut entries = locked();
        if entries.len() < MAX_CACHED_COUNTS {
            entries.insert(key, counts.clone());
        }
        counts
    }
}
