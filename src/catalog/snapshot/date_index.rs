//! Date index: one bitmap for each month of release dates, so that a date range is a union of months and two checked
//! ends.
//!
//! Small sets are scanned instead. Also answers the first and last month of a set and the day of its first publication,
//! which bound the cost of a timeline. Months before 1900 and after 2299 share the first and the last bitmap.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use roaring::{MultiOps, RoaringBitmap};

use super::{NEVER, date, days, instant};
use crate::catalog::{
    OrderKey, ReleaseSet, Snapshot,
    store::bitmap::{Candidates, SharedBitmap},
};

/// The first year that has months of its own; everything before is with its first month, everything after the last with that.
const FIRST_YEAR: i32 = 1900;
const MONTHS: i32 = 400 * 12;

/// Up to this many releases each is looked at; a handful in tests, so that random newsrooms go both ways.
pub(in crate::catalog) const MAX_LINEAR_SCAN: u64 = if cfg!(test) { 8 } else { 8192 };

/// The number of the month that a day lies in: 0 is January 1900 and all before.
pub(in crate::catalog) fn month(day: i32) -> u32 {
    let date = date(day);
    let month = (date.year() - FIRST_YEAR) * 12 + date.month0() as i32;
    month.clamp(0, MONTHS - 1).unsigned_abs()
}

impl ReleaseSet {
    /// From the first day of the month of its earliest release date to the last day of the month of its latest; none of an empty
    /// set. Up to January 1900 and from December 2299 it is the exact day.
    pub fn month_span(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self.complete_for() {
            Some(audience) => {
                *self.snapshot().cache.month_spans[audience as usize].get_or_init(|| self.compute_month_span())
            }
            None => self.compute_month_span(),
        }
    }

    fn compute_month_span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let table = &self.snapshot().by_month;
        let has = |month: &u32| table.get(*month).is_some_and(|bitmap| !self.members.is_disjoint(bitmap));
        let first = (0..table.len()).find(has)?;
        let last = (first..table.len()).rev().find(has)?;
        let day = |month: u32| NaiveDate::from_ymd_opt(FIRST_YEAR + month as i32 / 12, month % 12 + 1, 1);
        // The first and the last bitmap also hold everything before and after; few releases are that old or that late.
        let release_days = |month: u32| {
            let bitmap = table.get(month).map(|bitmap| &*self.members & &**bitmap).unwrap_or_default();
            bitmap.into_iter().map(|ordinal| date(self.snapshot().sort_value(OrderKey::ReleaseDate, ordinal) as i32))
        };
        let from = if first == 0 { release_days(first).min()? } else { day(first)? };
        let until = if last == MONTHS as u32 - 1 { release_days(last).max()? } else { day(last + 1)?.pred_opt()? };
        Some((from, until))
    }

    /// The day in UTC on which the first of it was published; none where nothing of it ever was.
    ///
    /// Cost: one look at each release; of all that an audience may see, once a snapshot.
    pub fn first_publication(&self) -> Option<NaiveDate> {
        let compute = || {
            let published = |ordinal| self.snapshot().sort_value(OrderKey::PublishedAt, ordinal);
            let first = self.ordinals().map(published).filter(|&at| at != NEVER).min()?;
            Some(instant(first)?.date_naive())
        };
        match self.complete_for() {
            Some(audience) => *self.snapshot().cache.first_publications[audience as usize].get_or_init(compute),
            None => compute(),
        }
    }
}

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
}
