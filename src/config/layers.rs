//! Layers of configuration: defaults, settings file, environment variables, flags. Stores each value together with
//! its source.
//!
//! A value in a later layer replaces the value in an earlier one. The profile `hardened` changes only the defaults.

use std::{collections::BTreeMap, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    setting::ConfigError,
    table::{by_key, settings},
};
use crate::{db::redacted, limits::Profile};

/// Source of a value that is the default of its setting.
const DEFAULT: &str = "the default";

/// Values of all settings by key, each with a text that names its source.
#[derive(Debug, Default)]
pub struct Layers(pub(super) BTreeMap<&'static str, (String, String)>);

impl Layers {
    /// Returns the layers with the default values only.
    pub fn defaults() -> Self {
        Self(settings().map(|setting| (setting.key, (setting.default.to_owned(), DEFAULT.to_owned()))).collect())
    }

    /// Adds the values of a settings file. Fails if the file is not TOML or contains an unknown setting. The errors do
    /// not quote the file, because it can contain a password.
    pub fn file(&mut self, name: &Path, text: &str) -> Result<(), ConfigError> {
        let position = |start| {
            format!("{}:{}", name.display(), 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count())
        };
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().unwrap_or_default().start;
            ConfigError(format!("{} is not TOML: {}", position(start), error.message()))
        })?;
        for (key, start, value) in flatten(table.into_inner()) {
            let position = position(start);
            let Some(setting) = by_key(&key) else {
                let known: Vec<&str> = settings().map(|setting| setting.key).collect();
                return Err(ConfigError(format!(
                    "{position}: there is no setting \"{key}\"; the settings are {}",
                    known.join(", ")
                )));
            };
            let value = match value {
                DeValue::String(text) => Some(text.into_owned()),
                DeValue::Boolean(boolean) => Some(boolean.to_string()),
                DeValue::Integer(number) => {
                    i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
                }
                _ => None,
            };
            let value =
                value.ok_or_else(|| ConfigError(format!("{position}: {key} is not a string: write {key} = \"…\"")))?;
            self.0.insert(setting.key, (value, position));
        }
        Ok(())
    }

    /// Adds the values of environment variables. Returns the names of unknown variables with the prefix
    /// `DATELINE_`. Variables with the prefix `DATELINE_TEST_` are ignored.
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, value) in variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("DATELINE_") && !name.starts_with("DATELINE_TEST_"))
        {
            match settings().find(|setting| setting.variable() == name) {
                Some(setting) => drop(self.0.insert(setting.key, (value, format!("the variable {name}")))),
                None => unknown.push(name),
            }
        }
        unknown
    }

    /// Adds the value of a command-line flag, if the flag was given.
    pub fn flag(&mut self, key: &'static str, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.0.insert(key, (value, format!("the flag {name}")));
        }
    }

    /// Returns the value of a setting and its source. If the value is a default and the profile is `hardened`,
    /// returns the default of that profile.
    fn effective(&self, key: &str) -> Option<(&str, &str)> {
        let (value, source) = self.0.get(key)?;
        let hardened = by_key(key)?.hardened.filter(|_| source == DEFAULT);
        match hardened.filter(|_| profile(self) == Ok(Profile::Hardened)) {
            Some(value) => Some((value, "the profile")),
            None => Some((value, source)),
        }
    }

    /// Returns the source of a value that differs from the default of its setting.
    pub(super) fn source_of_change(&self, key: &str) -> Option<&str> {
        let (value, source) = self.0.get(key)?;
        (value.trim() != by_key(key)?.default).then_some(source)
    }

    /// Returns the parsed value of a setting. If `parse` returns `None`, fails with a message that names the
    /// setting, its value, the source of the value, and what was `expected`.
    pub(super) fn read<T>(
        &self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let (value, source) = self.effective(key).ok_or_else(|| ConfigError(format!("{key} is not set")))?;
        parse(value).ok_or_else(|| {
            let may_have_password = ["database_url", "oidc_issuer", "oidc_jwks"].contains(&key);
            let shown = if may_have_password { redacted(value) } else { value.chars().take(80).collect() };
            ConfigError(format!("{key} is \"{shown}\" ({source}): write {expected}"))
        })
    }

    /// Returns the value of a setting that may be any text.
    pub(super) fn text(&self, key: &str) -> Result<String, ConfigError> {
        self.read(key, "a text", |value| Some(value.to_owned()))
    }

    /// Returns the value of a setting in whole seconds, 0 to `max`.
    pub(super) fn seconds(&self, key: &str, max: u32) -> Result<u32, ConfigError> {
        self.read(key, &format!("seconds, 0 to {max}"), |value| value.parse().ok().filter(|seconds| *seconds <= max))
    }
}

/// Returns the selected profile.
pub(super) fn profile(layers: &Layers) -> Result<Profile, ConfigError> {
    layers.read("profile", "open or hardened", |value| match value {
        "open" => Some(Profile::Open),
        "hardened" => Some(Profile::Hardened),
        _ => None,
    })
}

/// Returns all entries of a TOML table as one list: key, offset of the value in the file, and value. Keys of nested
/// tables are joined with dots.
fn flatten(table: DeTable<'_>) -> Vec<(String, usize, DeValue<'_>)> {
    let entries = table.into_iter().flat_map(|(key, value)| {
        let (key, start) = (key.into_inner(), value.span().start);
        match value.into_inner() {
            DeValue::Table(inner) => {
                flatten(inner).into_iter().map(|(name, start, value)| (format!("{key}.{name}"), start, value)).collect()
            }
            value => vec![(key.into_owned(), start, value)],
        }
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_variables_are_returned() {
        let unknown = Layers::defaults()
            .environment([("DATELINE_LISTN".to_owned(), "x".to_owned()), ("HOME".to_owned(), "y".to_owned())]);
        assert_eq!(unknown, ["DATELINE_LISTN"]);
    }
}
