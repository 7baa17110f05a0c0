//! The topics of a set: how many of its releases bear each one.

use std::{cmp::Reverse, sync::OnceLock};

use roaring::RoaringBitmap;

use super::{ReleaseSet, Snapshot, bits::Bits, filter::union};

/// Which topics to count and how.
#[derive(Clone, Debug)]
pub struct TopicFacetRequest {
    /// At most this many buckets.
    pub first: usize,
    /// Narrower topics count for the topic, each release once.
    pub roll_up: bool,
    /// Only the topics right below this one.
    pub under: Option<u32>,
}

/// Topics by number of releases, most first; ties by label.
#[derive(Clone, Debug)]
pub struct TopicFacet {
    /// The topics asked for.
    pub buckets: Vec<TopicBucket>,
    /// How many topics have a release, also those not returned.
    pub distinct_values: u64,
    /// Releases with no topic here.
    pub missing: u64,
    /// Releases with a topic, none of which was returned.
    pub other: u64,
    /// Whether one release can fall in several buckets. Always, with topics.
    pub overlapping: bool,
}

/// One topic of a facet.
#[derive(Clone, Debug)]
pub struct TopicBucket {
    /// Its number.
    pub topic: u32,
    /// Releases that bear it; rolled up, it or a narrower one, each once.
    pub count: u64,
    /// Releases that bear exactly it.
    pub direct_count: u64,
    /// Count as a part of the set, 0 to 1.
    pub share: f64,
}

impl Snapshot {
    /// The releases that bear a topic or a narrower one; worked out once for a snapshot.
    pub(super) fn rolled_up(&self, topic: u32) -> Bits {
        let memo = self.memo.rolled_up.get_or_init(|| (0..self.topics().len()).map(|_| OnceLock::new()).collect());
        let bits = memo[topic as usize].get_or_init(|| {
            if self.topics().narrower(topic).is_empty() {
                return self.by_topic.get(topic).cloned().unwrap_or_default();
            }
            Bits::new(union(&self.by_topic, self.topics().closure(topic)))
        });
        bits.clone()
    }
}

impl ReleaseSet {
    /// The topics of the set.
    ///
    /// Cost: one intersection a topic; the set itself where it is small. No statement.
    pub fn topic_facet(&self, request: &TopicFacetRequest) -> TopicFacet {
        let (snapshot, topics) = (self.snapshot(), self.snapshot().topics());
        let candidates: Vec<u32> = match request.under {
            Some(topic) => topics.narrower(topic).to_vec(),
            None => (0..topics.len() as u32).collect(),
        };
        let direct = |topic: u32| snapshot.by_topic.get(topic).map_or(0, |bits| self.bits.intersection_len(bits));
        let whole = |topic: u32| {
            if request.roll_up { Some(snapshot.rolled_up(topic)) } else { snapshot.by_topic.get(topic).cloned() }
        };
        let mut counted: Vec<(u32, u64)> = candidates
            .iter()
            .map(|&topic| (topic, whole(topic).map_or(0, |bits| self.bits.intersection_len(&bits))))
            .filter(|&(_, count)| count > 0)
            .collect();
        counted.sort_unstable_by_key(|&(topic, count)| (Reverse(count), topics.label_rank(topic)));
        let reached = |some: &[(u32, u64)]| {
            let mut all = RoaringBitmap::new();
            for bits in some.iter().filter_map(|&(topic, _)| whole(topic)) {
                all |= &*bits;
            }
            all.intersection_len(&self.bits)
        };
        let distinct_values = counted.len() as u64;
        let with_value = match request.under {
            None => self.bits.intersection_len(&snapshot.with_topics),
            Some(_) => reached(&counted),
        };
        counted.truncate(request.first);
        let total = self.count();
        let buckets = counted
            .iter()
            .map(|&(topic, count)| TopicBucket {
                topic,
                count,
                direct_count: if request.roll_up { direct(topic) } else { count },
                share: if total == 0 { 0.0 } else { count as f64 / total as f64 },
            })
            .collect();
        TopicFacet {
            buckets,
            distinct_values,
            missing: total - with_value,
            other: with_value - reached(&counted),
            overlapping: true,
        }
    }
}
