//! Date index: one bitmap for each month of release dates, so that a date range is a union of months and two checked
//! ends.
//!
//! Small sets are scanned instead. Instants have no such index: a range of them is read from a sorted index. Months
//! before 1900 and after 2299 share the first and the last bitmap.

use std::ops::RangeInclusive;

use roaring::{MultiOps, RoaringBitmap};

use super::Snapshot;
use crate::catalog::{
    sort::OrderKey,
    store::{
        bitmap::{Candidates, SharedBitmap},
        units::{days, month},
    },
};

/// Up to this many releases each is looked at; a handful in tests, so that random newsrooms go both ways.
const MAX_LINEAR_SCAN: u64 = if cfg!(test) { 8 } else { 8192 };

impl Snapshot {
    /// Those of some releases whose date lies in a range of days.
    ///
    /// Cost: the members where they are few; else a union of the months in the range and a look at those of its two ends.
    pub(in crate::catalog) fn retain_dated(&self, candidates: &mut Candidates<'_>, span: &RangeInclusive<i64>) {
        if candidates.len() <= MAX_LINEAR_SCAN {
            *candidates = Candidates::from(self.members_in_range(candidates, OrderKey::ReleaseDate, span));
            return;
        }
        let clamped = |day: i64| {
            day.clamp(i64::from(days(chrono::NaiveDate::MIN)), i64::from(days(chrono::NaiveDate::MAX))) as i32
        };
        let (first, last) = (month(clamped(*span.start())), month(clamped(*span.end())));
        // Months beyond the last release have no set.
        let inner = (first + 1..last).map_while(|month| self.by_month.get(month)).map(|bitmap| &**bitmap);
        let mut in_range: RoaringBitmap = inner.union();
        for end in if first == last { vec![first] } else { vec![first, last] } {
            if let Some(bitmap) = self.by_month.get(end) {
                in_range |= self.members_in_range(bitmap, OrderKey::ReleaseDate, span);
            }
        }
        candidates.retain(&SharedBitmap::new(in_range));
        candidates.flush();
    }

    /// The members whose value lies in a range. Costs the size of the set or of the range, whichever is smaller.
    pub(in crate::catalog) fn members_in_range(
        &self,
        members: &RoaringBitmap,
        by: OrderKey,
        span: &RangeInclusive<i64>,
    ) -> RoaringBitmap {
        let sorted_index = self.sorted_index(by);
        let value = |ordinal: u32| self.sort_value(by, ordinal);
        // Dense sets: walk the range of the order, at most as far as the set is large.
        if members.len() > MAX_LINEAR_SCAN {
            let from = sorted_index.seek(|ordinal| value(ordinal).cmp(span.start()));
            let limit = members.len() as usize / 2;
            let ordinals: Vec<u32> = sorted_index
                .ascending_from(from)
                .take_while(|&ordinal| value(ordinal) <= *span.end())
                .take(limit)
                .collect();
            if ordinals.len() < limit {
                return members & ordinals.into_iter().collect::<RoaringBitmap>();
            }
        }
        members.iter().filter(|&ordinal| span.contains(&value(ordinal))).collect()
    }
}
