//! Searches responses for row keys (UUIDv7) and for the creation times of rows, in milliseconds, which the keys
//! contain. The search decodes each word of a response as hexadecimal, base32, and base64, and searches decoded text
//! again.

use std::{collections::BTreeSet, ops::RangeInclusive};

use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::TestServer;

/// Values that no response may contain: row keys, and the milliseconds at which rows were created.
pub(crate) struct Secrets {
    pub(crate) keys: Vec<Uuid>,
    /// The creation times of all rows, from the first to the last, in milliseconds since 1970.
    millis: RangeInclusive<u64>,
}

impl Secrets {
    /// Loads the keys of all rows. The first 48 bits of a key are the creation time of the row in milliseconds.
    pub(crate) async fn load(server: &TestServer) -> Self {
        let db = server.app.newsroom.db.reader();
        let mut keys = Vec::new();
        for column in
            "release.id revision.id topic.id place.id api_token.id preview_link.id access_log.id journal_head.epoch"
                .split(' ')
        {
            let (table, name) = column.split_once('.').unwrap();
            let sql = format!("SELECT {name} FROM {table}");
            for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap() {
                keys.push(row.try_get_by_index::<Uuid>(0).unwrap());
            }
        }
        let millis: BTreeSet<u64> = keys.iter().map(|key| (key.as_u128() >> 80) as u64).collect();
        Self { keys, millis: *millis.first().unwrap()..=*millis.last().unwrap() }
    }

    /// Searches texts for a secret in any usual encoding. Returns a description of the first secret found and of the
    /// value that contains it.
    pub(crate) fn find_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
        // The values to decode: each word, its parts (an id has a prefix before `_`), and the word without hyphens (a
        // UUID contains hyphens).
        let mut values = BTreeSet::new();
        for word in
            texts.into_iter().flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_-".contains(c))))
        {
            let parts = word.split(['_', '-', '+', '/']).map(str::to_owned);
            values.extend(parts.chain([word.to_owned(), word.replace('-', "")]).filter(|value| value.len() >= 8));
        }
        values.iter().find_map(|value| Some(format!("{}, in {value}", self.find_in_value(value)?)))
    }

    fn find_in_value(&self, value: &str) -> Option<String> {
        for decoded in decodings(value) {
            if let Some(key) = self.keys.iter().find(|key| contains(&decoded, key.as_bytes())) {
                return Some(format!("the key {key}"));
            }
            for window in decoded.windows(6) {
                let millis = window.iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
                if self.millis.contains(&millis) {
                    return Some(format!("the millisecond {millis}"));
                }
            }
            // A decoded cursor is a text that may contain encoded values.
            if let Ok(text) = std::str::from_utf8(&decoded)
                && text.len() > 15
                && text.chars().all(|c| !c.is_control())
                && let Some(secret) = self.find_in([text])
            {
                return Some(secret);
            }
        }
        let number = |at: usize| value.get(at..at + 13).and_then(|digits| digits.parse::<u64>().ok());
        let millis = (0..value.len()).filter_map(number).find(|number| self.millis.contains(number));
        millis.map(|millis| format!("the millisecond {millis}"))
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Decodes a value as hexadecimal, base32 and base64. Tries every alignment (2, 8 and 4 start offsets), because an
/// encoded secret may begin anywhere in the value.
fn decodings(value: &str) -> Vec<Vec<u8>> {
    let digit = |bits: u32, byte: u8| match (bits, byte) {
        (4, b'0'..=b'9') => Some(byte - b'0'),
        (4, b'a'..=b'f') => Some(byte - b'a' + 10),
        (4, b'A'..=b'F') => Some(byte - b'A' + 10),
        (5, b'a'..=b'z') => Some(byte - b'a'),
        (5, b'A'..=b'Z') => Some(byte - b'A'),
        (5, b'2'..=b'7') => Some(byte - b'2' + 26),
        (6, b'A'..=b'Z') => Some(byte - b'A'),
        (6, b'a'..=b'z') => Some(byte - b'a' + 26),
        (6, b'0'..=b'9') => Some(byte - b'0' + 52),
        (6, b'-' | b'+') => Some(62),
        (6, b'_' | b'/') => Some(63),
        _ => None,
    };
    let mut results = Vec::new();
    for (bits, offsets) in [(4, 2), (5, 8), (6, 4)] {
        let Some(digits) = value.bytes().map(|byte| digit(bits, byte)).collect::<Option<Vec<u8>>>() else { continue };
        for offset in 0..offsets.min(digits.len()) {
            let (mut bytes, mut accumulator, mut count) = (Vec::new(), 0_u32, 0);
            for digit in &digits[offset..] {
                accumulator = (accumulator << bits | u32::from(*digit)) & 0xffff;
                count += bits;
                if count >= 8 {
                    count -= 8;
                    bytes.push((accumulator >> count) as u8);
                }
            }
            results.push(bytes);
        }
        // Also decodes the value as one 128-bit number, because a key may be encoded as a number with leading zero
        // bits instead of padding at the end.
        if let Some(number) = digits
            .iter()
            .try_fold(0_u128, |number, digit| number.checked_mul(1 << bits).map(|number| number | u128::from(*digit)))
        {
            results.push(number.to_be_bytes().to_vec());
        }
    }
    results
}
