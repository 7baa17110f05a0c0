//! Units of the catalog: dates as days from the start of year 1, instants as microseconds since 1970, months as
//! index numbers.
//!
//! `NEVER` stands for an instant that has not occurred, and sorts before all others.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// Stands for the instant of a publication that has not happened. Sorts before all instants.
pub(crate) const NEVER: i64 = i64::MIN;

/// The first year with month indexes. Earlier dates belong to its first month; dates after the last indexed year
/// belong to the last month.
pub(crate) const FIRST_YEAR: i32 = 1900;

/// Number of month indexes: the months of the years 1900 to 2299.
pub(crate) const MONTHS: i32 = 400 * 12;

/// Converts a date to days from the start of year 1.
pub(crate) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

/// Converts days from the start of year 1 to a date.
pub(crate) fn date(days: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default()
}

/// Converts microseconds since 1970 to an instant. Returns `None` for `NEVER`.
pub(crate) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    if micros == NEVER { None } else { DateTime::from_timestamp_micros(micros) }
}

/// Returns the index of the month of a day: 0 is January 1900 and everything before.
pub(crate) fn month(day: i32) -> u32 {
    let date = date(day);
    let month = (date.year() - FIRST_YEAR) * 12 + date.month0() as i32;
    month.clamp(0, MONTHS - 1).unsigned_abs()
}
