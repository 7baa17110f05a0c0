//! Pagination: page sizes (`first`, `last`) and encoding and decoding of cursors (`after`, `before`), as in Relay.
//!
//! A cursor is base64url of JSON: list, order, sort position, and two digests of the filter, one as written and one of
//! its canonical form. One matching digest is enough, so a cursor stays valid when a concept of the filter was merged,
//! or when the filter is written differently. Any other cursor is rejected with a message.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::newsroom::error::{Error, ErrorCode};

/// Entries of a page that asks for no number.
pub const DEFAULT_SIZE: i32 = 20;

/// Entries of a page at most.
pub const MAX_SIZE: i32 = 200;

/// Longest cursor that is read, in bytes. The longest that is given out stands at a name of 300 characters: one character folds
/// to 33 bytes at most (U+FDFA), and base64 takes a third more.
const MAX_CURSOR: usize = 16_384;

/// Which part of a list, as Relay's connections have it.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// That many from the beginning.
    pub first: Option<i32>,
    /// What comes after this cursor.
    pub after: Option<String>,
    /// That many from the end.
    pub last: Option<i32>,
    /// What comes before this cursor.
    pub before: Option<String>,
}

/// What a cursor of a list must agree with.
#[derive(Clone, Debug)]
pub struct CursorKey {
    list: &'static str,
    order: String,
    /// Digest of the filter as written.
    written: String,
    /// Digest of the filter's canonical form.
    canonical: String,
}

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Cursor<T> {
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "o")]
    order: String,
    #[serde(rename = "f")]
    written: String,
    /// Left out where it is the same.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    canonical: Option<String>,
    #[serde(rename = "p")]
    position: T,
}

impl PageRequest {
    /// How many, and whether from the end.
    pub fn size(&self) -> Result<(usize, bool), Error> {
        let (name, requested, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(invalid_argument("last", "`first` and `last` are both given: give one of them".to_owned()));
            }
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(DEFAULT_SIZE), false),
        };
        if (1..=MAX_SIZE).contains(&requested) {
            return Ok((requested as usize, from_end));
        }
        Err(invalid_argument(
            name,
            format!(
                "`{name}` is {requested}: a page has 1 to {MAX_SIZE} entries; for the number alone ask for `totalCount`"
            ),
        ))
    }
}

impl CursorKey {
    /// For a list in an order under a filter; both as any stable text.
    pub fn new(list: &'static str, order: &impl Serialize, filter: &impl Serialize) -> Self {
        let written = digest(filter);
        Self { list, order: to_json(order), canonical: written.clone(), written }
    }

    /// The same, also for the cursors of every other filter with this canonical form. Different filters must have different forms.
    ///
    /// Where the form has the text of the filter as written, the cursors hold one digest instead of two; so the form of no filter
    /// is best the text of no filter.
    #[must_use]
    pub fn with_canonical(self, canonical: &impl Serialize) -> Self {
        Self { canonical: digest(canonical), ..self }
    }

