//! Pagination: page sizes (`first`, `last`) and encoding and decoding of cursors (`after`, `before`), as in Relay.
//!
//! A cursor is encrypted and bound to a list, an order and a filter. It contains two digests of the filter: a digest
//! of the filter as written and a digest of its canonical form. One matching digest is enough. A cursor therefore
//! stays valid after a concept of the filter is merged, and when a client writes the filter differently. Any other
//! cursor is rejected with a message.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::newsroom::{
    access::resume_token::TokenCipher,
    error::{Error, ErrorCode},
};

/// Default page size.
pub const DEFAULT_SIZE: i32 = 20;

/// Maximum page size.
pub const MAX_SIZE: i32 = 200;

/// Maximum length of a cursor argument, in bytes. The longest cursor that the server returns contains a folded name
/// of 300 characters. Folding turns one character into at most 33 bytes (U+FDFA), and base64 adds a third.
const MAX_CURSOR: usize = 16_384;

/// The arguments of a Relay connection.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// Number of entries from the start.
    pub first: Option<i32>,
    /// Only entries after this cursor.
    pub after: Option<String>,
    /// Number of entries from the end.
    pub last: Option<i32>,
    /// Only entries before this cursor.
    pub before: Option<String>,
}

/// What a cursor is bound to: a list, an order and a filter, each as a digest.
#[derive(Clone, Debug)]
pub struct CursorKey {
    cipher: TokenCipher,
    list: [u8; 4],
    order: [u8; 4],
    /// Digest of the filter as written.
    written: [u8; 8],
    /// Digest of the filter's canonical form.
    canonical: [u8; 8],
}

/// The content of a cursor before encryption.
#[derive(Serialize, Deserialize)]
struct Cursor<T> {
    list: [u8; 4],
    order: [u8; 4],
    written: [u8; 8],
    /// Digest of the filter's canonical form. `None` if it equals `written`.
    canonical: Option<[u8; 8]>,
    position: T,
}

impl PageRequest {
    /// Returns the page size, and whether the page is counted from the end of the list (`last`). Fails if the size is
    /// out of range or both `first` and `last` are given.
    pub fn size(&self) -> Result<(usize, bool), Error> {
        let (name, requested, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(invalid_argument(
                    "last",
                    "`first` and `last` cannot be combined: omit one of them".to_owned(),
                ));
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
                "`{name}` must be between 1 and {MAX_SIZE}, got {requested}; for the count alone, select `totalCount`"
            ),
        ))
    }
}

impl CursorKey {
    /// Creates the key for a list, an order and a filter. Equal orders and equal filters must serialise to equal
    /// JSON, because the key contains digests of the JSON.
    pub fn new(cipher: &TokenCipher, list: &str, order: &impl Serialize, filter: &impl Serialize) -> Self {
        let written = digest(filter);
        Self { cipher: cipher.clone(), list: digest(&list), order: digest(order), canonical: written, written }
    }

    /// Makes the key also accept cursors that were made with any other filter of the same canonical form. Filters
    /// that match different items must have different canonical forms.
    ///
    /// If the canonical form serialises like the filter as written, cursors contain one digest instead of two.
    #[must_use]
    pub fn with_canonical(self, canonical: &impl Serialize) -> Self {
        Self { canonical: digest(canonical), ..self }
    }

    /// Returns the cursor of a position.
    pub fn encode(&self, position: &impl Serialize) -> String {
        let canonical = Some(self.canonical).filter(|canonical| *canonical != self.written);
        let cursor = Cursor { list: self.list, order: self.order, written: self.written, canonical, position };
        self.cipher.encrypt_cursor(&postcard::to_allocvec(&cursor).unwrap_or_default())
    }

