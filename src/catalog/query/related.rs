//! Related releases: the releases that share the most topics and places with a given release.
//!
//! Each shared topic or place has a weight: its inverse document frequency (Robertson and Spärck Jones, with the
//! constant of BM25 that keeps it positive). The weight is ln(1 + (N - n + 0.5) / (n + 0.5)), where N is the number
//! of releases in the set and n is the number of them that have the topic or place. Weights are converted to
//! integers, so ties are exact.

use std::{cmp::Reverse, collections::HashMap};

use super::{facet_field::PlaceRoleFilter, handle::Handle, release_set::ReleaseSet};
use crate::catalog::store::bitmap::SharedBitmap;

/// Factor that converts weights to integers. The sum of integers does not depend on their order, so ties are exact.
const WEIGHT_SCALE: f64 = 4_294_967_296.0;

impl ReleaseSet {
    /// Returns the `first` releases of the set that share the most topics and places with `item`. Ties are ordered by
    /// the later release date, then by id. A place counts once, even if the release was filed in it and is also about
    /// it. The rarest topics and places are scanned first, until no further release can be among the best. Executes
    /// no SQL statement.
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
                // A release that shares only the topics and places not scanned yet cannot be among the best.
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
