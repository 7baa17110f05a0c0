//! Supported range of dates and instants: years 0001 to 9999 in UTC, with microseconds, on both SQLite and
//! PostgreSQL.
//!
//! `check_date` and `check_instant` refuse input outside this range; `check_instant` also refuses leap seconds.
//! Stored values can be outside the range, because an earlier program version or a person with SQL access wrote them.
//! `Stored` parses such values, and `clamp_date` and `clamp_instant` move them to the nearest value of the range.
//! Computed values in output are clamped too. The date ranges that clients use as filters are in
//! `catalog::query::filter`.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, de};

/// The first supported date: 0001-01-01.
pub const FIRST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The last supported date: 9999-12-31.
pub const LAST_DATE: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(date) => date,
    None => NaiveDate::MAX,
};

/// The first supported instant: 0001-01-01T00:00:00Z.
pub const FIRST_INSTANT: DateTime<Utc> = FIRST_DATE.and_time(NaiveTime::MIN).and_utc();

/// The last supported instant, to the microsecond: 9999-12-31T23:59:59.999999Z.
pub const LAST_INSTANT: DateTime<Utc> = match NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999) {
    Some(time) => LAST_DATE.and_time(time).and_utc(),
    None => LAST_DATE.and_time(NaiveTime::MIN).and_utc(),
};

/// A year that chrono supports and that is far outside the years 0001 to 9999. It is a leap year, so 29 February
/// exists.
const FAR_YEAR: i32 = 200_000;

/// The smallest nanosecond value with which chrono represents a leap second (second 60).
const LEAP_SECOND_NANOS: u32 = 1_000_000_000;

/// The reason why a date or an instant is refused. The error message says which values are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A date outside the years 0001 to 9999.
    #[error("{0} is outside the range of dates: write a date from 0001-01-01 to 9999-12-31")]
    Date(NaiveDate),
    /// An instant that is outside the years 0001 to 9999 after its conversion to UTC.
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

/// Checks that a date is in the years 0001 to 9999.
pub fn check_date(date: NaiveDate) -> Result<NaiveDate, RangeError> {
    if (FIRST_DATE..=LAST_DATE).contains(&date) { Ok(date) } else { Err(RangeError::Date(date)) }
}

/// Checks that an instant is in the years 0001 to 9999 (UTC) and is not a leap second.
pub fn check_instant(at: DateTime<Utc>) -> Result<DateTime<Utc>, RangeError> {
    if at.nanosecond() >= LEAP_SECOND_NANOS {
        Err(RangeError::LeapSecond(at))
    } else if (1..=9999).contains(&at.year()) {
        Ok(at)
    } else {
        Err(RangeError::Instant(at))
    }
}

/// Returns the supported date (0001-01-01 to 9999-12-31) that is nearest to a date.
pub fn clamp_date(date: NaiveDate) -> NaiveDate {
    date.clamp(FIRST_DATE, LAST_DATE)
}

/// Returns the instant in the years 0001 to 9999 (UTC) that is nearest to an instant. Second 60 becomes second 59.
pub fn clamp_instant(at: DateTime<Utc>) -> DateTime<Utc> {
    let nanosecond = at.nanosecond();
    let at = if nanosecond >= LEAP_SECOND_NANOS {
        at.with_nanosecond(nanosecond - LEAP_SECOND_NANOS).unwrap_or(at)
    } else {
        at
    };
    // `Ord::clamp` would change an instant after `LAST_INSTANT` that is still in the year 9999, such as
    // 23:59:59.9999999.
    if at.year() < 1 {
        FIRST_INSTANT
    } else if at.year() > 9999 {
        LAST_INSTANT
    } else {
        at
    }
}

/// A stored date or instant outside the years 0001 to 9999, and the table, row and column that contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// Name of the table.
    pub table: &'static str,
    /// Primary key of the row. A UUID is written as 32 hexadecimal digits; the columns of a composite key are joined
    /// by `/`.
    pub id: String,
    /// Slug of the row, if its table has one.
    pub slug: Option<String>,
    /// Name of the column.
    pub column: &'static str,
    /// The stored value, as the database writes it.
    pub value: String,
}

impl OutOfRange {
    /// Returns the table and row that contain the value, for messages.
    pub fn location(&self) -> String {
        let slug = self.slug.as_ref().map(|slug| format!(" ({slug})")).unwrap_or_default();
        format!("{} {}{slug}", self.table, self.id)
    }

    /// Returns the column and the value, and says that the value is out of range. For messages.
    pub fn description(&self) -> String {
        format!("{} is {}, outside the years 0001 to 9999", self.column, self.value)
    }
}

/// A type whose values can be clamped to the years 0001 to 9999: a date or an instant.
pub trait Ranged: Copy + PartialEq {
    /// Parses a value that SQLite or PostgreSQL wrote, inside or outside the years 0001 to 9999. Returns `None` if
    /// the text is not a date or an instant.
    ///
    /// PostgreSQL writes years before 0001 as `0001-03-01 BC`, and also writes `infinity` and `-infinity`. In years
    /// of more than four digits, SQLite writes a sign before the year and PostgreSQL does not.
    fn read(text: &str) -> Option<Self>;

    /// Returns the nearest value in the years 0001 to 9999.
    #[must_use]
    fn clamped(self) -> Self;

    /// Returns the value as text for SQL and JSON.
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

/// A stored date or instant, clamped to the years 0001 to 9999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The value after clamping.
    pub value: T,
    /// The stored text. `None` if clamping did not change the value.
    pub original: Option<Box<str>>,
}

impl<T: Ranged> Stored<T> {
    /// Parses and clamps a stored value. Returns `None` if the text is not a date or an instant.
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

/// Deserialises a stored date or instant and clamps it to the years 0001 to 9999.
pub fn stored<'de, D: Deserializer<'de>, T: Ranged>(deserializer: D) -> Result<T, D::Error> {
    Ok(Stored::deserialize(deserializer)?.value)
}

/// Deserialises an optional stored date or instant and clamps it to the years 0001 to 9999.
pub fn stored_option<'de, D: Deserializer<'de>, T: Ranged>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Stored<T>>::deserialize(deserializer)?.map(|stored| stored.value))
}

/// Converts a date or instant written by PostgreSQL to the text that chrono parses. Chrono requires a sign before
/// years below 0000 and above 9999.
fn with_signed_year(text: &str) -> Option<String> {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (year, rest) = text.split_once('-')?;
    let year: i32 = year.parse().ok()?;
    // The year before 0001 is 1 BC in PostgreSQL and 0000 in chrono. PostgreSQL supports years that chrono does not.
    // `clamp` replaces such a year with a year that chrono supports and that is also far outside 0001 to 9999.
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
