//! Units of the catalog: dates as days from the start of year 1, instants as microseconds since 1970, months as index
//! numbers.
//!
//! `NEVER` stands for an instant that never was and sorts before all others.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// A publication that never happened, where an instant is wanted: before everything else.
pub(crate) const NEVER: i64 = i64::MIN;

/// The first year that has months of its own; everything before is with its first month, everything after the last with that.
pub(crate) const FIRST_YEAR: i32 = 1900;

/// How many months have a number: those of the years 1900 to 2299.
pub(crate) const MONTHS: i32 = 400 * 12;

/// A calendar date as the catalog keeps it.
pub(crate) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce()
}

/// A calendar date from what the catalog keeps.
pub(crate) fn date(days: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default()
}

/// An instant from what the catalog keeps.
pub(crate) fn instant(micros: i64) -> Option<DateTime<Utc>> {
    if micros == NEVER { None } else { DateTime::from_timestamp_micros(micros) }
}

/// The number of the month that a day lies in: 0 is January 1900 and all before.
pub(crate) fn month(day: i32) -> u32 {
    let date = date(day);
    let month = (date.year() - FIRST_YEAR) * 12 + date.month0() as i32;
    month.clamp(0, MONTHS - 1).unsigned_abs()
}
