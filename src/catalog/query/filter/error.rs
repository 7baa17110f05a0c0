//! Error of a filter: an invalid condition, or a topic or place that does not exist, with its path in the filter.
//!
//! The path is built from the inside out with `at`. `newsroom` and `graphql` turn it into an API error.

/// The error of an invalid filter, or of a filter that names something that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The path in the filter, for example `topics`, `any`, `0`.
    pub path: Vec<String>,
    /// Whether the filter names a topic or place that does not exist.
    pub unknown: bool,
    /// What is wrong and how to fix it.
    pub message: String,
}

impl FilterError {
    /// The error of an invalid condition.
    pub(in crate::catalog) fn invalid(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: false, message: message.into() }
    }

    /// The error of a concept that does not exist.
    pub(in crate::catalog) fn unknown(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: true, message: message.into() }
    }

    /// The same error with a step in front of its path.
    pub(in crate::catalog) fn at(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}
