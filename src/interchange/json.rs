//! JSON parser for one line of an import: refuses duplicate names in an object, and accepts control characters and
//! lone surrogates, which are then replaced.
//!
//! Unlike in `serde_json::Value`, the entries of an object keep their order. Error messages quote values, shortened
//! to 60 characters.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};

use crate::newsroom::text::control::{ControlCount, replace_controls};

/// Maximum number of characters of a value that is quoted in an error message.
const MAX_QUOTED_CHARS: usize = 60;

/// A JSON value. Unlike [`serde_json::Value`], parsing fails if an object contains a duplicate name, at any depth.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Parses a line, or returns the reason why the line is not JSON. JSON forbids raw control characters in
    /// strings; this function accepts them as if they were escaped. A lone surrogate becomes U+FFFF, which
    /// [`Self::replace_controls`] removes.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        serde_json::from_str(&escape_invalid(line)).map_err(|error| {
            // The import report already shows the line number in the file. The line number in this JSON error is
            // always 1, so it is removed.
            format!("not JSON: {}", error.to_string().replace(" at line 1 column ", " at column "))
        })
    }

    /// Replaces the control characters in all strings of the value, and counts them.
    pub(super) fn replace_controls(&mut self) -> ControlCount {
        let mut count = ControlCount::default();
        match self {
            Self::Text(text) => count += replace_controls(text),
            Self::List(items) => items.iter_mut().for_each(|item| count += item.replace_controls()),
            Self::Object(entries) => entries.iter_mut().for_each(|(_, value)| count += value.replace_controls()),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
        count
    }

    /// Returns the JSON type of the value as text for error messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Formats the value as JSON, shortened for an error message.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) if items.is_empty() => f.write_str("[]"),
            Self::List(_) => f.write_str("[…]"),
            Self::Object(_) => f.write_str("{…}"),
        }
    }
}

/// Returns a string in quotation marks, shortened for an error message.
pub(super) fn quoted(text: &str) -> String {
    let mut letters = text.chars();
    let short: String = letters.by_ref().take(MAX_QUOTED_CHARS).collect();
    format!("\"{short}{}\"", if letters.next().is_some() { "…" } else { "" })
}

/// Escapes raw control characters in the strings of a JSON line, and replaces lone surrogates with
/// `\uFFFF`, a noncharacter that is removed and counted later.
fn escape_invalid(line: &str) -> Cow<'_, str> {
    let suspicious = line.bytes().any(|byte| byte < b' ') || line.contains("\\ud") || line.contains("\\uD");
    if !suspicious {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut rest = line;
    let mut in_text = false;
    while let Some(c) = rest.chars().next() {
        let mut consumed = c.len_utf8();
        match c {
            '"' => {
                in_text = !in_text;
                out.push(c);
            }
            '\\' if in_text => {
                let code = code_unit(rest);
                let second = code.and_then(|_| code_unit(&rest[6..]));
                match (code, second) {
                    (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => {
                        consumed = 12;
                        out.push_str(&rest[..12]);
                    }
                    (Some(0xD800..=0xDFFF), _) => {
                        consumed = 6;
                        out.push_str("\\uFFFF");
                    }
                    _ => {
                        // Copy the backslash together with the escaped character, so that `\"` does not end the
                        // string.
                        consumed += rest[1..].chars().next().map_or(0, char::len_utf8);
                        out.push_str(&rest[..consumed]);
                    }
                }
            }
            '\0'..='\u{1F}' if in_text => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
        rest = &rest[consumed..];
    }
    Cow::Owned(out)
}

/// Returns the UTF-16 code unit of the JSON escape (`\u` and four hexadecimal digits) at the start of a text, or
/// `None` if the text does not start with such an escape.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> de::Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom(format!("{} is given twice", quoted(&name))));
            }
            entries.push((name, object.next_value()?));
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(line: &str) -> (String, u64) {
        let mut value = Json::parse(line).unwrap_or_else(|why| panic!("{line}: {why}"));
        let count = value.replace_controls();
        let Json::Text(text) = value else { panic!("{line} is not a string") };
        (text, count.removed)
    }

    #[test]
    fn raw_control_characters_and_lone_surrogates_are_accepted_and_removed() {
        assert_eq!(text("\"a\u{1}b\u{1F}c\""), ("abc".to_owned(), 2));
        assert_eq!(text("\"a\tb\""), ("a\tb".to_owned(), 0));
        assert_eq!(text(r#""a\ud83db""#), ("ab".to_owned(), 1));
        assert_eq!(text(r#""a\uDE00""#), ("a".to_owned(), 1));
        assert_eq!(text(r#""a\ud83d\ud83d\ude00b""#), ("a😀b".to_owned(), 1));
        assert_eq!(text(r#""\ud83d\ude00""#), ("😀".to_owned(), 0));
        assert_eq!(text("\"\\\\ud83d\\\"\u{1}\""), ("\\ud83d\"".to_owned(), 1));
        assert!(Json::parse("{\"a\":\u{1}1}").is_err());
        assert!(Json::parse("\"\\ud8\"").is_err() && Json::parse("\"\\ud83d\\u12\"").is_err());
    }

    #[test]
    fn a_duplicate_name_is_refused_at_any_depth() {
        for line in [r#"{"a":1,"a":1}"#, r#"{"b":[{"a":1,"a":2}]}"#] {
            let why = Json::parse(line).unwrap_err();
            assert!(why.contains("\"a\" is given twice"), "{why}");
        }
    }

    proptest! {
        #[test]
        fn serde_json_output_round_trips(text in any::<String>()) {
            let line = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(Json::parse(&line), Ok(Json::Text(text)));
        }

        #[test]
        fn any_line_is_read_without_a_panic(line in "[\"\\\\udD8aé\u{1}{}:,]{0,30}") {
            let _ = Json::parse(&line);
        }
    }
}
