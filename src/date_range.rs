//! Range of dates and instants: years 0001 to 9999 in UTC, with microseconds, the same for SQLite and PostgreSQL.
//!
//! Input out of range, and leap seconds, are refused (`check_date`, `check_instant`). Stored values out of range,
//! written by an earlier program version or by hand, are parsed tolerantly (`Stored`) and clamped to the nearest end
//! (`clamp_date`, `clamp_instant`). Computed values in output are clamped too. Date ranges of filters are in
//! `catalog::query::filter`.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, de};

/// The first date of the range: 0001-01-01.
pub const FIRST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The last date of the range: 9999-12-31.
pub const LAST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MAX,
};

/// The first instant of the range: 0001-01-01T00:00:00Z.
pub const FIRST_INSTANT: DateTime<Utc> = FIRST_DATE.and_time(NaiveTime::MIN).and_utc();

/// The last instant of the range, to the microsecond: 9999-12-31T23:59:59.999999Z.
pub const LAST_INSTANT: DateTime<Utc> = match NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999) {
    Some(time) => LAST_DATE.and_time(time).and_utc(),
    None => LAST_DATE.and_time(NaiveTime::MIN).and_utc(),
};

/// A year that chrono supports, far outside the range. It is a leap year, so it has every date.
const FAR_YEAR: i32 = 200_000;

/// The nanosecond value from which chrono represents second 60.
const LEAP_SECOND_NANOS: u32 = 1_000_000_000;

/// Why a date or an instant is not accepted. The message says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A date outside the range.
    #[error("{0} is outside the range of dates: write a date from 0001-01-01 to 9999-12-31")]
    Date(NaiveDate),
    /// An instant that is outside the range when it is converted to UTC.
    #[error(
        "{} is outside the range of instants: write an instant that lies between 0001-01-01T00:00:00Z and \
         9999-12-31T23:59:59.999999Z when it is converted to UTC", rfc3339(*.0)
    )]
    Instant(DateTime<Utc>),
    /// A leap second.
    #[error(
        "{} has second 60, and leap seconds are not accepted: write second 59, or second 00 of the next minute",
        rfc3339(*.0)
    )]
    LeapSecond(DateTime<Utc>),
}

/// Checks that a date is in the range.
pub fn check_date(date: NaiveDate) -> Result<NaiveDate, RangeError> {
    if (FIRST_DATE..=LAST_DATE).contains(&date) { Ok(date) } else { Err(RangeError::Date(date)) }
}

/// Checks that an instant is in the range and is not a leap second.
pub fn check_instant(at: DateTime<Utc>) -> Result<DateTime<Utc>, RangeError> {
    if at.nanosecond() >= LEAP_SECOND_NANOS {
        Err(RangeError::LeapSecond(at))
    } else if (1..=9999).contains(&at.year()) {
        Ok(at)
    } else {
        Err(RangeError::Instant(at))
    }
}

/// The nearest date of the range.
pub fn clamp_date(date: NaiveDate) -> NaiveDate {
    date.clamp(FIRST_DATE, LAST_DATE)
}

/// The nearest instant of the range. Second 60 becomes second 59.
pub fn clamp_instant(at: DateTime<Utc>) -> DateTime<Utc> {
    let nanosecond = at.nanosecond();
    let at = if nanosecond >= LEAP_SECOND_NANOS {
        at.with_nanosecond(nanosecond - LEAP_SECOND_NANOS).unwrap_or(at)
    } else {
        at
    };
    // Not `clamp`, because instants between the last microsecond of the range and its end stay unchanged.
    if at.year() < 1 {
        FIRST_INSTANT
    } else if at.year() > 9999 {
        LAST_INSTANT
    } else {
        at
    }
}

/// A stored date or instant outside the range, and its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The table.
    pub table: &'static str,
    /// Primary key of the row: UUIDs as 32 hexadecimal digits, several columns joined by `/`.
    pub id: String,
    /// Slug of the row, if its table has one.
    pub slug: Option<String>,
    /// The column.
    pub column: &'static str,
    /// The stored value as the database writes it.
    pub value: String,
}

impl OutOfRange {
    /// The location of the value, for messages.
    pub fn location(&self) -> String {
        let slug = self.slug.as_ref().map(|slug| format!(" ({slug})")).unwrap_or_default();
        format!("{} {}{slug}", self.table, self.id)
    }

    /// The problem of the value, for messages.
    pub fn description(&self) -> String {
        format!("{} is {}, outside the years 0001 to 9999", self.column, self.value)
    }
}

/// A type with a range: date or instant.
pub trait Ranged: Copy + PartialEq {
    /// Parses a value as SQLite or PostgreSQL writes it, inside the range or not. `None` if the text has another form.
    ///
    /// PostgreSQL writes years before 0001 as `0001-03-01 BC`, and has `infinity`. PostgreSQL writes years of five
    /// digits without a sign, and SQLite with a sign.
    fn read(text: &str) -> Option<Self>;

    /// The nearest value of the range.
    #[must_use]
    fn clamped(self) -> Self;

    /// The value as it is written in SQL and JSON.
    fn write(self) -> String;
}

impl Ranged for NaiveDate {
    fn read(text: &str) -> Option<Self> {
        match text {
            "infinity" => Some(Self::MAX),
            "-infinity" => Some(Self::MIN),
            _ => text.parse().ok().or_else(|| with_signed_year(text)?.parse().ok()),
        }
    }

    fn clamped(self) -> Self {
        clamp_date(self)
    }

    fn write(self) -> String {
        self.to_string()
    }
}

