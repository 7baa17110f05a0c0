//! Error type of the domain layer, for example not found, forbidden, invalid input, illegal transition, stale
//! revision or database failure.
//!
//! Each error has a message for people. `FieldError` and `ErrorCode` describe rejected input. `CurrentRevision`
//! contains the data that a client needs after an optimistic concurrency conflict. The GraphQL and HTTP layers decide
//! how an error is presented.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::DbErr;

use super::workflow::WorkflowError;
use crate::{catalog::FilterError, db::DatabaseError};

/// Why a command failed. A failed command changed nothing. The only exception is [`DatabaseError::OutcomeUnknown`],
/// after which the change may or may not be stored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The object does not exist, or the viewer may not see it. Both cases give the same error, so a caller cannot
    /// probe for hidden objects.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The viewer may not carry out the action.
    #[error("{0}")]
    Forbidden(String),
    /// Some of the input is invalid.
    #[error("{}", .0.iter().map(FieldError::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The state of the release does not allow the action.
    #[error("{0}")]
    IllegalTransition(String),
    /// The request was already executed under the same idempotency key.
    #[error(
        "a request with this Idempotency-Key has already been executed, and its response is not available: read the \
         current data"
    )]
    DuplicateRequest,
    /// Somebody else changed the object first.
    #[error(
        "changed in the meantime: the current revision is {}, made by {} at {}; read it again, then retry with that \
         expectedRevision", .0.revision, .0.by, .0.at.to_rfc3339_opts(SecondsFormat::Secs, true)
    )]
    StaleRevision(CurrentRevision),
    /// The filter is invalid.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The search index is being built. A search can be repeated later.
    #[error("the search index is being built ({percent} % done): try again later, or omit `search`")]
    SearchNotReady {
        /// Share of the releases that are in the index, 0 to 99.
        percent: u8,
    },
    /// The search index cannot be read.
    #[error("the search index cannot be read: try again later, or omit `search`; the log of the server has the reason")]
    SearchFailed,
    /// The time limit of the request expired before the command began.
    #[error("the time limit of the request (limits.execution_ms) expired before the write began: nothing was changed")]
    DeadlineExceeded,
    /// The database failed. Nothing was changed, unless the error is [`DatabaseError::OutcomeUnknown`].
    #[error(transparent)]
    Db(#[from] DatabaseError),
}

/// One invalid field of an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .field.join("."))]
pub struct FieldError {
    /// Path of the field, for example `input`, `headline`.
    pub field: Vec<String>,
    /// The kind of error.
    pub code: ErrorCode,
    /// What is wrong and how to fix it.
    pub message: String,
}

/// Kinds of errors that an editor can fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// A required value is missing.
    Required,
    /// A value has the wrong form.
    Invalid,
    /// A value is too long.
    TooLong,
    /// A value belongs to another object.
    Taken,
    /// A referenced object does not exist, or the viewer may not see it.
    NotFound,
    /// The viewer may not carry out the action.
    Forbidden,
    /// The state of the release does not allow the action.
    IllegalTransition,
    /// Somebody else changed the object in the meantime.
    StaleRevision,
    /// The object would be its own ancestor.
    Cycle,
    /// In a request with several actions: the database did not answer, so this action was not carried out.
    Unavailable,
    /// In a request with several actions: it is unknown whether this action was carried out.
    OutcomeUnknown,
}

/// The data that a client needs after a revision conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentRevision {
    /// The current revision number.
    pub revision: i32,
    /// The subject (user or system) that made the current revision.
    pub by: String,
    /// The instant at which the current revision was made.
    pub at: DateTime<Utc>,
}

impl Error {
    /// Creates an error for one invalid field.
    pub fn field(field: &[&str], code: ErrorCode, message: impl Into<String>) -> Self {
        let field = field.iter().map(|&step| step.to_owned()).collect();
        Self::Invalid(vec![FieldError { field, code, message: message.into() }])
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Db(error.into())
    }
}

impl From<WorkflowError> for Error {
    fn from(error: WorkflowError) -> Self {
        match error {
            WorkflowError::Forbidden(reason) => Self::Forbidden(reason),
            WorkflowError::IllegalTransition(reason) => Self::IllegalTransition(reason),
        }
    }
}
