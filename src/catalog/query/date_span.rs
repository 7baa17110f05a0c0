//! Date span of a release set: first and last release date, first and last month, and day of the first publication.

use chrono::NaiveDate;

use super::release_set::ReleaseSet;
use crate::catalog::{
    sort::OrderKey,
    store::units::{FIRST_YEAR, MONTHS, NEVER, date, instant},
};

impl ReleaseSet {
    /// Returns the earliest and the latest release date, or `None` for an empty set.
    pub fn date_span(&self) -> Option<(NaiveDate, NaiveDate)> {
        let dates = || self.ordinals().map(|ordinal| *self.snapshot().release_dates.get(ordinal));
        Some((date(dates().min()?), date(dates().max()?)))
    }

    /// Returns the first day of the month of the earliest release date, and the last day of the month of the latest
    /// release date. Returns `None` for an empty set. If the earliest date is in January 1900 or before, or the
    /// latest in December 2299 or after, returns the exact day instead.
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
        // The first and last bitmap also contain the releases of all earlier and later months, so the exact days are
        // read from the releases. Few releases are that old or that far in the future.
        let release_days = |month: u32| {
            let bitmap = table.get(month).map(|bitmap| &*self.members & &**bitmap).unwrap_or_default();
            bitmap.into_iter().map(|ordinal| date(self.snapshot().sort_value(OrderKey::ReleaseDate, ordinal) as i32))
        };
        let from = if first == 0 { release_days(first).min()? } else { day(first)? };
        let until = if last == MONTHS as u32 - 1 { release_days(last).max()? } else { day(last + 1)?.pred_opt()? };
        Some((from, until))
    }

    /// Returns the day (in UTC) of the earliest publication of a release in the set, or `None` if no release was
    /// published. Costs one step per release. If the set contains all releases that an audience may see, the result
    /// is cached per snapshot.
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
