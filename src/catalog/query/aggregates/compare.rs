//! Period comparison: the number of releases in a period against the previous period or the same period last year.

use chrono::{Days, Months, NaiveDate};

use crate::catalog::{
    query::{
        filter::{Range, error::FilterError},
        release_set::ReleaseSet,
    },
    store::{bitmap::Candidates, units::days},
};

/// With which period to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonPeriod {
    /// As many days, right before.
    PreviousPeriod,
    /// The same dates a year before; 29 February becomes 28 February.
    SamePeriodLastYear,
}

/// Two periods' numbers of releases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delta {
    /// In the period.
    pub current: u64,
    /// In the one it is compared with.
    pub previous: u64,
}

impl Delta {
    /// Current over previous; none where previous is 0.
    pub fn ratio(&self) -> Option<f64> {
        (self.previous > 0).then(|| self.current as f64 / self.previous as f64)
    }
}

impl ReleaseSet {
    /// How many releases have their date from one day to another, both included.
    pub(in crate::catalog) fn released_between(&self, from: NaiveDate, until: NaiveDate) -> roaring::RoaringBitmap {
        let span = i64::from(days(from))..=i64::from(days(until));
        let mut candidates = Candidates::all_of(&self.members);
        self.snapshot().retain_dated(&mut candidates, &span);
        candidates.into_owned()
    }

    /// The releases of a period, by release date, against those of another. Costs the size of the set or of the periods,
    /// whichever is smaller.
    pub fn compare(&self, to: ComparisonPeriod, range: &Range<NaiveDate>) -> Result<Delta, FilterError> {
        range.check().map_err(|error| error.at("range"))?;
        let (Some(from), Some(until)) = (range.from, range.until) else {
            let message = "a comparison needs both ends of its period: give `from` and `until`";
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
        // Before the calendar begins nothing was released.
        let previous = before.map_or(0, |(from, until)| self.released_between(from, until).len());
        Ok(Delta { current: self.released_between(from, until).len(), previous })
    }
}
