//! Periods of the calendar: where they begin, what they are called, and which instant a day begins at in a zone.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// How long the periods of a timeline are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// A calendar day.
    Day,
    /// Seven days from a given weekday on.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

/// Which day a week begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weekday {
    /// As in ISO 8601.
    Monday,
    /// As in the Americas and much of Asia.
    Sunday,
    /// As in much of the Middle East.
    Saturday,
}

impl Interval {
    /// The first day of the period that a date lies in.
    pub(super) fn first_day(self, date: NaiveDate, week_start: Weekday) -> NaiveDate {
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

    /// The first day of the next period, from the first day of one.
    pub(super) fn next(self, first: NaiveDate) -> NaiveDate {
        let next = match self {
            Self::Day => first.checked_add_days(Days::new(1)),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => first.checked_add_months(Months::new(1)),
            Self::Quarter => first.checked_add_months(Months::new(3)),
            Self::Year => first.checked_add_months(Months::new(12)),
        };
        next.unwrap_or(NaiveDate::MAX)
    }

    /// How many periods there are from the one with a first date to the one with a last, both included. Costs nothing, however
    /// many they are.
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

    /// What the period that begins on a day is called: ISO 8601 where it has a form for it.
    pub(super) fn label(self, first: NaiveDate, week_start: Weekday) -> String {
        match self {
            Self::Week if week_start == Weekday::Monday => first.format("%G-W%V").to_string(),
            Self::Day | Self::Week => first.to_string(),
            Self::Month => first.format("%Y-%m").to_string(),
            Self::Quarter => format!("{}-Q{}", first.format("%Y"), first.month0() / 3 + 1),
            Self::Year => first.format("%Y").to_string(),
        }
    }
}

/// The instant at which a day begins in a zone: midnight. Where the clocks jump over midnight it is the instant of the jump;
/// where midnight comes twice it is the first.
pub(super) fn day_begin(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // No zone is farther from Greenwich than a day, and no jump is longer: the wanted instant lies in between.
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
