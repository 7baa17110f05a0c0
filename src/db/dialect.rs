//! SQL fragments that differ between SQLite and PostgreSQL: keys as hexadecimal digits, JSON arrays, joined keys,
//! index hints.

use sea_orm::DbBackend;
use uuid::Uuid;

/// Returns a SQL expression that converts a key to 32 hexadecimal digits.
pub fn key_digits(backend: DbBackend, key: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!("hex({key})"),
        _ => format!("replace({key}::text, '-', '')"),
    }
}

/// Returns a subquery that joins the keys of related rows into one text, for example all topics of a revision. A
/// second statement for the related rows is then not needed.
///
/// Each key in the text consists of a letter (the first letter of the expression `letter_of`), the row's position,
/// and 32 hexadecimal digits. The keys are separated by commas, in any order. [`parse_joined_keys`] parses the text.
pub fn joined_keys(backend: DbBackend, letter_of: &str, key: &str, table: &str, condition: &str) -> String {
    let digits = key_digits(backend, key);
    format!(
        "(SELECT string_agg(substr({letter_of}, 1, 1) || position || {digits}, ',') FROM {table} WHERE {condition})"
    )
}

/// Returns a SQL expression that combines columns into one JSON array.
pub fn json_array(backend: DbBackend, columns: &[&str]) -> String {
    let columns = columns.join(", ");
    match backend {
        DbBackend::Sqlite => format!("json_array({columns})"),
        _ => format!("json_build_array({columns})::text"),
    }
}

/// Returns a clause that makes SQLite read a table through a given covering index. Returns an empty string for
/// PostgreSQL, which chooses the index without a hint.
pub fn using_index(backend: DbBackend, index: &str) -> String {
    if backend == DbBackend::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
}

/// Parses a text that a subquery of [`joined_keys`] returned. Returns the keys that are marked with `letter`, sorted
/// by position.
pub fn parse_joined_keys(text: Option<&str>, letter: char) -> Vec<Uuid> {
    let entry = |entry: &str| {
        let (position, key) = entry.strip_prefix(letter)?.split_at_checked(entry.len().checked_sub(33)?)?;
        Some((position.parse::<i32>().ok()?, Uuid::try_parse_ascii(key.as_bytes()).ok()?))
    };
    let mut keys: Vec<(i32, Uuid)> = text.into_iter().flat_map(|text| text.split(',')).filter_map(entry).collect();
    keys.sort_unstable_by_key(|&(position, _)| position);
    keys.into_iter().map(|(_, key)| key).collect()
}
