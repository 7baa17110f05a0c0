//! GraphQL errors: `ApiError` with an error code, for the `errors` list of a response.
//!
//! Maps errors of the newsroom, the catalog and the database to codes (`BAD_USER_INPUT`, `NOT_FOUND`, `UNAVAILABLE`,
//! `OUTCOME_UNKNOWN`, …). Database messages go to the log and never to a client. An error that an editor can correct
//! becomes a `UserError` of the mutation payload (`user_error`).

use async_graphql::ErrorExtensions;

use crate::{
    catalog::FilterError,
    error_code::{self, ErrorCode},
    newsroom::{self, DatabaseError, access::public_id::random_id},
};

/// The error of a field, with an error code. Must not implement `Display`, because async-graphql would then convert
/// the error itself and lose the code.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    pub(super) message: String,
    path: Vec<String>,
}

impl ApiError {
    /// Creates an error for invalid input from the caller.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { code: error_code::BAD_USER_INPUT, message: message.into(), path: Vec::new() }
    }

    /// Creates an error for a reference to an object that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { code: error_code::NOT_FOUND, message: message.into(), path: Vec::new() }
    }

    /// Creates an error for a response that would be too large.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self { code: error_code::ANSWER_TOO_LARGE, message: message.into(), path: Vec::new() }
    }

    /// Converts an error that the catalog finds in a filter or another argument.
    pub fn from_filter(error: FilterError) -> Self {
        let code = if error.unknown { error_code::NOT_FOUND } else { error_code::BAD_USER_INPUT };
        Self { code, message: error.message, path: error.path }
    }

    /// Converts a database error. The database's own message goes only to the log.
    fn from_database(error: &DatabaseError) -> Self {
        let (code, message) = match error {
            DatabaseError::Unavailable(_) => (
                error_code::UNAVAILABLE,
                "the database does not respond or is locked; nothing was changed: try again".to_owned(),
            ),
            DatabaseError::Full(_) => (
                error_code::STORAGE_FULL,
                "the database has no space left; nothing was changed: ask the operator of this server to free space, \
                 then try again"
                    .to_owned(),
            ),
            DatabaseError::WritesStopped(_) => (
                error_code::UNAVAILABLE,
                "writes have stopped; nothing was changed: ask the operator of this server (the log has the reason)"
                    .to_owned(),
            ),
            DatabaseError::ClockIsOff(_) => (
                error_code::UNAVAILABLE,
                "the clock of this server is wrong; nothing was changed: try again, or ask the operator of this server; \
                 /health/ready has the details"
                    .to_owned(),
            ),
            DatabaseError::OutcomeUnknown(_) => return Self::outcome_unknown(),
            DatabaseError::Failed(_) => {
                let id = random_id();
                tracing::error!(%error, error_id = id, "database error");
                let message = format!(
                    "internal error, logged as {id}: try again; if it persists, report it to the operator of this server"
                );
                (error_code::INTERNAL_SERVER_ERROR, message)
            }
        };
        Self { code, message, path: Vec::new() }
    }

    /// Creates the error for a write whose outcome is unknown, or for a committed change that cannot be read back.
    pub fn outcome_unknown() -> Self {
        let message =
            "the connection to the database was lost during the change, and its outcome is unknown: read the \
                       object again, or send the same request with the same Idempotency-Key"
                .to_owned();
        Self { code: error_code::OUTCOME_UNKNOWN, message, path: Vec::new() }
    }

    /// Returns the message, with the path of the argument that it is about.
    pub fn into_message(self) -> String {
        if self.path.is_empty() { self.message } else { format!("{}: {}", self.path.join("."), self.message) }
    }

    /// Adds an argument name at the front of the error's path.
    pub fn at(mut self, argument: &str) -> Self {
        self.path.insert(0, argument.to_owned());
        self
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        Self::new(error.message).extend_with(|_, extensions| {
            extensions.set("code", error.code);
            if !error.path.is_empty() {
                extensions.set("argument", error.path.join("."));
            }
        })
    }
}

impl From<newsroom::Error> for ApiError {
    fn from(error: newsroom::Error) -> Self {
        use newsroom::Error;
        match error {
            Error::Db(error) => Self::from_database(&error),
            Error::DeadlineExceeded => {
                Self { code: error_code::EXECUTION_TIMEOUT, message: error.to_string(), path: Vec::new() }
            }
            // The newsroom applies only filters from the argument `filter`, so the path begins with this name.
            Error::Filter(error) => Self::from_filter(error).at("filter"),
            Error::Forbidden(message) => Self { code: error_code::FORBIDDEN, message, path: Vec::new() },
            Error::Invalid(fields) => {
                let message = fields.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
                let path = fields.into_iter().next().map(|error| error.field).unwrap_or_default();
                Self { code: error_code::BAD_USER_INPUT, message, path }
            }
            Error::NotFound(_) => Self { code: error_code::NOT_FOUND, message: error.to_string(), path: Vec::new() },
            Error::SearchNotReady { .. } | Error::SearchFailed => {
                Self { code: error_code::UNAVAILABLE, message: error.to_string(), path: Vec::new() }
            }
            Error::DuplicateRequest => {
                Self { code: error_code::REPEATED, message: error.to_string(), path: Vec::new() }
            }
            Error::IllegalTransition(_) | Error::StaleRevision(_) => {
                Self { code: error_code::BAD_USER_INPUT, message: error.to_string(), path: Vec::new() }
            }
        }
    }
}
