//! Custom scalars: `Date`, `DateTime`, `LocalDateTime`, `Slug`, `LanguageTag`, `URL`, `TimeZone` and `Duration`.
//!
//! `Date` and `DateTime` are validated when the input is parsed. The other scalars accept any string and are
//! validated where they are used. In a mutation, a mistake in such a string is therefore a user error for one field,
//! not a request error.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, SecondsFormat, Utc};

use super::{error::ApiError, excerpt::excerpt};
use crate::{catalog, date_range};

/// A calendar date without a time zone, as a GraphQL scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// A calendar date without a time zone, as in ISO 8601, for example `2006-05-08`. The range is 0001-01-01 to
/// 9999-12-31.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Self::parse_text(text).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(date_range::clamp_date(self.0).to_string())
    }
}

/// An instant, as a GraphQL scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// An instant with an offset from UTC, as in RFC 3339, for example `2006-05-08T09:00:00Z`. Its year in UTC must be
/// between 0001 and 9999. Leap seconds (second 60) are not accepted.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Self::parse_text(text).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(date_range::clamp_instant(self.0).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Date {
    /// Parses a date. Fails with a message if the text is not a valid date.
    pub fn parse_text(text: &str) -> Result<Self, String> {
        let is_well_formed = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if is_well_formed => date_range::check_date(date).map(Self).map_err(|error| error.to_string()),
            _ => Err(format!("\"{}\" is not a date: write year-month-day, for example 2006-05-08", excerpt(text))),
        }
    }
}

impl DateTime {
    /// Parses an instant. Fails with a message if the text is not a valid instant.
    pub fn parse_text(text: &str) -> Result<Self, String> {
        match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(at) => date_range::check_instant(at.to_utc()).map(Self).map_err(|error| error.to_string()),
            Err(_) => Err(format!(
                "\"{}\" is not an instant: write date, time and offset, for example 2006-05-08T09:00:00Z",
                excerpt(text)
            )),
        }
    }
}

macro_rules! text_scalar {
    ($name:ident, $graphql:literal, $doc:literal $(, $url:literal)?) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        #[doc = $doc]
        #[Scalar(name = $graphql $(, specified_by_url = $url)?)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok(Self(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

// There is no standard for slugs to link to, so the description of `Slug` is its specification.
text_scalar!(
    Slug,
    "Slug",
    "The last segment of a public URL: lower-case letters a to z, digits and single hyphens, at most 200 characters."
);
text_scalar!(
    LanguageTag,
    "LanguageTag",
    "A language tag, as in BCP 47: `en`, `pt-BR`, `zh-Hant`.",
    "https://www.rfc-editor.org/rfc/rfc5646"
);
text_scalar!(Url, "URL", "An absolute URL with the scheme http or https.", "https://url.spec.whatwg.org/");
text_scalar!(
    TimeZone,
    "TimeZone",
    "The name of a time zone in the IANA database: `UTC`, `Asia/Phnom_Penh`, `Europe/Zurich`.",
    "https://www.iana.org/time-zones"
);
text_scalar!(
    LocalDateTime,
    "LocalDateTime",
    "A local date and time without a UTC offset, as in ISO 8601: `2026-03-29T09:00` or `2026-03-29T09:00:00`. Its time \
     zone is given in a separate argument or field.",
    "https://www.iso.org/standard/70907.html"
);
text_scalar!(
    Duration,
    "Duration",
    "A duration in days, weeks, months or years, as in ISO 8601: `P30D`, `P4W`, `P1Y6M`.",
    "https://www.rfc-editor.org/rfc/rfc3339#appendix-A"
);

impl TimeZone {
    /// Looks up the time zone by its name. Fails if the name is unknown.
    pub fn resolve(&self) -> Result<chrono_tz::Tz, ApiError> {
        self.0.parse().map_err(|_| {
            let message =
                format!("\"{}\" is not a time zone: give an IANA name, for example Asia/Phnom_Penh", excerpt(&self.0));
            ApiError::bad_input(message)
        })
    }
}

impl Duration {
    /// Parses the duration. Fails if the text is not a valid duration.
    pub fn resolve(&self) -> Result<catalog::Duration, ApiError> {
        let invalid = || {
            ApiError::bad_input(format!(
                "\"{}\" is not a duration in days or longer: write for example P30D, P4W, P6M or P1Y",
                excerpt(&self.0)
            ))
        };
        let mut rest = self.0.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or_else(invalid)?;
        let (mut months, mut days) = (0_u32, 0_u32);
        // Each unit may appear once, longer units before shorter ones.
        for (unit, in_months, in_days) in [('Y', 12, 0), ('M', 1, 0), ('W', 0, 7), ('D', 0, 1)] {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 || digits > 5 || !rest[digits..].starts_with(unit) {
                continue;
            }
            let number: u32 = rest[..digits].parse().map_err(|_| invalid())?;
            months += number * in_months;
            days += number * in_days;
            rest = &rest[digits + 1..];
        }
        if rest.is_empty() { Ok(catalog::Duration { months, days }) } else { Err(invalid()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn durations_are_parsed_or_rejected() {
        let parse_text = |text: &str| Duration(text.to_owned()).resolve().ok().map(|span| (span.months, span.days));
        assert_eq!(parse_text("P30D"), Some((0, 30)));
        assert_eq!(parse_text("P4W"), Some((0, 28)));
        assert_eq!(parse_text("P1Y6M"), Some((18, 0)));
        assert_eq!(parse_text("P1Y2M3W4D"), Some((14, 25)));
        for wrong in [
            "", "P", "30D", "P30", "PD", "P-3D", "P1.5D", "PT24H", "P1DT1H", "P3D1Y", "P1D1D", "p30d", "P999999D",
            "P٣D",
        ] {
            assert_eq!(parse_text(wrong), None, "{wrong}");
        }
    }
}
