//! Dates and instants in words.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;

/// A date or instant for a reader and for the attribute `datetime`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// ISO 8601.
    pub iso: String,
    /// In words.
    pub text: String,
}

/// Returns a calendar date in words: `8 May 2006`.
pub fn date(date: NaiveDate) -> Time {
    Time { iso: date.to_string(), text: format!("{} {} {}", date.day(), date.format("%B"), date.year()) }
}

/// Returns an instant in words, in a time zone: `8 May 2006, 14:30 UTC`.
pub fn instant(instant: DateTime<Utc>, zone: Tz) -> Time {
    let local = instant.with_timezone(&zone);
    Time { iso: iso(instant), text: format!("{}, {}", date(local.date_naive()).text, local.format("%H:%M %Z")) }
}

/// Returns an instant in ISO 8601, in UTC with seconds.
pub fn iso(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_in_the_zone_of_the_newsroom() {
        let at: DateTime<Utc> = "2006-05-07T22:30:00Z".parse().unwrap();
        let time = instant(at, chrono_tz::Europe::Zurich);
        assert_eq!((time.iso.as_str(), time.text.as_str()), ("2006-05-07T22:30:00Z", "8 May 2006, 00:30 CEST"));
        assert_eq!(date(at.date_naive()).text, "7 May 2006");
    }
}
