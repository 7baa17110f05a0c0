//! What a query costs: one for every field, times the size of every list it lies in.

use crate::newsroom::page::{DEFAULT_SIZE, MAX_SIZE};

/// A query may cost this much at most.
pub const MAX_COST: usize = 20_000;

/// Selections may be nested this deep at most; the standard introspection query needs 13.
pub const MAX_DEPTH: usize = 20;

/// The cost of a page: the list itself and its entries. Whatever the arguments say, never less than an empty page nor more
/// than the largest, and no sum wraps.
pub fn page(first: Option<i32>, last: Option<i32>, entry: usize) -> usize {
    let size = first.max(last).unwrap_or(DEFAULT_SIZE).clamp(0, MAX_SIZE) as usize;
    size.saturating_mul(entry).saturating_add(1)
}

/// The cost of a list that is not paged, of at most `most` entries.
pub fn list(most: i32, entry: usize) -> usize {
    (most.clamp(0, MAX_SIZE) as usize).saturating_mul(entry).saturating_add(1)
}

/// What a release is taken to have of topics or places, on average, when a query is weighed.
pub const ASSIGNED: i32 = 4;
