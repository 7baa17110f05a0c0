//! Date index: one bitmap of releases for each month of release dates. A range of dates is the union of the months
//! inside the range and of the matching releases in its first and last month.
//!
//! A small set is scanned instead, without the date index. Instants have no such index: a range of instants is read
//! from a sorted index. All dates before February 1900 share the first bitmap, and all dates after November 2299
//! share the last bitmap.

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

/// Sets with at most this many releases are scanned. The number is small in tests, so random newsrooms use both
/// strategies.
const MAX_LINEAR_SCAN: u64 = if cfg!(test) { 8 } else { 8192 };

impl Snapshot {
    /// Keeps the candidates whose release date is in a range of day numbers.
    ///
    /// Cost: one step per candidate if there are few candidates. Otherwise the cost is the union of the months inside
    /// the range, and a check of the releases in the first and last month.
    pub(in crate::catalog) fn retain_dated(&self, candidates: &mut Candidates<'_>, span: &RangeInclusive<i64>) {
        if candidates.len() <= MAX_LINEAR_SCAN {
            *candidates = Candidates::from(self.members_in_range(candidates, OrderKey::ReleaseDate, span));
            return;
        }
        let clamped = |day: i64| {
            day.clamp(i64::from(days(chrono::NaiveDate::MIN)), i64::from(days(chrono::NaiveDate::MAX))) as i32
        };
        let (first, last) = (month(clamped(*span.start())), month(clamped(*span.end())));
        // Months after the month of the latest release have no bitmap.
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

    /// Returns the members of a set whose sort value is in a range. Cost: one step per member. If the set is large
    /// and the range has less than half as many releases as the set, the cost is one step per release in the range.
    pub(in crate::catalog) fn members_in_range(
        &self,
        members: &RoaringBitmap,
        by: OrderKey,
        span: &RangeInclusive<i64>,
    ) -> RoaringBitmap {
        let value = |ordinal: u32| self.sort_value(by, ordinal);
        if members.len() > MAX_LINEAR_SCAN && !self.is_wide_range(members, by, span) {
            let sorted_index = self.sorted_index(by);
            let from = sorted_index.seek(|ordinal| value(ordinal).cmp(span.start()));
            let in_range = sorted_index.ascending_from(from).take_while(|&ordinal| value(ordinal) <= *span.end());
            return members & in_range.collect::<RoaringBitmap>();
        }
        members.iter().filter(|&ordinal| span.contains(&value(ordinal))).collect()
    }

    /// Returns whether at least half as many releases are in a range as a set has. Then it is faster to scan the set
    /// than to read the range from the sorted index.
    pub(in crate::catalog) fn is_wide_range(
        &self,
        members: &RoaringBitmap,
        by: OrderKey,
        span: &RangeInclusive<i64>,
    ) -> bool {
        let sorted_index = self.sorted_index(by);
        let rank =
            |bound: i64| sorted_index.rank(sorted_index.seek(|ordinal| self.sort_value(by, ordinal).cmp(&bound)));
        let in_range = rank(span.end().saturating_add(1)).saturating_sub(rank(*span.start()));
        in_range as u64 >= members.len() / 2
    }
}
