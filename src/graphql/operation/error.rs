//! Request errors (GraphQL, September 2025, 7.1): code, message and positions; raised before execution.
//!
//! `check_limit` is the common check of a count against a setting.

use async_graphql::Pos;

use crate::error_code::{self, ErrorCode};

/// Error code: the text is not a GraphQL document.
pub(super) const PARSE_FAILED: ErrorCode = error_code::GRAPHQL_PARSE_FAILED;

/// Error code: the document does not match the schema, or it exceeds a limit.
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
    /// Positions in the document: lines and columns from 1, columns in characters. Empty only if no document was
    /// read.
    pub locations: Vec<Pos>,
}

/// Why a request is rejected: at least one error.
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

/// The start of a document: the position of errors that concern all of it.
pub(super) const DOCUMENT_START: Pos = Pos { line: 1, column: 1 };

/// Fails if a count exceeds its limit. The message contains the name of the setting.
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