    /// A cursor that stands at a position.
    pub fn encode(&self, position: &impl Serialize) -> String {
        let cursor = Cursor {
            list: self.list.to_owned(),
            order: self.order.clone(),
            written: self.written.clone(),
            canonical: Some(&self.canonical).filter(|canonical| **canonical != self.written).cloned(),
            position,
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// The position that a cursor stands at; `argument` is where it was given.
    pub fn decode<T: DeserializeOwned>(&self, argument: &'static str, cursor: &str) -> Result<T, Error> {
        let unreadable = || {
            invalid_argument(
                argument,
                format!(
                    "`{argument}` is not a cursor of this list: take one from `pageInfo` or `edges` of an earlier page, unchanged"
                ),
            )
        };
        if cursor.len() > MAX_CURSOR {
            return Err(unreadable());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unreadable())?;
        let decoded: Cursor<serde_json::Value> = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        let mismatch = |what: &str| {
            invalid_argument(
                argument,
                format!(
                    "`{argument}` is a cursor of the same list in another {what}: begin at the first page, without `{argument}`, or ask as you did when you got it"
                ),
            )
        };
        if decoded.list != self.list {
            return Err(unreadable());
        }
        if decoded.order != self.order {
            return Err(mismatch("order"));
        }
        // Cursors from before canonical forms have the one digest, too.
        if decoded.written != self.written && *decoded.canonical.as_ref().unwrap_or(&decoded.written) != self.canonical
        {
            return Err(mismatch("filter"));
        }
        serde_json::from_value(decoded.position).map_err(|_| unreadable())
    }
}

/// A value of our own types as text. They always serialise; should one not, its cursors are refused rather than mixed up.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}

/// 72 bits of the SHA-256 of a value's text.
fn digest(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(to_json(value).as_bytes())[..9])
}

fn invalid_argument(argument: &'static str, message: String) -> Error {
    Error::field(&[argument], ErrorCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use entity::release::ReleaseKind;

    use super::*;
    use crate::catalog::{NEWEST_FIRST, ReleaseFilter};

    fn request(first: Option<i32>, last: Option<i32>) -> PageRequest {
        PageRequest { first, last, ..PageRequest::default() }
    }

    #[test]
    fn a_page_has_between_one_and_two_hundred_entries() {
        assert_eq!(request(None, None).size(), Ok((20, false)));
        assert_eq!(request(Some(200), None).size(), Ok((200, false)));
        assert_eq!(request(None, Some(1)).size(), Ok((1, true)));
        for wrong in [
            request(Some(0), None),
            request(Some(-1), None),
            request(Some(201), None),
            request(None, Some(i32::MIN)),
            request(Some(1), Some(1)),
        ] {
            assert!(matches!(wrong.size(), Err(Error::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn a_cursor_is_accepted_only_for_its_own_list_order_and_filter() {
        let key = CursorKey::new("releases", &["date"], &"all");
        let cursor = key.encode(&(7, "x"));
        assert_eq!(key.decode::<(i32, String)>("after", &cursor), Ok((7, "x".to_owned())));
        let others = [
            CursorKey::new("topics", &["date"], &"all"),
            CursorKey::new("releases", &["name"], &"all"),
            CursorKey::new("releases", &["date"], &"some"),
        ];
        for other in others {
            assert!(other.decode::<(i32, String)>("after", &cursor).is_err());
        }
        for wrong in ["", "x", "%%%", "eyJsIjoxfQ", &cursor[1..], &"A".repeat(100_000)] {
            assert!(key.decode::<(i32, String)>("after", wrong).is_err(), "{wrong:.20}");
        }
        assert!(key.decode::<String>("after", &cursor).is_err());
    }

    #[test]
    fn a_cursor_is_accepted_for_the_same_filter_written_differently() {
        let key =
            |written: &str, canonical: &str| CursorKey::new("releases", &"date", &written).with_canonical(&canonical);
        let accepts = |key: &CursorKey, cursor: &str| key.decode::<i32>("after", cursor).is_ok();
        let cursor = key("slug", "id 1").encode(&7);
        assert!(accepts(&key("uri", "id 1"), &cursor));
        // The same request after the topic was merged into another.
        assert!(accepts(&key("slug", "id 2"), &cursor));
        assert!(!accepts(&key("uri", "id 2"), &cursor));
        // Neither digest stands for the other.
        assert!(!accepts(&key("id 1", "other"), &cursor));
        assert!(!accepts(&key("other", "slug"), &cursor));
    }

    #[test]
    fn cursors_without_a_canonical_digest_are_accepted() {
        // As they were made without a filter, and under one.
        let plain = "eyJsIjoicmVsZWFzZXMiLCJvIjoiW3tcImJ5XCI6XCJSZWxlYXNlRGF0ZVwiLFwiZGlyZWN0aW9uXCI6XCJEZXNjXCJ9XSIsImYiOiJ3Nk1RdkNwUE1lOHEiLCJwIjo3fQ";
        let speeches = "eyJsIjoicmVsZWFzZXMiLCJvIjoiW3tcImJ5XCI6XCJSZWxlYXNlRGF0ZVwiLFwiZGlyZWN0aW9uXCI6XCJEZXNjXCJ9XSIsImYiOiJEMUhrYkQ3R0luNDgiLCJwIjo3fQ";
        let filter = ReleaseFilter { kinds: Some(vec![ReleaseKind::Speech]), ..ReleaseFilter::default() };
        let key = |filter: Option<&ReleaseFilter>| CursorKey::new("releases", &NEWEST_FIRST, &("", filter));
        assert_eq!(key(None).encode(&7), plain);
        let empty = key(Some(&ReleaseFilter::default())).with_canonical(&("", None::<()>));
        assert_eq!(empty.decode::<i32>("after", plain), Ok(7));
        let filtered = key(Some(&filter)).with_canonical(&("", "the form"));
        assert_eq!(filtered.decode::<i32>("after", speeches), Ok(7));
        assert!(empty.decode::<i32>("after", speeches).is_err());
        assert!(filtered.decode::<i32>("after", plain).is_err());
    }
}
