//! The periods of a dashboard: the range of days that a name means today, and the earlier range that it is compared
//! with.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::site::view::date;

/// A range of days that includes both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

/// A range of days that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The last 30 days, including today.
    Days30,
    /// From the first day of this month to today.
    ThisMonth,
    /// The month before this one.
    LastMonth,
    /// From the first day of this quarter to today.
    ThisQuarter,
    /// From 1 January to today.
    ThisYear,
    /// The year before this one.
    LastYear,
    /// This month to today, and the eleven months before.
    Months12,
    /// This quarter to today, and the 19 quarters before.
    Years5,
    /// From the first to the last release.
    All,
}

/// The earlier range of days that a period is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The period before.
    Previous,
    /// The same days one year earlier.
    LastYear,
    /// None.
    None,
}

impl Period {
    /// All periods, in the order in which a page offers them.
    pub const ALL: [Self; 9] = [
        Self::Days30,
        Self::ThisMonth,
        Self::LastMonth,
        Self::ThisQuarter,
        Self::ThisYear,
        Self::LastYear,
        Self::Months12,
        Self::Years5,
        Self::All,
    ];

    /// Returns the word for the period in a query string.
    pub fn word(self) -> &'static str {
        match self {
            Self::Days30 => "30-days",
            Self::ThisMonth => "this-month",
            Self::LastMonth => "last-month",
            Self::ThisQuarter => "this-quarter",
            Self::ThisYear => "this-year",
            Self::LastYear => "last-year",
            Self::Months12 => "12-months",
            Self::Years5 => "5-years",
            Self::All => "all",
        }
    }

    /// Returns the name of the period for readers.
    pub fn label(self) -> &'static str {
        match self {
            Self::Days30 => "30 days",
            Self::ThisMonth => "This month",
            Self::LastMonth => "Last month",
            Self::ThisQuarter => "This quarter",
            Self::ThisYear => "This year",
            Self::LastYear => "Last year",
            Self::Months12 => "12 months",
            Self::Years5 => "5 years",
            Self::All => "All time",
        }
    }

    /// Returns the days of the period. `extent` has the first and the last day on which there are releases.
    pub fn days(self, today: NaiveDate, extent: Option<DayRange>) -> DayRange {
        let month = first_of_month(today);
        let to_today = |from: NaiveDate| DayRange { from, until: today };
        let before = |first: NaiveDate| first.pred_opt().unwrap_or(first);
        match self {
            Self::Days30 => to_today(today.checked_sub_days(Days::new(29)).unwrap_or(today)),
            Self::ThisMonth => to_today(month),
            Self::LastMonth => DayRange { from: months_before(month, 1), until: before(month) },
            Self::ThisQuarter => to_today(months_before(month, month.month0() % 3)),
            Self::ThisYear => to_today(months_before(month, month.month0())),
            Self::LastYear => {
                let this_year = months_before(month, month.month0());
                DayRange { from: months_before(this_year, 12), until: before(this_year) }
            }
            Self::Months12 => to_today(months_before(month, 11)),
            Self::Years5 => to_today(months_before(month, 57 + month.month0() % 3)),
            Self::All => extent.unwrap_or(DayRange { from: today, until: today }),
        }
    }

    /// Returns whether the last day of the period is in the past.
    fn is_over(self) -> bool {
        matches!(self, Self::LastMonth | Self::LastYear)
    }

    /// Returns the number of months between the start of the period and the start of the period before, or `None` if
    /// its length is not a number of months.
    fn months(self) -> Option<u32> {
        match self {
            Self::ThisMonth | Self::LastMonth => Some(1),
            Self::ThisQuarter => Some(3),
            Self::ThisYear | Self::LastYear | Self::Months12 => Some(12),
            Self::Years5 => Some(60),
            Self::Days30 | Self::All => None,
        }
    }
}

impl Comparison {
    /// All comparisons, in the order in which a page offers them.
    pub const ALL: [Self; 3] = [Self::Previous, Self::LastYear, Self::None];

    /// Returns the word for the comparison in a query string.
    pub fn word(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::LastYear => "last-year",
            Self::None => "none",
        }
    }

    /// Returns the name of the comparison for readers.
    pub fn label(self) -> &'static str {
        match self {
            Self::Previous => "Period before",
            Self::LastYear => "A year earlier",
            Self::None => "Nothing",
        }
    }

    /// Returns the days that a range of days is compared with. Returns `None` if there is nothing to compare with.
    ///
    /// A period that is not over is compared with the earlier one up to the same day: 1 to 26 November with 1 to 26
    /// October. Whole months and years are compared with as many whole months. Other days are compared with as many
    /// days just before.
    pub fn days(self, period: Option<Period>, days: DayRange) -> Option<DayRange> {
        let is_whole = period.is_none_or(Period::is_over) && days.is_whole_months();
        let by_months = |months: u32| {
            let from = days.from.checked_sub_months(Months::new(months))?;
            // Months have different lengths, so the end of a whole one is found from its next day.
            let until = if is_whole {
                days.until.succ_opt()?.checked_sub_months(Months::new(months))?.pred_opt()?
            } else {
                days.until.checked_sub_months(Months::new(months))?
            };
            Some(DayRange { from, until })
        };
        let months = match period {
            Some(period) => period.months(),
            None => is_whole.then(|| days.months()),
        };
        let earlier = match (self, months) {
            _ if period == Some(Period::All) => None,
            (Self::None, _) => None,
            (Self::LastYear, _) => by_months(12),
            (Self::Previous, Some(months)) => by_months(months),
            (Self::Previous, None) => {
                let length = Days::new(days.length());
                days.from.checked_sub_days(length).zip(days.until.checked_sub_days(length)).map(DayRange::from)
            }
        };
        earlier.filter(|earlier| earlier.from.year() >= 1)
    }
}

