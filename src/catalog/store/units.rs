//! Units of the catalog: dates as day numbers, instants as microseconds since 1970, and months as index numbers.
//!
//! In a day number, 1 January of the year 1 is day 1. `NEVER` represents an instant that has not occurred, and sorts
//! before all instants.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// Represents the instant of a publication that has not happened. Sorts before all instants.
pub(crate) const NEVER: i64 = i64::MIN;

/// The first year whose months have indexes. Dates before 1900 count for the first month, and dates after 2299 for
/// the last month.
pub(crate) const FIRST_YEAR: i32 = 1900;

/// Number of month indexes: the months of the years 1900 to 2299.
pub(crate) const MONTHS: i32 = 400 * 12;

/// Converts a date to its day number. Day 1 is 1 January of the year 1.
pub(crate) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

/// Converts a day number to a date. Day 1 is 1 January of the year 1.
pub(crate) fn date(days: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default()
}

/// Converts microseconds since 1970 to an instant. Returns `None` for `NEVER`.
pub(crate) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    if micros == NEVER { None } else { DateTime::from_timestamp_micros(micros) }
}

/// Returns the index of the month that a day number is in. Index 0 is January 1900 and all earlier months.
pub(crate) fn month(day: i32) -> u32 {
    let date = date(day);
    let month = (date.year() - FIRST_YEAR) * 12 + date.month0() as i32;
    month.clamp(0, MONTHS - 1).unsigned_abs()
}
