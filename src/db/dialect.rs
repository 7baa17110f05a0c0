//! SQL dialect: fragments that differ between SQLite and PostgreSQL (hex keys, JSON arrays, joined keys, index hints).

use sea_orm::DbBackend;
use uuid::Uuid;

/// A key as 32 hexadecimal digits.
pub fn key_digits(backend: DbBackend, key: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("hex({key})"),
        _ => format!("replace({key}::text, '-', '')"),
    }
}

/// A subquery that answers the keys that belong to a row as one text, so that they come in that row: for each a letter (the first
/// of a text in the same table), its position and 32 hexadecimal digits, parted by commas, in any order. [`parse_joined_keys`] reads it.
pub fn joined_keys(backend: DbBackend, letter_of: &str, key: &str, table: &str, condition: &str) -> String {
    let digits = key_digits(backend, key);
    format!(
        "(SELECT string_agg(substr({letter_of}, 1, 1) || position || {digits}, ',') FROM {table} WHERE {condition})"
    )
}

/// Some columns as one JSON array.
pub fn json_array(backend: DbBackend, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    match backend {
        DbBackend::Sqlite => format!("json_array({columns})"),
        _ => format!("json_build_array({columns})::text"),
    }
}

/// What makes SQLite read a table by an index that holds all that is asked for; PostgreSQL finds that by itself.
pub fn using_index(backend: DbBackend, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
}

/// The keys with a letter in a text that [`joined_keys`] made, by position.
pub fn parse_joined_keys(text: Option<&str>, letter: char) -> Vec<Uuid> {
    let entry = |entry: &str| {
        let (position, key) = entry.strip_prefix(letter)?.split_at_checked(entry.len().checked_sub(33)?)?;
        Some((position.parse::<i32>().ok()?, Uuid::try_parse_ascii(key.as_bytes()).ok()?))
    };
    let mut keys: Vec<(i32, Uuid)> = text.into_iter().flat_map(|text| text.split(',')).filter_map(entry).collect();
    keys.sort_unstable_by_key(|&(position, _)| position);
    keys.into_iter().map(|(_, key)| key).collect()
}
