//! Request errors: nothing was executed. One shape for all of them, as GraphQL over HTTP has it: `errors`, and no `data`.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::media_type::Media;
use crate::graphql::{RequestError, RequestErrors, TOKEN_REQUIRED};

/// Seconds after which to come again when the database did not answer: it is asked four times a second.
pub(in crate::http) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that is a request error.
#[derive(Debug)]
pub(in crate::http) struct Refusal {
    status: StatusCode,
    /// At least one.
    errors: RequestErrors,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(in crate::http) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let bearer = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        let header = (status == StatusCode::UNAUTHORIZED).then_some(bearer);
        Self { status, errors: vec![RequestError { code, message: message.into(), locations: Vec::new() }], header }
    }

    /// What is not a request of GraphQL over HTTP.
    pub(in crate::http) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// What would change something, or lasts, and comes by a method that it must not come by.
    pub(in crate::http) fn method(message: impl Into<String>, allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
    }

    /// What comes too often: when to come again, in seconds.
    pub(in crate::http) fn too_often(code: &'static str, message: impl Into<String>, seconds: u64) -> Self {
        let header = HeaderValue::from(seconds.max(1));
        let header = Some((header::RETRY_AFTER, header));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// A long operation that got no permit.
    pub(in crate::http) fn overloaded() -> Self {
        let told = "too many long operations are being executed or are waiting: try again in some seconds, or ask for less at a time";
        Self::too_often("OVERLOADED", told, 5)
    }

    /// What cannot be answered because the database does not.
    pub(in crate::http) fn unavailable() -> Self {
        let told = "the database does not answer; nothing was changed by this request: try again";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", told) }
    }

    /// What a sound request of GraphQL over HTTP asks for and GraphQL refuses: under the older media type such are answered 200.
    pub(in crate::http) fn of_operation(errors: RequestErrors, media: Media) -> Self {
        let status = if media == Media::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Self { status, errors, header: None }
    }

    /// What only somebody with a token may do, asked for without one.
    pub(in crate::http) fn no_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", TOKEN_REQUIRED)
    }

    /// For the client, in the media type that it wants.
    pub(in crate::http) fn answer(self, media: Media) -> Response {
        let media = if media == Media::Events { Media::GraphqlResponse } else { media };
        let body = json!({ "errors": self.errors() });
        let kind = [
            (header::CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, kind, body.to_string()).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// As a GraphQL response has errors.
    pub(in crate::http) fn errors(&self) -> Value {
        let error = |error: &RequestError| {
            let mut told = json!({ "message": error.message, "extensions": { "code": error.code } });
            if !error.locations.is_empty() {
                told["locations"] = json!(error.locations);
            }
            told
        };
        self.errors.iter().map(error).collect()
    }

    /// For a socket's reason to close: code and message of the first error.
    pub(in crate::http) fn told(&self) -> (&'static str, &str) {
        self.errors.first().map_or(("INTERNAL_SERVER_ERROR", ""), |error| (error.code, &error.message))
    }

    pub(in crate::http) fn status(&self) -> StatusCode {
        self.status
    }
}