impl Ranged for DateTime<Utc> {
    fn read(text: &str) -> Option<Self> {
        let parsed = |text: &str| Some(text.parse::<DateTime<FixedOffset>>().ok()?.to_utc());
        match text {
            "infinity" => Some(Self::MAX_UTC),
            "-infinity" => Some(Self::MIN_UTC),
            _ => parsed(text).or_else(|| parsed(&with_signed_year(text)?)),
        }
    }

    fn clamped(self) -> Self {
        clamp_instant(self)
    }

    fn write(self) -> String {
        self.to_rfc3339_opts(SecondsFormat::AutoSi, false)
    }
}

/// A stored value, clamped to the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value, within the range.
    pub value: T,
    /// The stored text, if its value is outside the range.
    pub original: Option<Box<str>>,
}

impl<T: Ranged> Stored<T> {
    /// Parses a stored value. `None` if the text has another form.
    pub fn read(text: &str) -> Option<Self> {
        let stored = T::read(text)?;
        let value = stored.clamped();
        Some(Self { value, original: (stored != value).then(|| text.into()) })
    }
}

impl<'de, T: Ranged> Deserialize<'de> for Stored<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StoredVisitor<T>(std::marker::PhantomData<T>);
        impl<T: Ranged> de::Visitor<'_> for StoredVisitor<T> {
            type Value = Stored<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a date or an instant")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Stored::read(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(StoredVisitor(std::marker::PhantomData))
    }
}

/// Deserialises a stored value, clamped to the range.
pub fn stored<'de, D: Deserializer<'de>, T: Ranged>(deserializer: D) -> Result<T, D::Error> {
    Ok(Stored::deserialize(deserializer)?.value)
}

/// Deserialises an optional stored value, clamped to the range.
pub fn stored_option<'de, D: Deserializer<'de>, T: Ranged>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Stored<T>>::deserialize(deserializer)?.map(|stored| stored.value))
}

/// Converts a text of PostgreSQL to the form that chrono parses: years before 0000 and after 9999 have a sign.
fn with_signed_year(text: &str) -> Option<String> {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (year, rest) = text.split_once('-')?;
    let year: i32 = year.parse().ok()?;
    // The year before 0001 is 1 BC in PostgreSQL and 0000 in chrono. PostgreSQL supports years that chrono does not;
    // they are replaced by a year that is far outside the range too.
    let year = if before_christ { 1_i32.checked_sub(year)? } else { year }.clamp(-FAR_YEAR, FAR_YEAR);
    let sign = match year {
        ..0 => "-",
        0..=9999 => "",
        10_000.. => "+",
    };
    Some(format!("{sign}{:04}-{rest}", year.unsigned_abs()))
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        <DateTime<Utc> as Ranged>::read(text).unwrap()
    }

    #[test]
    fn the_range_covers_years_of_four_digits_in_utc() {
        assert_eq!(FIRST_DATE.to_string(), "0001-01-01");
        assert_eq!(LAST_DATE.to_string(), "9999-12-31");
        for inside in [
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.9999999Z",
            "0001-01-01T14:00:00+14:00",
            "9999-12-31T09:59:59-14:00",
        ] {
            assert_eq!(check_instant(instant(inside)), Ok(instant(inside)), "{inside}");
            assert_eq!(clamp_instant(instant(inside)), instant(inside), "{inside}");
        }
        for (outside, nearest) in [
            ("0001-01-01T00:00:00+14:00", FIRST_INSTANT),
            ("0000-12-31T23:59:59.999999Z", FIRST_INSTANT),
            ("9999-12-31T23:59:59-14:00", LAST_INSTANT),
            ("+10000-01-01T00:00:00Z", LAST_INSTANT),
        ] {
            assert_eq!(check_instant(instant(outside)), Err(RangeError::Instant(instant(outside))), "{outside}");
            assert_eq!(clamp_instant(instant(outside)), nearest, "{outside}");
        }
        let leap = instant("2016-12-31T23:59:60.5Z");
        assert_eq!(check_instant(leap), Err(RangeError::LeapSecond(leap)));
        assert_eq!(clamp_instant(leap), instant("2016-12-31T23:59:59.5Z"));
    }

    #[test]
    fn values_as_written_by_both_databases_are_parsed() {
        for (text, date) in [
            ("2006-05-08", (2006, 5, 8)),
            ("0000-03-01", (0, 3, 1)),
            ("0001-03-01 BC", (0, 3, 1)),
            ("0001-02-29 BC", (0, 2, 29)),
            ("4713-01-01 BC", (-4712, 1, 1)),
            ("-0044-03-15", (-44, 3, 15)),
            ("+10000-01-01", (10_000, 1, 1)),
            ("10000-01-01", (10_000, 1, 1)),
        ] {
            let (year, month, day) = date;
            assert_eq!(<NaiveDate as Ranged>::read(text), NaiveDate::from_ymd_opt(year, month, day), "{text}");
        }
        for (text, same) in [
            ("0001-03-01T12:00:00+00:00 BC", "0000-03-01T12:00:00Z"),
            ("10000-01-01T00:00:00+00:00", "+10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(instant(text), instant(same), "{text}");
        }
        assert_eq!(Stored::<NaiveDate>::read("infinity").unwrap().value, LAST_DATE);
        assert_eq!(Stored::<NaiveDate>::read("5874897-12-31").unwrap().value, LAST_DATE);
        assert_eq!(Stored::<DateTime<Utc>>::read("-infinity").unwrap().value, FIRST_INSTANT);
        for wrong in ["", "BC", "-", "x-01-01", "2006-02-30", "99999999999-01-01", "2006-05-08T09:00:00"] {
            assert_eq!(<NaiveDate as Ranged>::read(wrong), None, "{wrong}");
        }
    }
}
