//! Comparison of periods: the number of releases in a period, and in the previous period or in the same period last
//! year.

use chrono::{Days, Months, NaiveDate};

use crate::catalog::{
    query::{
        filter::{Range, error::FilterError},
        release_set::ReleaseSet,
    },
    store::{bitmap::Candidates, units::days},
};

/// The earlier period that a period is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonPeriod {
    /// The period of the same length that ends on the day before the compared period starts.
    PreviousPeriod,
    /// The same dates one year earlier. 29 February becomes 28 February.
    SamePeriodLastYear,
}

/// The numbers of releases in a period and in an earlier period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// Number of releases in the requested period.
    pub current: u64,
    /// Number of releases in the earlier period.
    pub previous: u64,
}

impl Delta {
    /// Returns `current` divided by `previous`, or `None` if `previous` is 0.
    pub fn ratio(&self) -> Option<f64> {
        (self.previous > 0).then(|| self.current as f64 / self.previous as f64)
    }
}

impl ReleaseSet {
    /// Returns the releases of the set whose release date is between two days, including both days.
    pub(in crate::catalog) fn released_between(&self, from: NaiveDate, until: NaiveDate) -> roaring::RoaringBitmap {
        let span = i64::from(days(from))..=i64::from(days(until));
        let mut candidates = Candidates::all_of(&self.members);
        self.snapshot().retain_dated(&mut candidates, &span);
        candidates.into_owned()
    }

    /// Counts the releases in a period and in an earlier period, by release date. The cost is the number of releases
    /// in the set, or the length of the periods if that is smaller.
    pub fn compare(&self, to: ComparisonPeriod, range: &Range<NaiveDate>) -> Result<Delta, FilterError> {
        range.check().map_err(|error| error.at("range"))?;
        let (Some(from), Some(until)) = (range.from, range.until) else {
            let message = "a comparison requires both `from` and `until`";
            return Err(FilterError::invalid(message).at("range"));
        };
        let before = match to {
            ComparisonPeriod::PreviousPeriod => {
                let length = Days::new((until - from).num_days() as u64 + 1);
                from.checked_sub_days(length).zip(until.checked_sub_days(length))
            }
            ComparisonPeriod::SamePeriodLastYear => {
                let year = Months::new(12);
                from.checked_sub_months(year).zip(until.checked_sub_months(year))
            }
        };
        // If the earlier period lies before chrono's calendar starts, it contains no release.
        let previous = before.map_or(0, |(from, until)| self.released_between(from, until).len());
        Ok(Delta { current: self.released_between(from, until).len(), previous })
    }
}
