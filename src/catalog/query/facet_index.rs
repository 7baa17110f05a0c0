//! Data types of facet indexes and facet counts, which the query cache stores. `facet_counts` builds and uses them.

use std::sync::{Arc, OnceLock};

use super::facet_field::FacetField;
use crate::catalog::store::bitmap::SharedBitmap;

/// The values of a facet field in one snapshot, and the releases that count for each value.
#[derive(Debug)]
pub(in crate::catalog) struct FacetIndex {
    pub(in crate::catalog::query) field: FacetField,
    /// The values for which the facet can have a bucket.
    pub(in crate::catalog::query) bucket_values: Vec<u32>,
    /// `values[starts[n]..starts[n + 1]]` are the values that concept `n` counts for. Empty for kinds and languages.
    pub(in crate::catalog::query) starts: Vec<u32>,
    pub(in crate::catalog::query) values: Vec<u32>,
    /// For each value, the releases that count for it.
    pub(in crate::catalog::query) bitmaps: Vec<OnceLock<SharedBitmap>>,
    pub(in crate::catalog::query) with_value: OnceLock<SharedBitmap>,
    /// For each audience, the counts of all releases that the audience may see.
    pub(in crate::catalog::query) totals: [OnceLock<Arc<FacetCounts>>; 3],
}

/// The number of releases in a set for each value of a facet field.
#[derive(Debug)]
pub(in crate::catalog) struct FacetCounts {
    /// Number of releases, by value. 0 for values that have no bucket.
    pub(in crate::catalog::query) by_value: Vec<u64>,
    /// Number of releases that have at least one value.
    pub(in crate::catalog::query) with_value: u64,
}
