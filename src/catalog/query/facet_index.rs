//! Facet index and facet counts as data, as the cache stores them. `facet_counts` builds the index and counts.

use std::sync::{Arc, OnceLock};

use super::facet_field::FacetField;
use crate::catalog::store::bitmap::SharedBitmap;

/// The values of a facet field at one snapshot, and the releases that count for them.
#[derive(Debug)]
pub(in crate::catalog) struct FacetIndex {
    pub(in crate::catalog::query) field: FacetField,
    /// The values that can be buckets.
    pub(in crate::catalog::query) bucket_values: Vec<u32>,
    /// For each concept the values that it counts for: those of concept `n` are `values[starts[n]..starts[n + 1]]`.
    pub(in crate::catalog::query) starts: Vec<u32>,
    pub(in crate::catalog::query) values: Vec<u32>,
    /// For each value the releases that count for it.
    pub(in crate::catalog::query) bitmaps: Vec<OnceLock<SharedBitmap>>,
    pub(in crate::catalog::query) with_value: OnceLock<SharedBitmap>,
    /// Counts of all visible releases, by audience.
    pub(in crate::catalog::query) totals: [OnceLock<Arc<FacetCounts>>; 3],
}

/// Number of releases for each value.
#[derive(Debug)]
pub(in crate::catalog) struct FacetCounts {
    /// By value; zero for values that cannot be buckets.
    pub(in crate::catalog::query) by_value: Vec<u64>,
    /// Number of releases with any value.
    pub(in crate::catalog::query) with_value: u64,
}
