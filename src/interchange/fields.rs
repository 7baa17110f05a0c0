//! Typed fields of a JSON record: reads strings, numbers, dates, instants, lists and choices, and reports all errors at
//! once.
//!
//! An error names the field, the value and what to write instead. For an unknown field, the error also suggests the
//! known field with the most similar name (Damerau-Levenshtein distance). At most 20 errors are reported for a
//! record.

use std::{fmt::Display, ops::RangeInclusive};

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::Serialize;

use super::json::{Json, quoted};
use crate::date_range;

/// A type that a field can have.
pub(super) trait Field: Sized {
    /// Converts a JSON value to this type. If the value is invalid, adds an error to `errors` and returns `None`.
    /// `at` is the path of the field, for the error message.
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self>;

    /// Returns the value that an absent field has, or `None` if the field is required.
    fn absent() -> Option<Self> {
        None
    }
}

/// A record that is read from a JSON object.
pub(super) trait Object: Sized {
    /// Noun for the record in error messages, for example "a topic".
    const NOUN: &'static str;
    /// Names of the fields.
    const NAMES: &'static [&'static str];

    /// Reads the fields of the record. Returns `None` if a field is invalid, or if a required field is missing.
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self>;

    /// Reads the record from the entries of a JSON object. If a field is invalid, missing or unknown, adds an error
    /// to `errors` and returns `None`. `prefix` is the path of the object in error messages.
    fn read_object(entries: Vec<(String, Json)>, prefix: &str, errors: &mut FieldErrors) -> Option<Self> {
        let mut fields = Fields { entries, prefix, errors };
        let record = Self::from_fields(&mut fields);
        for (name, _) in std::mem::take(&mut fields.entries) {
            if fields.errors.is_full() {
                break;
            }
            let at = format!("{prefix}{name}");
            let advice = match closest_name(&name, Self::NAMES) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("its fields are {}", join_names(Self::NAMES, "and")),
            };
            fields.errors.push(format!("{} is not a field of {}: {advice}", quoted(&at), Self::NOUN));
        }
        record.filter(|_| errors.messages.is_empty())
    }
}

/// Maximum number of errors that are reported for one record. A single line could otherwise cause a million errors.
const MAX_ERRORS: usize = 20;

/// The errors of a record.
#[derive(Debug, Default)]
pub(super) struct FieldErrors {
    messages: Vec<String>,
}

impl FieldErrors {
    fn push(&mut self, error: String) {
        // Keep one error more than the maximum, to know that there are further errors.
        if self.messages.len() <= MAX_ERRORS {
            self.messages.push(error);
        }
    }

    /// Returns true if there are already more errors than are reported.
    fn is_full(&self) -> bool {
        self.messages.len() > MAX_ERRORS
    }

    /// Returns the first 20 errors in one line, followed by "and more" if there are further errors.
    pub(super) fn in_one_line(&self) -> String {
        let (messages, more) = self.messages.split_at(self.messages.len().min(MAX_ERRORS));
        let line = messages.join("; ");
        if more.is_empty() { line } else { format!("{line}; and more") }
    }

    /// Adds an error for an invalid value.
    fn push_invalid(&mut self, at: &str, value: &Json, why: &str) {
        self.push(format!("{at}: {value} {why}"));
    }

    /// Adds an error for a value of the wrong type.
    pub(super) fn push_wrong_type<T>(&mut self, at: &str, value: &Json, expected: &str) -> Option<T> {
        match value {
            Json::Null => self.push(format!("{at} is null: write {expected}")),
            value => self.push_invalid(at, value, &format!("is {}: write {expected}", value.type_name())),
        }
        None
    }
}

/// The fields of an object that have not been read yet.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    entries: Vec<(String, Json)>,
    prefix: &'a str,
    errors: &'a mut FieldErrors,
}

impl Fields<'_> {
    /// Reads a field by its name and removes it, so that only unknown fields remain at the end. If a required field
    /// is absent, adds an error and returns `None`.
    pub(super) fn field<F: Field>(&mut self, name: &str) -> Option<F> {
        let at = format!("{}{name}", self.prefix);
        if let Some(index) = self.entries.iter().position(|(key, _)| key == name) {
            let (_, value) = self.entries.swap_remove(index);
            return F::read(value, &at, self.errors);
        }
        let absent = F::absent();
        if absent.is_none() {
            self.errors.push(format!("{at} is missing: add it"));
        }
        absent
    }
}

impl<F: Field> Field for Option<F> {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        if value == Json::Null { Some(None) } else { F::read(value, at, errors).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<F: Field> Field for Vec<F> {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        let Json::List(items) = value else {
            return errors.push_wrong_type(at, &value, "an array, in square brackets");
        };
        let mut read = Vec::with_capacity(items.len());
        let mut is_valid = true;
        for (index, item) in items.into_iter().enumerate() {
            // Continue after an invalid item, so that the errors of later items are reported too, up to the
            // maximum.
            if errors.is_full() {
                return None;
            }
            match F::read(item, &format!("{at}.{index}"), errors) {
                Some(item) => read.push(item),
                None => is_valid = false,
            }
        }
        is_valid.then_some(read)
    }
}

impl Field for String {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        match value {
            Json::Text(text) => Some(text),
            other => errors.push_wrong_type(at, &other, "a string, in double quotes"),
        }
    }
}

impl Field for f64 {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        match &value {
            Json::Number(number) => number.as_f64(),
            other => errors.push_wrong_type(at, other, "a number, without quotes"),
        }
    }
}

