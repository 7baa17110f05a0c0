//! Facet index and facet counts as data, as the cache stores them. How they are built and counted is in `facet_counts`.

use std::sync::{Arc, OnceLock};

use super::facet_field::FacetField;
use crate::catalog::store::bitmap::SharedBitmap;

/// The values of a facet field and what counts for them, at one snapshot.
#[derive(Debug)]
pub(in crate::catalog) struct FacetIndex {
    pub(in crate::catalog::query) field: FacetField,
    /// The values there can be buckets of.
    pub(in crate::catalog::query) bucket_values: Vec<u32>,
    /// For each concept the values it counts for: those of concept `n` are `values[starts[n]..starts[n + 1]]`.
    pub(in crate::catalog::query) starts: Vec<u32>,
    pub(in crate::catalog::query) values: Vec<u32>,
    /// For each value the releases that count for it.
    pub(in crate::catalog::query) bitmaps: Vec<OnceLock<SharedBitmap>>,
    pub(in crate::catalog::query) with_value: OnceLock<SharedBitmap>,
    /// Counts of everything that each audience sees.
    pub(in crate::catalog::query) totals: [OnceLock<Arc<FacetCounts>>; 3],
}

/// The numbers of releases of a set for every value.
#[derive(Debug)]
pub(in crate::catalog) struct FacetCounts {
    /// By value; zero for what is no candidate.
    pub(in crate::catalog::query) by_value: Vec<u64>,
    /// Releases with any value.
    pub(in crate::catalog::query) with_value: u64,
}
