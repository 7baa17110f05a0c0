//! Error of a filter: an invalid condition, or a topic or place that does not exist, with its path in the filter.
//!
//! The path is built from the inside out with `at`. `newsroom` and `graphql` turn it into an API error.

/// A filter that makes no sense, or names what does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Where in the filter: `topics`, `any`, `0`.
    pub path: Vec<String>,
    /// True where the filter names a topic or place that does not exist.
    pub unknown: bool,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl FilterError {
    /// A condition that makes no sense.
    pub(in crate::catalog) fn invalid(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: false, message: message.into() }
    }

    /// A concept that does not exist.
    pub(in crate::catalog) fn unknown(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: true, message: message.into() }
    }

    /// The same error seen from one level up.
    pub(in crate::catalog) fn at(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}