/// Reads an integer. Adds an error and returns `None` if the value is not a whole number within `range`.
fn integer<T: TryFrom<i64> + PartialOrd + Display>(
    value: &Json,
    at: &str,
    errors: &mut FieldErrors,
    range: &RangeInclusive<T>,
) -> Option<T> {
    let Json::Number(number) = value else {
        return errors.push_wrong_type(at, value, "a whole number, without quotes");
    };
    let parsed = number.as_i64().and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number));
    if parsed.is_none() {
        let (least, most) = (range.start(), range.end());
        errors.push_invalid(at, value, &format!("is not a whole number from {least} to {most}: correct it"));
    }
    parsed
}

impl Field for i32 {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        integer(&value, at, errors, &(Self::MIN..=Self::MAX))
    }
}

impl Field for u32 {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        integer(&value, at, errors, &(Self::MIN..=Self::MAX))
    }
}

/// Reads an enum value by its serialised name. `all` lists the accepted values. `noun` describes them in error
/// messages, for example "a kind of release".
pub(super) fn one_of<T: Copy + Serialize>(
    value: &Json,
    at: &str,
    errors: &mut FieldErrors,
    noun: &str,
    all: &[T],
) -> Option<T> {
    let name = |candidate: &T| match serde_json::to_value(candidate) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    };
    let value_of_name = match value {
        Json::Text(text) => all.iter().find(|candidate| name(candidate) == *text),
        _ => None,
    };
    if value_of_name.is_none() {
        let names: Vec<String> = all.iter().map(name).collect();
        errors.push_invalid(at, value, &format!("is not {noun}: write {}", join_names(&names, "or")));
    }
    value_of_name.copied()
}

impl Field for NaiveDate {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        let advice = "year, month and day, for example \"2006-05-08\"";
        let Json::Text(text) = &value else { return errors.push_wrong_type(at, &value, advice) };
        match parse_date(text) {
            Some(Ok(date)) => match date_range::check_date(date) {
                Ok(date) => return Some(date),
                Err(error) => errors.push(format!("{at}: {error}")),
            },
            Some(Err(why)) => errors.push_invalid(at, &value, &format!("is not a date: {why}")),
            None if text.get(..10).and_then(parse_date).is_some_and(|day| day.is_ok()) => {
                errors.push_invalid(
                    at,
                    &value,
                    &format!("is more than a date: write the date alone, \"{}\"", &text[..10]),
                );
            }
            None => errors.push_invalid(at, &value, &format!("is not a date: write {advice}")),
        }
        None
    }
}

impl Field for DateTime<Utc> {
    fn read(value: Json, at: &str, errors: &mut FieldErrors) -> Option<Self> {
        let advice = "date, time and offset, for example \"2006-05-08T09:00:00Z\"";
        let Json::Text(text) = &value else { return errors.push_wrong_type(at, &value, advice) };
        if let Ok(instant) = text.parse::<DateTime<FixedOffset>>() {
            return match date_range::check_instant(instant.to_utc()) {
                Ok(instant) => Some(instant),
                Err(error) => {
                    errors.push(format!("{at}: {error}"));
                    None
                }
            };
        }
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let why = match text.get(..10).and_then(parse_date) {
            Some(Err(why)) => format!("is not an instant: {why}"),
            Some(Ok(_)) if text.len() == 10 => format!("has no time and no offset: write {advice}"),
            Some(Ok(_)) if local.iter().any(|form| NaiveDateTime::parse_from_str(text, form).is_ok()) => {
                "has no offset: add Z for UTC, or an offset such as +01:00".to_owned()
            }
            Some(Ok(_))
                if text.get(11..19).is_some_and(|time| NaiveTime::parse_from_str(time, "%H:%M:%S").is_err()) =>
            {
                format!("is not an instant: {} is not a time of day; write {advice}", quoted(&text[11..19]))
            }
            _ => format!("is not an instant: write {advice}"),
        };
        errors.push_invalid(at, &value, &why);
        None
    }
}

/// Parses a date such as "2006-05-08". Returns `None` if the text does not have this pattern. Returns an error if
/// the pattern matches but there is no such day, for example "2006-02-30".
fn parse_date(text: &str) -> Option<Result<NaiveDate, String>> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        bytes.get(range.clone())?.iter().all(u8::is_ascii_digit).then(|| text.get(range)?.parse().ok())?
    };
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(0..4)? as i32, digits(5..7)?, digits(8..10)?);
    if let Some(date) = NaiveDate::from_ymd_opt(year, month, day) {
        return Some(Ok(date));
    }
    let first = NaiveDate::from_ymd_opt(year, month, 1);
    let next = first.and_then(|first| first.checked_add_months(chrono::Months::new(1)));
    Some(Err(match first.zip(next) {
        Some((first, next)) => format!("{} has {} days", first.format("%B %Y"), (next - first).num_days()),
        None => format!("there is no month {month:02}"),
    }))
}

/// Returns the name from `names` that is most similar to a misspelled name, or `None` if no name is similar enough.
pub(super) fn closest_name<'a>(given: &str, names: &[&'a str]) -> Option<&'a str> {
    // Long names are not compared, because a comparison takes time proportional to the product of both lengths.
    if given.chars().count() > 40 {
        return None;
    }
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let given = plain(given);
    let (distance, name) =
        names.iter().map(|&name| (strsim::damerau_levenshtein(&given, &plain(name)), name)).min_by_key(|(d, _)| *d)?;
    (distance <= 2.min(given.len() / 3)).then_some(name)
}

/// Joins names for a sentence, with the word `last` ("and", "or") before the last name.
pub(super) fn join_names(names: &[impl AsRef<str>], last: &str) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [some @ .., one] => format!("{} {last} {one}", some.join(", ")),
    }
}
