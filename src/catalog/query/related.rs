//! Related releases: those that share most topics and places with a given release.
//!
//! Each shared topic or place is weighted by its inverse document frequency (Robertson and Spärck Jones, with the
//! constant of BM25 that keeps it positive): ln(1 + (N - n + 0.5) / (n + 0.5)), where n of N releases have it. Weights
//! are integers, so ties are exact.

use std::{cmp::Reverse, collections::HashMap};

use super::{facet_field::PlaceRoleFilter, handle::Handle, release_set::ReleaseSet};
use crate::catalog::store::bitmap::SharedBitmap;

/// Weights are integers of this unit, so that sums do not depend on their order and ties are exact.
const WEIGHT_SCALE: f64 = 4_294_967_296.0;

impl ReleaseSet {
    /// The releases of the set that share the most topics and places with a release. Ties: the later release date,
    /// then the id. A place counts once, whether filed from or about. The rarest values are scanned first, until no
    /// new release can be among the best. No SQL statement.
    pub fn related(&self, item: &Handle, first: usize) -> Vec<Handle> {
        let snapshot = self.snapshot();
        let all = self.count() as f64;
        let mut places: Vec<u32> = item.dateline().iter().chain(item.about()).copied().collect();
        places.sort_unstable();
        places.dedup();
        let topics = item.topics().iter().filter_map(|&topic| snapshot.by_topic.get(topic).cloned());
        let places = places.into_iter().map(|place| snapshot.with_places(PlaceRoleFilter::Any, &[place].into()));
        let mut shared: Vec<(u64, SharedBitmap)> = topics
            .chain(places)
            .map(|bitmap| {
                let frequency = self.members.intersection_len(&bitmap) as f64;
                (((1.0 + (all - frequency + 0.5) / (frequency + 0.5)).ln() * WEIGHT_SCALE) as u64, bitmap)
            })
            .collect();
        shared.sort_by_key(|(weight, _)| Reverse(*weight));
        let mut scores: HashMap<u32, u64> = HashMap::new();
        for (index, (weight, bitmap)) in shared.iter().enumerate() {
            let remaining: u64 = shared[index..].iter().map(|(weight, _)| weight).sum();
            if scores.values().filter(|&&score| score > remaining).count() >= first {
                // A release that shares only the remaining values cannot be among the best any more.
                for (ordinal, score) in &mut scores {
                    let unscanned = shared[index..].iter().filter(|(_, bitmap)| bitmap.contains(*ordinal));
                    *score += unscanned.map(|(weight, _)| weight).sum::<u64>();
                }
                break;
            }
            for ordinal in (&*self.members & &**bitmap).iter().filter(|&ordinal| ordinal != item.ordinal()) {
                *scores.entry(ordinal).or_default() += weight;
            }
        }
        let mut ranked: Vec<(u32, u64)> = scores.into_iter().collect();
        let rank_key =
            |&(ordinal, score): &(u32, u64)| (score, *snapshot.release_dates.get(ordinal), self.id_of(ordinal));
        let by_score = |a: &(u32, u64), b: &(u32, u64)| rank_key(b).cmp(&rank_key(a));
        if ranked.len() > first && first > 0 {
            ranked.select_nth_unstable_by(first - 1, by_score);
        }
        ranked.truncate(first);
        ranked.sort_unstable_by(by_score);
        ranked.into_iter().map(|(ordinal, _)| self.handle(ordinal)).collect()
    }
}
