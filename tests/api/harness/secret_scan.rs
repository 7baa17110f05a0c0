//! Looking for keys, and for the milliseconds in which rows were made, in what is answered.

use std::{collections::BTreeSet, ops::RangeInclusive};

use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use super::Desk;

/// What must be in no answer: keys, and the milliseconds in which rows were made.
pub(crate) struct Secrets {
    pub(crate) keys: Vec<Uuid>,
    /// From the first row's to the last row's, since 1970.
    millis: RangeInclusive<u64>,
}

impl Secrets {
    /// Of all rows that there are. A row's key begins with its millisecond.
    pub(crate) async fn of(desk: &Desk) -> Self {
        let db = desk.app.newsroom.db.reader();
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

    /// A secret in some texts, written in any usual way, and the value that has it; none where there is none.
    pub(crate) fn found_in<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
        // Whatever looks like one value, and its parts: ids have a word before them, UUIDs have hyphens in them.
        let mut values = BTreeSet::new();
        for run in
            texts.into_iter().flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/_-".contains(c))))
        {
            let parts = run.split(['_', '-', '+', '/']).map(str::to_owned);
            values.extend(parts.chain([run.to_owned(), run.replace('-', "")]).filter(|value| value.len() >= 8));
        }
        values.iter().find_map(|value| Some(format!("{}, in {value}", self.found_in_value(value)?)))
    }

    fn found_in_value(&self, value: &str) -> Option<String> {
        for decoded in decoded(value) {
            if let Some(key) = self.keys.iter().find(|key| contains(&decoded, key.as_bytes())) {
                return Some(format!("the key {key}"));
            }
            for window in decoded.windows(6) {
                let millis = window.iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte));
                if self.millis.contains(&millis) {
                    return Some(format!("the millisecond {millis}"));
                }
            }
            // A cursor is text again.
            if let Ok(text) = std::str::from_utf8(&decoded)
                && text.len() > 15
                && text.chars().all(|c| !c.is_control())
                && let Some(found) = self.found_in([text])
            {
                return Some(found);
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

/// The bytes that a value may stand for: hexadecimal digits, base32 and base64, from each place at which a digit may begin.
fn decoded(value: &str) -> Vec<Vec<u8>> {
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
    let mut all = Vec::new();
    for (bits, places) in [(4, 2), (5, 8), (6, 4)] {
        let Some(digits) = value.bytes().map(|byte| digit(bits, byte)).collect::<Option<Vec<u8>>>() else { continue };
        for skipped in 0..places.min(digits.len()) {
            let (mut bytes, mut kept, mut count) = (Vec::new(), 0_u32, 0);
            for digit in &digits[skipped..] {
                kept = (kept << bits | u32::from(*digit)) & 0xffff;
                count += bits;
                if count >= 8 {
                    count -= 8;
                    bytes.push((kept >> count) as u8);
                }
            }
            all.push(bytes);
        }
        // As a number, with nothing left over at its end: how 128 bits are written in base32 without a standard's padding.
        if let Some(number) = digits
            .iter()
            .try_fold(0_u128, |number, digit| number.checked_mul(1 << bits).map(|number| number | u128::from(*digit)))
        {
            all.push(number.to_be_bytes().to_vec());
        }
    }
    all
}
