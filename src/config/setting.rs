//! One setting (key, environment variable, defaults, meaning) and the error of an invalid one.

use std::{fmt, path::Path};

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in the file.
    pub key: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// What holds where nobody says anything; empty: nothing.
    pub default: &'static str,
    /// What holds instead where the profile is `hardened`; nothing where that is the same.
    pub hardened: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

/// A setting that makes no sense, or a file that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub(super) String);

impl ConfigError {
    /// A settings file that was named and cannot be read.
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        Self(format!("the settings file {} cannot be read: {error}", file.display()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}
