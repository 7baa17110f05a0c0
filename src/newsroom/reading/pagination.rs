//! Pagination: page sizes (`first`, `last`) and encoding and decoding of cursors (`after`, `before`), as in Relay.
//!
//! A cursor is encrypted and bound to its list, its order and its filter. It has two digests of the filter, one as
//! written and one of its canonical form. One matching digest is enough, so a cursor stays valid when a concept of the
//! filter was merged, or when the filter is written differently. Any other cursor is rejected with a message.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::newsroom::{
    access::resume_token::TokenCipher,
    error::{Error, ErrorCode},
};

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

/// The plaintext of a cursor.
#[derive(Serialize, Deserialize)]
struct Cursor<T> {
    list: [u8; 4],
    order: [u8; 4],
    written: [u8; 8],
    /// `None` if it equals `written`.
    canonical: Option<[u8; 8]>,
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
    /// The key of a list in an order under a filter. Equal values must serialise to equal JSON.
    pub fn new(cipher: &TokenCipher, list: &'static str, order: &impl Serialize, filter: &impl Serialize) -> Self {
        let written = digest(filter);
        Self { cipher: cipher.clone(), list: digest(&list), order: digest(order), canonical: written, written }
    }

    /// The same, also valid for the cursors of every other filter with this canonical form. Different filters must have
    /// different forms.
    ///
    /// If the canonical form serialises like the filter as written, cursors hold one digest instead of two.
    #[must_use]
    pub fn with_canonical(self, canonical: &impl Serialize) -> Self {
        Self { canonical: digest(canonical), ..self }
    }

    /// A cursor at a position.
    pub fn encode(&self, position: &impl Serialize) -> String {
        let canonical = Some(self.canonical).filter(|canonical| *canonical != self.written);
        let cursor = Cursor { list: self.list, order: self.order, written: self.written, canonical, position };
        self.cipher.encrypt_cursor(&postcard::to_allocvec(&cursor).unwrap_or_default())
    }

    /// The position of a cursor; `argument` is the name of its argument. Fails if the cursor is bound to something else.
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
        // Another list has positions of another type, so only the digests are read at first.
        let (bound, _): (Cursor<()>, _) = postcard::take_from_bytes(&content).map_err(|_| unreadable())?;
        let mismatch = |what: &str| {
            invalid_argument(
                argument,
                format!(
                    "`{argument}` is a cursor of this list with another {what}: repeat the {what} of the query that returned it, \
                     or start at the first page without `{argument}`"
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

/// The first bytes of the SHA-256 of a value's JSON.
fn digest<const N: usize>(value: &impl Serialize) -> [u8; N] {
    // Our own types always serialise. If one did not, its cursors would be rejected, not mixed up.
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
        // The same request after the topic was merged into another.
        assert!(accepts(&key("slug", "id 2"), &cursor));
        assert!(!accepts(&key("uri", "id 2"), &cursor));
        // Neither digest stands for the other.
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
