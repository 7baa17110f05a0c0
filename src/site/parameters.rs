//! Reads the parameters of a query string. An error names the parameter that is invalid, and says what to write.

use form_urlencoded::Serializer;

use super::{document::is_allowed, error::SiteError};

/// Maximum length of a value in a message, in characters.
const MAX_SHOWN: usize = 60;

/// Returns the parameters with some names, in their order. Empty values are like absent ones, because forms send them.
/// Unknown parameters are ignored, because other sites add their own to links. Fails if a parameter is repeated and
/// `repeatable` does not name it.
pub fn read(query_string: &str, names: &[&str], repeatable: &[&str]) -> Result<Vec<(String, String)>, SiteError> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query_string.as_bytes()) {
        let value: String = value.chars().filter(|&c| is_allowed(c)).collect();
        let value = value.trim();
        if value.is_empty() || !names.contains(&&*name) {
            continue;
        }
        if !repeatable.contains(&&*name) && found.iter().any(|(other, _)| *other == name) {
            return Err(invalid(&name, value, "give it once"));
        }
        found.push((name.into_owned(), value.to_owned()));
    }
    Ok(found)
}

/// Returns a query string without the parameters that have none of the names.
pub fn known(query_string: &str, names: &[&[&str]]) -> String {
    let mut known = Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query_string.as_bytes()) {
        if names.iter().any(|names| names.contains(&&*name)) {
            known.append_pair(&name, &value);
        }
    }
    known.finish()
}

/// Returns the error for an invalid value, with advice.
pub fn invalid(name: &str, value: &str, advice: &str) -> SiteError {
    SiteError::Invalid(format!("“{name}” is “{}”: {advice}.", shown(value)))
}

/// Returns the start of a value that a client sent, for a message.
pub fn shown(value: &str) -> String {
    let mut shown: String = value.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
    if value.chars().count() > MAX_SHOWN {
        shown.push('…');
    }
    shown
}
