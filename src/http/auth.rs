//! Bearer token authentication (RFC 6750): reads the `Authorization` header, authenticates the caller, and maps
//! authentication failures to 401 errors.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};

use super::{error::HttpError, state::HttpState};
use crate::{auth::viewer::Viewer, error_code, newsroom::access::tokens::AuthError};

/// Returns the token in the `Authorization` header, or `None` if the request has no such header. Fails if the header
/// is malformed.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let secret = value.to_str().ok().and_then(parse_bearer);
    secret.map(Some).ok_or_else(|| {
        HttpError::new(
            StatusCode::UNAUTHORIZED,
            error_code::UNAUTHENTICATED,
            "the Authorization header is malformed: write \"Bearer\", a space and the token, or leave it out",
        )
    })
}

/// Returns the token in a value of the form `Bearer …`, or `None` if the value has another form.
pub(super) fn parse_bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    Some(secret.trim()).filter(|secret| scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty())
}

/// Maps an authentication failure to an HTTP error.
pub(super) fn auth_error(error: AuthError) -> HttpError {
    let message = match error {
        AuthError::Unknown => {
            "the token is unknown: check that it is complete and was created in the database of this server".to_owned()
        }
        AuthError::Expired(at) => {
            format!("the token expired at {}: request a new one", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        }
        AuthError::Revoked => "the token was revoked: request a new one".to_owned(),
        AuthError::Rejected(reason) => reason,
        AuthError::Db(error) => {
            // The database layer has already logged that the database does not respond.
            tracing::debug!(%error, "token lookup failed");
            return HttpError::unavailable();
        }
    };
    HttpError::new(StatusCode::UNAUTHORIZED, error_code::UNAUTHENTICATED, message)
}

/// Authenticates the caller. If the token is invalid, records a failed authentication of the client IP, which may
/// lead to a lockout.
pub(super) async fn authenticate(
    state: &HttpState,
    bearer: Option<&str>,
    address: IpAddr,
) -> Result<Viewer, HttpError> {
    state.app.authenticate(bearer).await.map_err(|error| {
        let http_error = auth_error(error);
        if http_error.status() == StatusCode::UNAUTHORIZED {
            state.limiter.record_auth_failure(address);
        }
        http_error
    })
}
