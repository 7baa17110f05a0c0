//! Snapshot tests of output that clients and operators depend on: one object of every GraphQL type, an error with
//! every code, and the lines that a server prints and logs. The schema and the `--help` texts are generated files;
//! `documentation::generated` compares them.
//!
//! If the output changes, a test fails and shows the difference. To accept the change, run `INSTA_UPDATE=always cargo
//! test --test api snapshots` and review the `.snap` files.
//!
//! - `command`: printed lines and log lines
//! - `errors`: error bodies and user errors
//! - `objects`: one object of every GraphQL type

mod command;
mod errors;
mod objects;

use serde_json::Value;

/// Replaces the ids, tokens and journal positions in a response by placeholders, because they differ between runs.
fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => object.values_mut().for_each(redact),
        Value::Array(list) => list.iter_mut().for_each(redact),
        Value::String(text) => *text = redacted(text),
        _ => {}
    }
}

/// Returns a text with ids, tokens and journal positions replaced by placeholders.
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