impl From<(NaiveDate, NaiveDate)> for DayRange {
    fn from((from, until): (NaiveDate, NaiveDate)) -> Self {
        Self { from, until }
    }
}

impl DayRange {
    /// Returns the number of days.
    pub fn length(self) -> u64 {
        u64::try_from((self.until - self.from).num_days()).unwrap_or(0) + 1
    }

    /// Returns whether the range has whole months only.
    fn is_whole_months(self) -> bool {
        self.from.day() == 1 && self.until.succ_opt().is_some_and(|next| next.day() == 1)
    }

    /// Returns the number of months of a range of whole months.
    fn months(self) -> u32 {
        let month = |day: NaiveDate| day.year() * 12 + day.month0() as i32;
        u32::try_from(month(self.until) - month(self.from)).unwrap_or(0) + 1
    }

    /// Returns the range in words: `1 to 26 November 2026`.
    pub fn text(self) -> String {
        let Self { from, until } = self;
        let last = date::date(until).text;
        match () {
            () if from == until => last,
            () if (from.year(), from.month()) == (until.year(), until.month()) => format!("{} to {last}", from.day()),
            () if from.year() == until.year() => format!("{} {} to {last}", from.day(), from.format("%B")),
            () => format!("{} to {last}", date::date(from).text),
        }
    }
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn range(from: &str, until: &str) -> DayRange {
        DayRange { from: day(from), until: day(until) }
    }

    #[test]
    fn a_period_that_is_not_over_is_compared_with_as_many_days() {
        let today = day("2026-11-26");
        let previous = Some(range("2026-10-01", "2026-10-26"));
        for (period, days, before, year_before) in [
            (Period::ThisMonth, range("2026-11-01", "2026-11-26"), previous, range("2025-11-01", "2025-11-26")),
            (
                Period::LastMonth,
                range("2026-10-01", "2026-10-31"),
                Some(range("2026-09-01", "2026-09-30")),
                range("2025-10-01", "2025-10-31"),
            ),
            (
                Period::Months12,
                range("2025-12-01", "2026-11-26"),
                Some(range("2024-12-01", "2025-11-26")),
                range("2024-12-01", "2025-11-26"),
            ),
            (
                Period::Days30,
                range("2026-10-28", "2026-11-26"),
                Some(range("2026-09-28", "2026-10-27")),
                range("2025-10-28", "2025-11-26"),
            ),
        ] {
            let found = period.days(today, None);
            assert_eq!(found, days, "{period:?}");
            assert_eq!(Comparison::Previous.days(Some(period), found), before, "{period:?}");
            assert_eq!(Comparison::LastYear.days(Some(period), found), Some(year_before), "{period:?}");
        }
        let quarters = Period::Years5.days(today, None);
        assert_eq!(quarters, range("2022-01-01", "2026-11-26"));
        assert_eq!(Comparison::Previous.days(Some(Period::Years5), quarters), Some(range("2017-01-01", "2021-11-26")));
        // On its last day, a month is still compared with as many days.
        let february = Period::ThisMonth.days(day("2027-02-28"), None);
        assert_eq!(
            Comparison::Previous.days(Some(Period::ThisMonth), february),
            Some(range("2027-01-01", "2027-01-28"))
        );
        let march = Period::ThisMonth.days(day("2027-03-31"), None);
        assert_eq!(Comparison::Previous.days(Some(Period::ThisMonth), march), Some(range("2027-02-01", "2027-02-28")));
        assert_eq!(Comparison::Previous.days(Some(Period::All), march), None);
    }

    #[test]
    fn other_ranges_are_compared_with_as_many_days_before() {
        let days = range("2026-05-03", "2026-05-12");
        assert_eq!(Comparison::Previous.days(None, days), Some(range("2026-04-23", "2026-05-02")));
        assert_eq!(
            Comparison::LastYear.days(None, range("2024-02-29", "2024-02-29")),
            Some(range("2023-02-28", "2023-02-28"))
        );
        for (days, before) in [
            (range("2005-01-01", "2005-12-31"), range("2004-01-01", "2004-12-31")),
            (range("2027-03-01", "2027-03-31"), range("2027-02-01", "2027-02-28")),
            (range("2026-04-01", "2026-05-31"), range("2026-02-01", "2026-03-31")),
        ] {
            assert_eq!(Comparison::Previous.days(None, days), Some(before));
        }
        assert_eq!(Comparison::Previous.days(None, range("0001-01-01", "0300-01-01")), None);
    }

    #[test]
    fn ranges_are_said_in_words() {
        for (days, text) in [
            (range("2026-05-03", "2026-05-12"), "3 to 12 May 2026"),
            (range("2026-04-23", "2026-05-02"), "23 April to 2 May 2026"),
            (range("2025-12-01", "2026-11-26"), "1 December 2025 to 26 November 2026"),
            (range("2026-11-26", "2026-11-26"), "26 November 2026"),
        ] {
            assert_eq!(days.text(), text);
        }
    }
}
