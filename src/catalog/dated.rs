//! Releases by date: one set a month, so that a range of dates is a few sets and two ends.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use roaring::{MultiOps, RoaringBitmap};

use super::{
    OrderKey, ReleaseSet, Snapshot,
    bits::{Bits, Kept},
    snapshot::{NEVER, date, days, instant},
};

/// The first year that has months of its own; everything before is with its first month, everything after the last with that.
const FIRST_YEAR: i32 = 1900;
const MONTHS: i32 = 400 * 12;

/// Up to this many releases each is looked at; a handful in tests, so that random newsrooms go both ways.
pub(super) const FEW: u64 = if cfg!(test) { 8 } else { 8192 };

/// The number of the month that a day lies in: 0 is January 1900 and all before.
pub(super) fn month(day: i32) -> u32 {
    let date = date(day);
    let month = (date.year() - FIRST_YEAR) * 12 + date.month0() as i32;
    month.clamp(0, MONTHS - 1).unsigned_abs()
}

impl ReleaseSet {
    /// From the first day of the month of its earliest release date to the last day of the month of its latest; none of an empty
    /// set. Up to January 1900 and from December 2299 it is the exact day.
    pub fn months(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self.whole_of() {
            Some(audience) => *self.snapshot().memo.months[audience as usize].get_or_init(|| self.find_months()),
            None => self.find_months(),
        }
    }

    fn find_months(&self) -> Option<(NaiveDate, NaiveDate)> {
        let table = &self.snapshot().by_month;
        let has = |month: &u32| table.get(*month).is_some_and(|bits| !self.bits.is_disjoint(bits));
        let first = (0..table.len()).find(has)?;
        let last = (first..table.len()).rev().find(has)?;
        let day = |month: u32| NaiveDate::from_ymd_opt(FIRST_YEAR + month as i32 / 12, month % 12 + 1, 1);
        // The first and the last bitmap also hold everything before and after; few releases are that old or that late.
        let days = |month: u32| {
            let bits = table.get(month).map(|bits| &*self.bits & &**bits).unwrap_or_default();
            bits.into_iter().map(|row| date(self.snapshot().order_value(OrderKey::ReleaseDate, row) as i32))
        };
        let from = if first == 0 { days(first).min()? } else { day(first)? };
        let until = if last == MONTHS as u32 - 1 { days(last).max()? } else { day(last + 1)?.pred_opt()? };
        Some((from, until))
    }

    /// The day in UTC on which the first of it was published; none where nothing of it ever was.
    ///
    /// Cost: one look at each release; of all that an audience may see, once a snapshot.
    pub fn first_publication(&self) -> Option<NaiveDate> {
        let find = || {
            let published = |row| self.snapshot().order_value(OrderKey::PublishedAt, row);
            let first = self.rows().map(published).filter(|&at| at != NEVER).min()?;
            Some(instant(first)?.date_naive())
        };
        match self.whole_of() {
            Some(audience) => *self.snapshot().memo.publications[audience as usize].get_or_init(find),
            None => find(),
        }
    }
}

impl Snapshot {
    /// Those of some releases whose date lies in a range of days.
    ///
    /// Cost: the members where they are few; else a union of the months in the range and a look at those of its two ends.
    pub(super) fn only_dated(&self, kept: &mut Kept<'_>, span: &RangeInclusive<i64>) {
        if kept.len() <= FEW {
            *kept = Kept::from(self.between(kept, OrderKey::ReleaseDate, span));
            return;
        }
        let clamped = |day: i64| {
            day.clamp(i64::from(days(chrono::NaiveDate::MIN)), i64::from(days(chrono::NaiveDate::MAX))) as i32
        };
        let (first, last) = (month(clamped(*span.start())), month(clamped(*span.end())));
        // Months beyond the last release have no set.
        let inner = (first + 1..last).map_while(|month| self.by_month.get(month)).map(|bits| &**bits);
        let mut found: RoaringBitmap = inner.union();
        for end in if first == last { vec![first] } else { vec![first, last] } {
            if let Some(bits) = self.by_month.get(end) {
                found |= self.between(bits, OrderKey::ReleaseDate, span);
            }
        }
        kept.only(&Bits::new(found));
        kept.settle();
    }
}
