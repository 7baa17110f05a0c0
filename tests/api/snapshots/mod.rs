//! Snapshots of output that others depend on: one object of every GraphQL type, an error of every code, and the lines
//! that a server prints and logs. The schema and the help of every command are generated files, which
//! `documentation::generated` compares.
//!
//! A change appears as a difference. Accept it with `INSTA_UPDATE=always cargo test --test api snapshots`, then
//! review the `.snap` files.
//!
//! - `command`: log lines
//! - `errors`: error bodies and user errors
//! - `objects`: one object of every type

mod command;
mod errors;
mod objects;

use serde_json::Value;

/// Replaces ids, tokens and journal positions, which differ between runs, by placeholders.
fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => object.values_mut().for_each(redact),
        Value::Array(list) => list.iter_mut().for_each(redact),
        Value::String(text) => *text = redacted(text),
        _ => {}
    }
}

/// Returns a text with placeholders for ids, tokens and positions.
fn redacted(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))) {
        let letters = word.trim_end_matches(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)));
        let rest = &word[letters.len()..];
        let id = ["release_", "topic_", "place_", "token_", "preview_"]
            .iter()
            .find(|noun| letters.strip_prefix(**noun).is_some_and(|key| key.len() == 26));
        let secret = letters.len() >= 40 && letters.bytes().any(|b| b.is_ascii_digit());
        match id {
            Some(noun) => words.push(format!("[{noun}id]{rest}")),
            None if letters.starts_with("dateline_") && letters.len() > 40 => words.push(format!("[token]{rest}")),
            None if secret => words.push(format!("[opaque]{rest}")),
            None => words.push(word.to_owned()),
        }
    }
    words.concat()
}

#[test]
fn ids_and_secrets_are_redacted_and_nothing_else_is() {
    let text = "release_abcdefghijklmnopqrstuvwxyz and release_date, 2006-05-01T00:00:00Z";
    assert_eq!(redacted(text), "[release_id] and release_date, 2006-05-01T00:00:00Z");
}
