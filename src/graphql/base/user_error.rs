//! User errors of mutations (`userErrors`): what an editor can correct, with field path and error code.
//!
//! Separates them from failures, which become top-level errors (`error`).

use async_graphql::{Enum, SimpleObject};

use super::{actor::Actor, error::ApiError, scalars::DateTime};
use crate::newsroom::{self, DatabaseError, ErrorCode};

/// Something in a mutation that the editor can mend. Nothing was changed.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct UserError {
    /// Where in the arguments: `["input", "headline"]`. null where it is about the act as a whole.
    field: Option<Vec<String>>,
    /// What sort of error, for programs.
    code: UserErrorCode,
    /// What is wrong and how to mend it, for people.
    message: String,
    /// With STALE_REVISION: what it is now, and whose.
    current: Option<CurrentRevision>,
}

/// What a thing is now, for a writer who came too late.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct CurrentRevision {
    /// The number to give as `expectedRevision` after reading it again.
    revision: i32,
    /// Who changed it.
    by: Actor,
    /// When.
    at: DateTime,
}

/// Sorts of user errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ErrorCode")]
pub enum UserErrorCode {
    /// Something is missing.
    Required,
    /// Something is not of the right form.
    Invalid,
    /// Something is too long.
    TooLong,
    /// Something is used by another.
    Taken,
    /// Something does not exist, or may not be seen by you.
    NotFound,
    /// You may not do this.
    Forbidden,
    /// It cannot be done in this state.
    IllegalTransition,
    /// Somebody changed it since you read it.
    StaleRevision,
    /// It would become its own ancestor.
    Cycle,
    /// The database did not answer, or the time that one request may take was over: this one was not done. Try again.
    Unavailable,
    /// The database was lost while this one was done: it was done, or it was not. Read what is there now.
    OutcomeUnknown,
}

/// What a mutation that does several acts says of one of them, where another was done: a failure of ours must not hide that.
pub fn into_user_errors_of_batch_item<T>(
    result: Result<T, newsroom::Error>,
) -> Result<(Option<T>, Vec<UserError>), ApiError> {
    use newsroom::Error;
    let code = match &result {
        Err(Error::Db(DatabaseError::OutcomeUnknown(_))) => UserErrorCode::OutcomeUnknown,
        Err(Error::Db(_) | Error::DeadlineExceeded) => UserErrorCode::Unavailable,
        _ => return into_user_errors(result),
    };
    let message = result.err().map(|error| ApiError::from(error).message).unwrap_or_default();
    Ok((None, vec![UserError { field: None, code, message, current: None }]))
}

/// What a mutation says of an act: the result, or what the editor can mend.
pub fn into_user_errors<T>(result: Result<T, newsroom::Error>) -> Result<(Option<T>, Vec<UserError>), ApiError> {
    use newsroom::Error;
    let plain = |code: ErrorCode, field: Option<&str>, message: String| UserError {
        field: field.map(|field| vec![field.to_owned()]),
        code: code.into(),
        message,
        current: None,
    };
    let errors = match result {
        Ok(value) => return Ok((Some(value), Vec::new())),
        Err(Error::Invalid(fields)) => {
            let user_error = |error: newsroom::FieldError| UserError {
                field: Some(error.field),
                code: error.code.into(),
                message: error.message,
                current: None,
            };
            fields.into_iter().map(user_error).collect()
        }
        Err(Error::Forbidden(message)) => vec![plain(ErrorCode::Forbidden, None, message)],
        Err(Error::IllegalTransition(message)) => vec![plain(ErrorCode::IllegalTransition, None, message)],
        Err(error @ Error::NotFound(_)) => vec![plain(ErrorCode::NotFound, Some("id"), error.to_string())],
        Err(Error::StaleRevision(current)) => {
            let mut error = plain(
                ErrorCode::StaleRevision,
                Some("expectedRevision"),
                Error::StaleRevision(current.clone()).to_string(),
            );
            error.current = Some(CurrentRevision {
                revision: current.revision,
                by: Actor::of(current.by),
                at: DateTime(current.at),
            });
            vec![error]
        }
        Err(error) => return Err(error.into()),
    };
    Ok((None, errors))
}
