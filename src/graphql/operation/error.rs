//! Request errors (GraphQL, September 2025, 7.1): errors found before execution, each with code, message and
//! positions.
//!
//! `check_limit` compares a count with the limit that a setting defines.

use async_graphql::Pos;

use crate::error_code::{self, ErrorCode};

/// Error code: the text is not a GraphQL document.
pub(super) const PARSE_FAILED: ErrorCode = error_code::GRAPHQL_PARSE_FAILED;

/// Error code: the document does not match the schema, or exceeds a limit.
pub(super) const VALIDATION_FAILED: ErrorCode = error_code::GRAPHQL_VALIDATION_FAILED;

/// Error code: the value of a variable does not have the declared type.
pub(super) const BAD_USER_INPUT: ErrorCode = error_code::BAD_USER_INPUT;

/// A request error (GraphQL, September 2025, 7.1.2): nothing was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// Error code, for programs.
    pub code: ErrorCode,
    /// What is wrong and how to fix it.
    pub message: String,
    /// Positions of the error in the document. Lines and columns start at 1, and columns count characters. Empty for
    /// errors that do not concern the text of the document.
    pub locations: Vec<Pos>,
}

/// The errors for which a request is rejected. Never empty.
pub type RequestErrors = Vec<RequestError>;

impl RequestError {
    /// Creates an error at one position of the document.
    pub fn new(code: ErrorCode, message: impl Into<String>, at: Pos) -> Self {
        Self { code, message: message.into(), locations: vec![at] }
    }

    /// Creates an error for a document that does not match the schema or exceeds a limit.
    pub(super) fn invalid(message: impl Into<String>, at: Pos) -> Self {
        Self::new(VALIDATION_FAILED, message, at)
    }
}

/// Maximum number of errors that are reported for one request.
pub(super) const MAX_ERRORS: usize = 20;

/// Start of a document. Errors that concern the whole document have this position.
pub(super) const DOCUMENT_START: Pos = Pos { line: 1, column: 1 };

/// Fails if `count` is greater than `limit`. The error message contains `setting`, the name of the setting that
/// defines the limit.
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