    /// Returns the position of a cursor. `argument` is the name of the argument that contains it. Fails if the cursor
    /// is bound to another list, order or filter.
    pub fn decode<T: DeserializeOwned>(&self, argument: &'static str, cursor: &str) -> Result<T, Error> {
        let unreadable = || {
            invalid_argument(
                argument,
                format!(
                    "`{argument}` is not a cursor of this list: use one from `pageInfo` or `edges` of an earlier page"
                ),
            )
        };
        if cursor.len() > MAX_CURSOR {
            return Err(unreadable());
        }
        let content = self.cipher.decrypt_cursor(cursor).ok_or_else(unreadable)?;
        // A cursor of another list can have a position of another type. The digests are therefore decoded and checked
        // before the position.
        let (bound, _): (Cursor<()>, _) = postcard::take_from_bytes(&content).map_err(|_| unreadable())?;
        let mismatch = |what: &str| {
            invalid_argument(
                argument,
                format!(
                    "`{argument}` is a cursor of this list with another {what}: use the same {what} as the query that \
                     returned it, or omit `{argument}`"
                ),
            )
        };
        if bound.list != self.list {
            return Err(unreadable());
        }
        if bound.order != self.order {
            return Err(mismatch("order"));
        }
        if bound.written != self.written && bound.canonical.unwrap_or(bound.written) != self.canonical {
            return Err(mismatch("filter"));
        }
        let cursor: Cursor<T> = postcard::from_bytes(&content).map_err(|_| unreadable())?;
        Ok(cursor.position)
    }
}

/// Returns the first `N` bytes of the SHA-256 of a value's JSON.
fn digest<const N: usize>(value: &impl Serialize) -> [u8; N] {
    // Orders and filters always serialise. The error text is used as a fallback, so that this function need not fail.
    let json = serde_json::to_string(value).unwrap_or_else(|error| error.to_string());
    let digest: [u8; 32] = Sha256::digest(json.as_bytes()).into();
    std::array::from_fn(|index| digest[index])
}

fn invalid_argument(argument: &'static str, message: String) -> Error {
    Error::field(&[argument], ErrorCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> TokenCipher {
        TokenCipher::from_secret("a secret").expect("a cipher")
    }

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
        let key = CursorKey::new(&cipher(), "releases", &["date"], &"all");
        let cursor = key.encode(&(7, "x"));
        assert_eq!(key.decode::<(i32, String)>("after", &cursor), Ok((7, "x".to_owned())));
        let others = [
            CursorKey::new(&cipher(), "topics", &["date"], &"all"),
            CursorKey::new(&cipher(), "releases", &["name"], &"all"),
            CursorKey::new(&cipher(), "releases", &["date"], &"some"),
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
        let key = |written: &str, canonical: &str| {
            CursorKey::new(&cipher(), "releases", &"date", &written).with_canonical(&canonical)
        };
        let accepts = |key: &CursorKey, cursor: &str| key.decode::<i32>("after", cursor).is_ok();
        let cursor = key("slug", "id 1").encode(&7);
        assert!(accepts(&key("uri", "id 1"), &cursor));
        // The same request after the topic was merged into another one.
        assert!(accepts(&key("slug", "id 2"), &cursor));
        assert!(!accepts(&key("uri", "id 2"), &cursor));
        // A digest of a filter as written never matches a canonical digest, even if both texts are equal.
        assert!(!accepts(&key("id 1", "other"), &cursor));
        assert!(!accepts(&key("other", "slug"), &cursor));
    }

    #[test]
    fn a_cursor_is_short_and_valid_only_in_its_newsroom() {
        let key = CursorKey::new(&cipher(), "releases", &["date"], &"all");
        let cursor = key.encode(&(vec![732_000_i64], uuid::Uuid::now_v7()));
        assert!(cursor.len() <= 80, "{} characters: {cursor}", cursor.len());
        assert!(!cursor.contains("eyJ"), "{cursor}");
        let other = TokenCipher::from_secret("another secret").expect("a cipher");
        let key = CursorKey::new(&other, "releases", &["date"], &"all");
        assert!(key.decode::<(Vec<i64>, uuid::Uuid)>("after", &cursor).is_err());
    }
}
