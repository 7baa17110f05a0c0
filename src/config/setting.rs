//! One setting (key, defaults, meaning), and the error for an invalid setting.

use std::path::Path;

/// A setting and its default.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Key in the settings file.
    pub key: &'static str,
    /// Default value; empty if there is none.
    pub default: &'static str,
    /// Default value in the profile `hardened`, if it differs.
    pub hardened: Option<&'static str>,
    /// Meaning and unit, for `docs/settings.md`.
    pub meaning: &'static str,
}

impl Setting {
    /// Returns the name of the environment variable, for example `DATELINE_LIMITS_TOKENS` for `limits.tokens`.
    pub fn variable(&self) -> String {
        format!("DATELINE_{}", self.key.to_uppercase().replace('.', "_"))
    }
}

/// An invalid setting, or a settings file that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

impl ConfigError {
    /// Returns the error for a settings file that cannot be read.
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        Self(format!("the settings file {} cannot be read: {error}", file.display()))
    }
}
