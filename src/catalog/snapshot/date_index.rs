//! Date index: one bitmap for each month of release dates, so that a date range is a union of months and
//! two checked ends.
//!
//! Small sets are scanned instead. Instants have no such index: a range of instants is read from a sorted index.
//! Dates before 1900 share the first bitmap, and dates after 2299 share the last.

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

/// Sets of at most this many releases are scanned. The limit is small in tests, so that random newsrooms use
/// both strategies.
const MAX_LINEAR_SCAN: u64 = if cfg!(test) { 8 } else { 8192 };

impl Snapshot {
    /// Keeps the candidates whose release date is in a range of days.
    ///
    /// Cost: the number of candidates if there are few; otherwise the union of the months in the range, and a check
    /// of the two months at its ends.
    pub(in crate::catalog) fn retain_dated(&self, candidates: &mut Candidates<'_>, span: &RangeInclusive<i64>) {
        if candidates.len() <= MAX_LINEAR_SCAN {
            *candidates = Candidates::from(self.members_in_range(candidates, OrderKey::ReleaseDate, span));
            return;
        }
        let clamped = |day: i64| {
            day.clamp(i64::from(days(chrono::NaiveDate::MIN)), i64::from(days(chrono::NaiveDate::MAX))) as i32
        };
        let (first, last) = (month(clamped(*span.start())), month(clamped(*span.end())));
        // Months after that of the latest release have no bitmap.
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

    /// Returns the members whose sort value is in a range. Cost: the size of the set, or the size of the range if the
    /// set is large and the range has less than half as many releases.
    pub(in crate::catalog) fn members_in_range(
        &self,
        members: &RoaringBitmap,
        by: OrderKey,
        span: &RangeInclusive<i64>,
    ) -> RoaringBitmap {
        let sorted_index = self.sorted_index(by);
        let value = |ordinal: u32| self.sort_value(by, ordinal);
        // For a large set, read the range from the sorted index. Give up after half as many releases as the set has.
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
