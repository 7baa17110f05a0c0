//! GraphQL errors: `ApiError` with an error code, for the `errors` list of a response.
//!
//! Maps errors of the newsroom, the catalog and the database to codes (`BAD_USER_INPUT`, `NOT_FOUND`, `UNAVAILABLE`,
//! `OUTCOME_UNKNOWN`, …). Database messages go to the log and never to a client. What an editor can correct becomes a
//! `UserError` of the mutation payload (`user_error`).

use async_graphql::ErrorExtensions;

use crate::{
    catalog::FilterError,
    error_code::{self, ErrorCode},
    newsroom::{self, DatabaseError, access::public_id::random_id},
};

/// A failed field. It has no `Display`, so that the framework's own conversion can never pick it up and lose the code.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    pub(super) message: String,
    path: Vec<String>,
}

impl ApiError {
    /// A caller's mistake.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { code: error_code::BAD_USER_INPUT, message: message.into(), path: Vec::new() }
    }

    /// Something that was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { code: error_code::NOT_FOUND, message: message.into(), path: Vec::new() }
    }

    /// An answer that would be too large.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self { code: error_code::ANSWER_TOO_LARGE, message: message.into(), path: Vec::new() }
    }

    /// Something that the catalog finds wrong with a request.
    pub fn from_filter(error: FilterError) -> Self {
        let code = if error.unknown { error_code::NOT_FOUND } else { error_code::BAD_USER_INPUT };
        Self { code, message: error.message, path: error.path }
    }

    /// A failure of the database. What the database said stays in the log.
    fn from_database(error: &DatabaseError) -> Self {
        let (code, message) = match error {
            DatabaseError::Unavailable(_) => {
                (error_code::UNAVAILABLE, "the database does not answer, or is locked; nothing was changed: try again".to_owned())
            }
            DatabaseError::Full(_) => (
                error_code::STORAGE_FULL,
                "the database has no room left to write; nothing was changed: try again when whoever runs this server has \
                 made room"
                    .to_owned(),
            ),
            DatabaseError::WritesStopped(_) => (
                error_code::UNAVAILABLE,
                "writes have stopped, and nothing was changed: whoever runs this server has to act; its log says why"
                    .to_owned(),
            ),
            DatabaseError::ClockIsOff(_) => (
                error_code::UNAVAILABLE,
                "this server's clock is not right, and nothing was changed: try again, and tell whoever runs this server; \
                 /health/ready says what is wrong"
                    .to_owned(),
            ),
            DatabaseError::OutcomeUnknown(_) => return Self::outcome_unknown(),
            DatabaseError::Failed(_) => {
                let id = random_id();
                tracing::error!(%error, error_id = id, "the database failed");
                let message = format!(
                    "something failed on our side; it is logged as {id}: try again, then ask whoever runs this server"
                );
                (error_code::INTERNAL_SERVER_ERROR, message)
            }
        };
        Self { code, message, path: Vec::new() }
    }

    /// A write that was begun and whose end is not known, or cannot be read back.
    pub fn outcome_unknown() -> Self {
        let message =
            "the database was lost while this was done: it was done, or it was not. Read what is there now, or send \
                       the same request again with the same Idempotency-Key"
                .to_owned();
        Self { code: error_code::OUTCOME_UNKNOWN, message, path: Vec::new() }
    }

    /// The same, at an argument.
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
            // The newsroom narrows by the argument `filter` alone.
            Error::Filter(error) => Self::from_filter(error).at("filter"),
            Error::Forbidden(message) => Self { code: error_code::FORBIDDEN, message, path: Vec::new() },
            Error::Invalid(fields) => {
                let message = fields.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
                let path = fields.into_iter().next().map(|error| error.field).unwrap_or_default();
                Self { code: error_code::BAD_USER_INPUT, message, path }
            }
            Error::NotFound(_) => Self { code: error_code::NOT_FOUND, message: error.to_string(), path: Vec::new() },
            Error::DuplicateRequest => {
                Self { code: error_code::REPEATED, message: error.to_string(), path: Vec::new() }
            }
            Error::IllegalTransition(_) | Error::StaleRevision(_) => {
                Self { code: error_code::BAD_USER_INPUT, message: error.to_string(), path: Vec::new() }
            }
        }
    }
}
