//! Pages of lists: how much, from where, and the cursors that say where.
//!
//! A cursor holds the name of its list, the order, the values it stands at and a digest of the filter. It is opaque to clients;
//! one that does not decode, or belongs to another list, order or filter, is refused and says so.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{Code, Error};

/// Entries of a page that asks for no number.
pub const DEFAULT_SIZE: i32 = 20;

/// Entries of a page at most.
pub const MAX_SIZE: i32 = 200;

/// Longest cursor that is looked at.
const MAX_CURSOR: usize = 2000;

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
    filter: String,
}

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Cursor<T> {
    #[serde(rename = "l")]
    list: String,
    #[serde(rename = "o")]
    order: String,
    #[serde(rename = "f")]
    filter: String,
    #[serde(rename = "p")]
    place: T,
}

impl PageRequest {
    /// How many, and whether from the end.
    pub fn size(&self) -> Result<(usize, bool), Error> {
        let (name, asked, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => {
                return Err(refused("last", "`first` and `last` are both given: give one of them".to_owned()));
            }
            (None, Some(last)) => ("last", last, true),
            (first, None) => ("first", first.unwrap_or(DEFAULT_SIZE), false),
        };
        if (1..=MAX_SIZE).contains(&asked) {
            return Ok((asked as usize, from_end));
        }
        Err(refused(
            name,
            format!(
                "`{name}` is {asked}: a page has 1 to {MAX_SIZE} entries; for the number alone ask for `totalCount`"
            ),
        ))
    }
}

impl CursorKey {
    /// For a list in an order under a filter; both as any stable text.
    pub fn new(list: &'static str, order: &impl Serialize, filter: &impl Serialize) -> Self {
        // Values of our own types always serialise; should one not, its cursors are refused rather than mixed up.
        let text = |value: Result<String, serde_json::Error>| value.unwrap_or_else(|error| error.to_string());
        let digest = Sha256::digest(text(serde_json::to_string(filter)).as_bytes());
        Self { list, order: text(serde_json::to_string(order)), filter: URL_SAFE_NO_PAD.encode(&digest[..9]) }
    }

    /// A cursor that stands at a place.
    pub fn encode(&self, place: &impl Serialize) -> String {
        let cursor =
            Cursor { list: self.list.to_owned(), order: self.order.clone(), filter: self.filter.clone(), place };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    /// The place that a cursor stands at; `argument` is where it was given.
    pub fn decode<T: DeserializeOwned>(&self, argument: &'static str, cursor: &str) -> Result<T, Error> {
        let unreadable = || {
            refused(
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
        let found: Cursor<serde_json::Value> = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
        let other = |what: &str| {
            refused(
                argument,
                format!(
                    "`{argument}` is a cursor of the same list in another {what}: begin at the first page, without `{argument}`, or ask as you did when you got it"
                ),
            )
        };
        if found.list != self.list {
            return Err(unreadable());
        }
        if found.order != self.order {
            return Err(other("order"));
        }
        if found.filter != self.filter {
            return Err(other("filter"));
        }
        serde_json::from_value(found.place).map_err(|_| unreadable())
    }
}

fn refused(argument: &'static str, message: String) -> Error {
    Error::field(&[argument], Code::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_cursor_is_good_for_its_own_list_order_and_filter_only() {
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
}
