//! Scalars: text with a form. Values that come in are checked where they are used, so that an editor's slip is a user error
//! beside its field; only dates and instants, which have no other meaning than their value, are read here.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, SecondsFormat, Utc};

/// A calendar date, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// A calendar date without a zone, ISO 8601: `2006-05-08`.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let sound = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(date) if sound => Ok(Self(date)),
            _ => Err(InputValueError::custom(format!(
                "\"{}\" is not a date: write year-month-day, for example 2006-05-08",
                short(text)
            ))),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// An instant, RFC 3339, always with an offset: `2006-05-08T09:00:00Z`.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(at) => Ok(Self(at.to_utc())),
            Err(_) => Err(InputValueError::custom(format!(
                "\"{}\" is not an instant: write date, time and offset, for example 2006-05-08T09:00:00Z",
                short(text)
            ))),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

macro_rules! text_scalar {
    ($name:ident, $graphql:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub String);

        #[doc = $doc]
        #[Scalar(name = $graphql)]
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

text_scalar!(Slug, "Slug", "The last part of a public address: lower-case letters a to z, digits and single hyphens.");
text_scalar!(LanguageTag, "LanguageTag", "A language tag, BCP 47: `en`, `pt-BR`, `zh-Hant`.");
text_scalar!(Url, "URL", "An absolute web address, http or https.");

/// The beginning of a text that may be long.
fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
