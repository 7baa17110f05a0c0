//! User errors of mutations (`userErrors`): errors that an editor can correct, with field path and error code.
//!
//! All other errors become top-level errors, which are defined in `error`.

use async_graphql::{Enum, SimpleObject};

use super::{actor::Actor, error::ApiError, scalars::DateTime};
use crate::newsroom::{self, DatabaseError, ErrorCode};

/// A mutation error that an editor can correct. Unless `code` is OUTCOME_UNKNOWN, the object was not changed.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct UserError {
    /// The path of the argument that caused the error, for example `["input", "headline"]`. null if no argument
    /// caused it.
    field: Option<Vec<String>>,
    /// The error code, for programs.
    code: UserErrorCode,
    /// A message for people that says what is wrong and how to correct it.
    message: String,
    /// The current revision of the object. null unless `code` is STALE_REVISION.
    current: Option<CurrentRevision>,
}

/// The current revision of an object. Returned if the `expectedRevision` of a request is outdated.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(serial)]
pub struct CurrentRevision {
    /// The number of the current revision. Read the object again before you pass this number as `expectedRevision`.
    revision: i32,
    /// The author of the current revision, or of the last change.
    by: Actor,
    /// When the last change was made.
    at: DateTime,
}

/// The error codes of user errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "ErrorCode")]
pub enum UserErrorCode {
    /// A required value is missing.
    Required,
    /// A value is invalid.
    Invalid,
    /// A value is too long.
    TooLong,
    /// A value must be unique, but another object has or had the same value.
    Taken,
    /// An object does not exist, or you may not see it.
    NotFound,
    /// You are not allowed to do this.
    Forbidden,
    /// The action is not possible in the present state of the object.
    IllegalTransition,
    /// The object was changed after you read it.
    StaleRevision,
    /// An object would become its own ancestor, or a redirect would lead back to its own release.
    Cycle,
    /// Only for `releasesTransition`: the database did not respond, or the request reached its time limit. This
    /// release was not changed. Try again.
    Unavailable,
    /// Only for `releasesTransition`: the connection to the database was lost during the change, so it is unknown
    /// whether the release was changed. Read the release again.
    OutcomeUnknown,
}

/// Converts the result of one item of a batch in which another item succeeded or may have succeeded. Database
/// failures and timeouts become user errors, because a top-level error would hide the results of the other items.
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

/// Converts the result of a command to its value, or to the errors that an editor can correct. All other errors are
/// returned as `Err`.
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
