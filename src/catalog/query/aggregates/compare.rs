//! Period comparison: the number of releases in a period against the previous period or the same period last year.

use chrono::{Days, Months, NaiveDate};

use crate::catalog::{
    query::{
        filter::{Range, error::FilterError},
        release_set::ReleaseSet,
    },
    store::{bitmap::Candidates, units::days},
};

/// The period to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonPeriod {
    /// The period of the same length, ending the day before.
    PreviousPeriod,
    /// The same dates one year earlier. 29 February becomes 28 February.
    SamePeriodLastYear,
}

/// The numbers of releases in two periods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// In the period.
    pub current: u64,
    /// In the period that it is compared with.
    pub previous: u64,
}

impl Delta {
    /// `current` divided by `previous`; `None` if `previous` is 0.
    pub fn ratio(&self) -> Option<f64> {
        (self.previous > 0).then(|| self.current as f64 / self.previous as f64)
    }
}

impl ReleaseSet {
    /// The number of releases with a date between two days, both included.
    pub(in crate::catalog) fn released_between(&self, from: NaiveDate, until: NaiveDate) -> roaring::RoaringBitmap {
        let span = i64::from(days(from))..=i64::from(days(until));
        let mut candidates = Candidates::all_of(&self.members);
        self.snapshot().retain_dated(&mut candidates, &span);
        candidates.into_owned()
    }

    /// Compares the number of releases in a period, by release date, with that of another period. The cost is the
    /// smaller of the size of the set and the length of the periods.
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
        // No release can be dated before the start of the calendar.
        let previous = before.map_or(0, |(from, until)| self.released_between(from, until).len());
        Ok(Delta { current: self.released_between(from, until).len(), previous })
    }
}
