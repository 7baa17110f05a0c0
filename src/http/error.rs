//! HTTP error responses of requests that were not executed: status, error code, message and headers (`Retry-After`,
//! `Allow`).
//!
//! All have the shape of a GraphQL response with `errors` and without `data`. Under `application/json`, GraphQL request
//! errors have status 200.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::media_type::MediaType;
use crate::error_code::{self, ErrorCode};
use crate::graphql::{RequestError, RequestErrors, TOKEN_REQUIRED};

/// Seconds after which to come again when the database did not answer: it is asked four times a second.
pub(in crate::http) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that is a request error.
#[derive(Debug)]
pub(in crate::http) struct HttpError {
    status: StatusCode,
    /// At least one.
    errors: RequestErrors,
    header: Option<(HeaderName, HeaderValue)>,
}

impl HttpError {
    pub(in crate::http) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let challenge = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        let header = (status == StatusCode::UNAUTHORIZED).then_some(challenge);
        Self { status, errors: vec![RequestError { code, message: message.into(), locations: Vec::new() }], header }
    }

    /// What is not a request of GraphQL over HTTP.
    pub(in crate::http) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error_code::BAD_REQUEST, message)
    }

    /// What would change something, or lasts, and comes by a method that it must not come by.
    pub(in crate::http) fn method_not_allowed(message: impl Into<String>, allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error_code::METHOD_NOT_ALLOWED, message) }
    }

    /// A mutation that came by GET, which links and images send.
    pub(in crate::http) fn mutation_by_get() -> Self {
        Self::method_not_allowed("mutations change something: send them by POST", "POST")
    }

    /// What comes too often: when to come again, in seconds.
    pub(in crate::http) fn too_many_requests(code: ErrorCode, message: impl Into<String>, seconds: u64) -> Self {
        let header = HeaderValue::from(seconds.max(1));
        let header = Some((header::RETRY_AFTER, header));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// A long operation that got no permit.
    pub(in crate::http) fn overloaded() -> Self {
        let message = "too many long operations are being executed or are waiting: try again in some seconds, or ask for less at a time";
        Self::too_many_requests(error_code::OVERLOADED, message, 5)
    }

    /// What cannot be answered because the database does not.
    pub(in crate::http) fn unavailable() -> Self {
        let message = "the database does not answer; nothing was changed by this request: try again";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message) }
    }

    /// What a sound request of GraphQL over HTTP asks for and GraphQL refuses: under the older media type such are answered 200.
    pub(in crate::http) fn from_request_errors(errors: RequestErrors, media: MediaType) -> Self {
        let status = if media == MediaType::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Self { status, errors, header: None }
    }

    /// What only somebody with a token may do, asked for without one.
    pub(in crate::http) fn missing_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error_code::UNAUTHENTICATED, TOKEN_REQUIRED)
    }

    /// For the client, in the media type that it wants.
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

    /// As a GraphQL response has errors.
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

    /// The message of the first error, as the reason for closing a WebSocket.
    pub(in crate::http) fn message(&self) -> &str {
        self.errors.first().map_or("", |error| &error.message)
    }

    pub(in crate::http) fn status(&self) -> StatusCode {
        self.status
    }
}
