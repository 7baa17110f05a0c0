//! Error type of the domain layer: not found, forbidden, invalid input, illegal transition, stale revision, database
//! failure.
//!
//! Errors are values with a message for people. `FieldError` and `ErrorCode` describe rejected input, `CurrentRevision`
//! what a client needs after an optimistic concurrency conflict. How an error looks in GraphQL or HTTP is not decided
//! here.

use chrono::{DateTime, Utc};
use sea_orm::DbErr;

use super::workflow::WorkflowError;
use crate::{catalog::FilterError, db::DatabaseError};

/// Why something was not done. Nothing was changed then, except with [`DatabaseError::OutcomeUnknown`].
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// It does not exist, or the viewer may not see it; the two are never told apart.
    NotFound(&'static str),
    /// The viewer may not do this.
    Forbidden(String),
    /// Some of what was given cannot be taken.
    Invalid(Vec<FieldError>),
    /// The state that the release is in does not allow it.
    IllegalTransition(String),
    /// It was done under the same key before.
    DuplicateRequest,
    /// Somebody else was quicker.
    StaleRevision(CurrentRevision),
    /// A filter that makes no sense.
    Filter(FilterError),
    /// The time that the request may take was over before this was begun.
    DeadlineExceeded,
    /// The database failed. Nothing was changed, except where it says that the outcome is unknown.
    Db(DatabaseError),
}

/// One thing that was given and cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: `input`, `headline`.
    pub field: Vec<String>,
    /// What sort of error.
    pub code: ErrorCode,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Sorts of errors that an editor can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Something is missing.
    Required,
    /// Something is not of the right form.
    Invalid,
    /// Something is too long.
    TooLong,
    /// Something is used by another.
    Taken,
    /// Something does not exist, or may not be seen.
    NotFound,
    /// It may not be done by this viewer.
    Forbidden,
    /// It may not be done in this state.
    IllegalTransition,
    /// It was changed by somebody else in the meantime.
    StaleRevision,
    /// It would be its own ancestor.
    Cycle,
    /// The database did not answer, and this one of several was not done.
    Unavailable,
    /// Whether this one of several was done is not known.
    OutcomeUnknown,
}

/// What a stale writer needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentRevision {
    /// The number now.
    pub revision: i32,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Error {
    /// One field that cannot be taken.
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

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Self {
        Self::Db(error)
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
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

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(noun) => write!(f, "there is no such {noun}"),
            Self::Forbidden(reason) | Self::IllegalTransition(reason) => f.write_str(reason),
            Self::Invalid(fields) => {
                let list: Vec<String> =
                    fields.iter().map(|error| format!("{}: {}", error.field.join("."), error.message)).collect();
                f.write_str(&list.join("; "))
            }
            Self::StaleRevision(current) => write!(
                f,
                "it was changed meanwhile: it is at revision {} now, made by {} at {}; read it again, then repeat with that expectedRevision",
                current.revision,
                current.by,
                current.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            ),
            Self::DuplicateRequest => f.write_str(
                "this was done before under the same Idempotency-Key, and is not done again; how it was answered then is \
                 not known any more: read what is there now",
            ),
            Self::Filter(error) => write!(f, "{}: {}", error.path.join("."), error.message),
            Self::DeadlineExceeded => {
                f.write_str("the request's time limit (limits.execution_ms) ended before this was begun: it was not done")
            }
            Self::Db(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
