//! Error of a filter: an invalid condition, or a topic or place that does not exist, with its path in the filter.
//!
//! Each level of the filter adds its own step to the front of the path (`at`). `newsroom` and `graphql` convert the
//! error to an API error.

/// The error for a filter with an invalid condition, or with a topic or place that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .path.join("."))]
pub struct FilterError {
    /// Path of the invalid part in the filter, for example `topics`, `any`, `0`.
    pub path: Vec<String>,
    /// Whether the filter names a topic or place that does not exist.
    pub unknown: bool,
    /// Description of the problem, with advice.
    pub message: String,
}

impl FilterError {
    /// Creates the error for an invalid condition. The path is empty at first.
    pub(in crate::catalog) fn invalid(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: false, message: message.into() }
    }

    /// Creates the error for a topic or place that does not exist. The path is empty at first.
    pub(in crate::catalog) fn unknown(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), unknown: true, message: message.into() }
    }

    /// Adds a step to the front of the error's path.
    pub(in crate::catalog) fn at(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}
