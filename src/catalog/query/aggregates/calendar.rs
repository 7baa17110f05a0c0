//! Calendar periods of a timeline (day to year): first day, next period, number of periods and ISO 8601 label. Also
//! computes the instant at which a day starts in a time zone.
//!
//! Clocks may change at midnight. If they skip midnight, the day starts at the instant of the jump. If midnight
//! occurs twice, the day starts at the first.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::date_range;

/// The length of a timeline's periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// A calendar day.
    Day,
    /// Seven days, starting on a given weekday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, starting in January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

/// The day on which weeks start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weekday {
    /// Weeks start on Monday, as in ISO 8601.
    Monday,
    /// Weeks start on Sunday, as in the Americas and much of Asia.
    Sunday,
    /// Weeks start on Saturday, as in much of the Middle East.
    Saturday,
}

impl Interval {
    /// Returns the first day of the period that contains a date. The result can be up to two days before 0001-01-01,
    /// which is a Monday, if weeks start on Saturday or Sunday.
    pub(in crate::catalog) fn first_day(self, date: NaiveDate, week_start: Weekday) -> NaiveDate {
        let of_month = |month: u32| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap_or(date);
        match self {
            Self::Day => date,
            Self::Week => {
                let start = match week_start {
                    Weekday::Monday => chrono::Weekday::Mon,
                    Weekday::Sunday => chrono::Weekday::Sun,
                    Weekday::Saturday => chrono::Weekday::Sat,
                };
                let past = u64::from(date.weekday().days_since(start));
                date.checked_sub_days(Days::new(past)).unwrap_or(date)
            }
            Self::Month => of_month(date.month()),
            Self::Quarter => of_month(date.month0() / 3 * 3 + 1),
            Self::Year => of_month(1),
        }
    }

    /// Returns the first day of the period that follows the period starting on `first`.
    pub(in crate::catalog) fn next(self, first: NaiveDate) -> NaiveDate {
        // Returns the first day of the month that is `offset` months after `first`.
        let month = |offset: u32| {
            let months = first.month0() + offset;
            NaiveDate::from_ymd_opt(first.year() + (months / 12) as i32, months % 12 + 1, 1)
        };
        let next = match self {
            Self::Day => first.succ_opt(),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => month(1),
            Self::Quarter => month(3),
            Self::Year => month(12),
        };
        next.unwrap_or(NaiveDate::MAX)
    }

    /// Returns the number of periods from the period that contains `first` to the period that contains `last`,
    /// including both. Takes constant time.
    pub fn periods(self, first: NaiveDate, last: NaiveDate, week_start: Weekday) -> u64 {
        let (first, last) = (self.first_day(first, week_start), self.first_day(last, week_start));
        let days = (last - first).num_days();
        let months = i64::from(last.year() - first.year()) * 12 + i64::from(last.month()) - i64::from(first.month());
        let steps = match self {
            Self::Day => days,
            Self::Week => days / 7,
            Self::Month => months,
            Self::Quarter => months / 3,
            Self::Year => months / 12,
        };
        u64::try_from(steps + 1).unwrap_or(0)
    }

    /// Returns the label of the period that starts on a day. The label follows ISO 8601 if the standard has a
    /// notation for the period.
    pub(in crate::catalog) fn label(self, first: NaiveDate, week_start: Weekday) -> String {
        match self {
            Self::Week if week_start == Weekday::Monday => {
                let week = first.iso_week();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Self::Day | Self::Week => date_range::clamp_date(first).to_string(),
            Self::Month => format!("{:04}-{:02}", first.year(), first.month()),
            Self::Quarter => format!("{:04}-Q{}", first.year(), first.month0() / 3 + 1),
            Self::Year => format!("{:04}", first.year()),
        }
    }
}

/// Returns the instant at which a day starts in a time zone. Usually this is midnight. If clocks skip midnight, the
/// day starts at the instant of the jump. If midnight occurs twice, the day starts at the first.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    if zone == Tz::UTC {
        return midnight.and_utc();
    }
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // A time zone differs from UTC by at most a day, and clocks jump by at most a day. The instant is
            // therefore within two days of midnight UTC, where a binary search finds it.
            let reached = |at: i64| {
                let instant = DateTime::from_timestamp(at, 0).unwrap_or_default();
                zone.from_utc_datetime(&instant.naive_utc()).naive_local() >= midnight
            };
            let around = midnight.and_utc().timestamp();
            let two_days = TimeDelta::days(2).num_seconds();
            let (mut before, mut after) = (around - two_days, around + two_days);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if reached(middle) { after = middle } else { before = middle }
            }
            DateTime::from_timestamp(after, 0).unwrap_or_default()
        }
    }
}
