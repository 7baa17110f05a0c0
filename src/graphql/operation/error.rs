//! Request errors (GraphQL, September 2025, 7.1): code, message and positions; raised before execution.
//!
//! `check_limit` is the common check of a count against a setting.

use async_graphql::Pos;

use crate::error_code::{self, ErrorCode};

/// The text is not a GraphQL document.
pub(super) const PARSE_FAILED: ErrorCode = error_code::GRAPHQL_PARSE_FAILED;

/// The document does not fit the schema, or a limit.
pub(super) const VALIDATION_FAILED: ErrorCode = error_code::GRAPHQL_VALIDATION_FAILED;

/// A variable does not have a value of its type.
pub(super) const BAD_USER_INPUT: ErrorCode = error_code::BAD_USER_INPUT;

/// One request error (GraphQL, September 2025, 7.1.2): nothing was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// The kind of error, for programs.
    pub code: ErrorCode,
    /// What is wrong and how to fix it.
    pub message: String,
    /// Where in the document, from line 1 and column 1 on, in characters. Empty only where no document was read.
    pub locations: Vec<Pos>,
}

/// Why a request is refused; at least one error.
pub type RequestErrors = Vec<RequestError>;

impl RequestError {
    /// An error at one place of the document.
    pub fn new(code: ErrorCode, message: impl Into<String>, at: Pos) -> Self {
        Self { code, message: message.into(), locations: vec![at] }
    }

    /// A document that does not fit the schema.
    pub(super) fn invalid(message: impl Into<String>, at: Pos) -> Self {
        Self::new(VALIDATION_FAILED, message, at)
    }
}

/// Errors that are told; more say nothing new.
pub(super) const MAX_ERRORS: usize = 20;

/// The beginning of every document, for errors that concern all of it.
pub(super) const DOCUMENT_START: Pos = Pos { line: 1, column: 1 };

/// Refuses more of something than its limit, which is named as the setting that it is.
pub fn check_limit(
    count: u64,
    limit: u64,
    what: &str,
    setting: &str,
    advice: &str,
    at: Pos,
) -> Result<(), RequestError> {
    if count <= limit {
        return Ok(());
    }
    Err(RequestError::invalid(format!("the query has more than {limit} {what} ({setting}): {advice}"), at))
}
