//! HTTP error responses to requests that were not executed: status, error code, message and headers (`Retry-After`,
//! `Allow`).
//!
//! Every error response has the shape of a GraphQL response with `errors` and without `data`. If its media type is
//! `application/json`, a GraphQL request error has status 200.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::media_type::MediaType;
use crate::{
    error_code::{self, ErrorCode},
    graphql::{RequestError, RequestErrors, TOKEN_REQUIRED},
};

/// Value of `Retry-After`, in seconds, if the database does not respond. The server checks four times a second
/// whether the database responds again.
pub(in crate::http) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error response to a request that was not executed. It has `errors` and no `data`.
#[derive(Debug)]
pub(in crate::http) struct HttpError {
    status: StatusCode,
    /// The errors. Never empty.
    errors: RequestErrors,
    header: Option<(HeaderName, HeaderValue)>,
}

impl HttpError {
    pub(in crate::http) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        let header = (status == StatusCode::UNAUTHORIZED).then_some(challenge);
        Self { status, errors: vec![RequestError { code, message: message.into(), locations: Vec::new() }], header }
    }

    /// Returns a 400 error: the request violates GraphQL over HTTP.
    pub(in crate::http) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_code::BAD_REQUEST, message)
    }

    /// Returns a 405 error: a mutation or subscription was sent with a method that does not allow it.
    pub(in crate::http) fn method_not_allowed(message: impl Into<String>, allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error_code::METHOD_NOT_ALLOWED, message) }
    }

    /// Returns the error for a mutation sent by GET. Browsers send GET requests for links and images, so mutations
    /// must use POST.
    pub(in crate::http) fn mutation_by_get() -> Self {
        Self::method_not_allowed("mutations must be sent by POST", "POST")
    }

    /// Returns a 429 error with `Retry-After` in seconds.
    pub(in crate::http) fn too_many_requests(code: ErrorCode, message: impl Into<String>, seconds: u64) -> Self {
        let header = HeaderValue::from(seconds.max(1));
        let header = Some((header::RETRY_AFTER, header));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// Returns a 429 error: a long operation got no permit.
    pub(in crate::http) fn overloaded() -> Self {
        let message =
            "too many long operations are running or queued: retry in a few seconds, or request less data at a time";
        Self::too_many_requests(error_code::OVERLOADED, message, 5)
    }

    /// Returns a 503 error: the request failed because the database does not respond.
    pub(in crate::http) fn unavailable() -> Self {
        let message = "the database does not respond; this request changed nothing: retry";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message) }
    }

    /// Returns the error for a well-formed HTTP request whose GraphQL operation is invalid. Its status is 200 for
    /// `application/json` and 400 for other media types.
    pub(in crate::http) fn from_request_errors(errors: RequestErrors, media: MediaType) -> Self {
        let status = if media == MediaType::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Self { status, errors, header: None }
    }

    /// Returns a 401 error: the request requires a token but has none.
    pub(in crate::http) fn missing_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error_code::UNAUTHENTICATED, TOKEN_REQUIRED)
    }

    /// Converts the error to a response in the media type that the client accepts. Event streams cannot contain this
    /// error, so a client that accepts them gets JSON.
    pub(in crate::http) fn into_response_as(self, media: MediaType) -> Response {
        let media = if media == MediaType::Events { MediaType::GraphqlResponse } else { media };
        let body = json!({ "errors": self.errors() });
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, headers, body.to_string()).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// Converts the error to a response in plain text, for requests for pages.
    pub(in crate::http) fn into_text_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, headers, format!("{}\n", self.message())).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// Returns the `errors` list of a GraphQL response.
    pub(in crate::http) fn errors(&self) -> Value {
        let error = |error: &RequestError| {
            let mut json = json!({ "message": error.message, "extensions": { "code": error.code } });
            if !error.locations.is_empty() {
                json["locations"] = json!(error.locations);
            }
            json
        };
        self.errors.iter().map(error).collect()
    }

    /// Returns the message of the first error, used as the reason for closing a WebSocket.
    pub(in crate::http) fn message(&self) -> &str {
        self.errors.first().map_or("", |error| &error.message)
    }

    pub(in crate::http) fn status(&self) -> StatusCode {
        self.status
    }
}
