//! SQL dialect: fragments that differ between SQLite and PostgreSQL (hex keys, JSON arrays, joined keys, index hints).

use sea_orm::DbBackend;
use uuid::Uuid;

/// SQL expression of a key as 32 hexadecimal digits.
pub fn key_digits(backend: DbBackend, key: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("hex({key})"),
        _ => format!("replace({key}::text, '-', '')"),
    }
}

/// A subquery that returns the keys of the rows that belong to a row as one text, to avoid a second statement. Each key
/// is written as a letter (the first one of a text column of the same table), its position and 32 hexadecimal digits.
/// The keys are separated by commas, in any order. [`parse_joined_keys`] parses the text.
pub fn joined_keys(backend: DbBackend, letter_of: &str, key: &str, table: &str, condition: &str) -> String {
    let digits = key_digits(backend, key);
    format!(
        "(SELECT string_agg(substr({letter_of}, 1, 1) || position || {digits}, ',') FROM {table} WHERE {condition})"
    )
}

/// SQL expression of some columns as one JSON array.
pub fn json_array(backend: DbBackend, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    match backend {
        DbBackend::Sqlite => format!("json_array({columns})"),
        _ => format!("json_build_array({columns})::text"),
    }
}

/// A clause that makes SQLite read a table through a covering index. PostgreSQL chooses the index without a hint.
pub fn using_index(backend: DbBackend, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
}

/// The keys with a letter from a text that [`joined_keys`] made, sorted by position.
pub fn parse_joined_keys(text: Option<&str>, letter: char) -> Vec<Uuid> {
    let entry = |entry: &str| {
        let (position, key) = entry.strip_prefix(letter)?.split_at_checked(entry.len().checked_sub(33)?)?;
        Some((position.parse::<i32>().ok()?, Uuid::try_parse_ascii(key.as_bytes()).ok()?))
    };
    let mut keys: Vec<(i32, Uuid)> = text.into_iter().flat_map(|text| text.split(',')).filter_map(entry).collect();
    keys.sort_unstable_by_key(|&(position, _)| position);
    keys.into_iter().map(|(_, key)| key).collect()
}
