//! Answers worked out once for a snapshot and kept with it. They die with it, so they can never be stale.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use chrono::NaiveDate;

use super::{
    Audience, Near,
    bits::Bits,
    condition::RoleOfPlace,
    tally::{Counts, FacetField, Tally},
};

/// What is worked out at most once.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// For each topic the releases that bear it or a narrower one.
    pub(super) rolled_up: OnceLock<Vec<OnceLock<Bits>>>,
    /// The months of everything that each audience may see.
    pub(super) months: [OnceLock<Option<(NaiveDate, NaiveDate)>>; 3],
    /// The day in UTC of the first publication of everything that each audience may see.
    pub(super) publications: [OnceLock<Option<NaiveDate>>; 3],
    /// What counts for which value, by facet field.
    pub(super) tallies: Mutex<HashMap<FacetField, Arc<Tally>>>,
    /// The releases of places near points: latitude, longitude and kilometres, bit by bit.
    pub(super) near: Mutex<HashMap<(RoleOfPlace, [u64; 3]), Bits>>,
    /// Counts of what viewers may see under a filter: a dashboard is asked again and again.
    pub(super) counts: Mutex<HashMap<Question, Arc<Counts>>>,
}

/// A count of a facet: the field, for whom, and the text of the filter as written.
pub(super) type Question = (FacetField, Audience, String);

/// Points that are kept at most.
const MOST_POINTS: usize = 100;

/// Counts that are kept at most; some kilobytes each.
const MOST: usize = 1000;

impl Memo {
    /// The releases of places near a point that were found before, or are found now.
    pub(super) fn near(&self, role: RoleOfPlace, point: &Near, find: impl FnOnce() -> Bits) -> Bits {
        let key = (role, [point.latitude, point.longitude, point.kilometres].map(f64::to_bits));
        let locked = || self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().get(&key) {
            return known.clone();
        }
        let bits = find();
        let mut all = locked();
        if all.len() < MOST_POINTS {
            all.insert(key, bits.clone());
        }
        bits
    }

    /// A count that was made before, or is made now.
    pub(super) fn counted(&self, question: Question, count: impl FnOnce() -> Counts) -> Arc<Counts> {
        let locked = || self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = locked().get(&question) {
            return known.clone();
        }
        // Counted without the lock: two at a time may do the same, which costs less than waiting.
        let counts = Arc::new(count());
        let mut all = locked();
        if all.len() < MOST {
            all.insert(question, counts.clone());
        }
        counts
    }
}

impl Clone for Memo {
    /// A copied snapshot is about to change: it begins without answers.
    fn clone(&self) -> Self {
        Self::default()
    }
}
