//! Request errors: nothing was executed. One shape for all of them, as GraphQL over HTTP has it: `errors`, and no `data`.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::negotiation::Media;
use crate::graphql::GateRefusal;

/// Seconds after which to come again when the database did not answer: it is asked four times a second.
pub(super) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An answer that is a request error.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let bearer = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        let header = (status == StatusCode::UNAUTHORIZED).then_some(bearer);
        Self { status, code, message: message.into(), header }
    }

    /// What is not a request of GraphQL over HTTP.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// What would change something, or lasts, and comes by a method that it must not come by.
    pub(super) fn method(message: impl Into<String>, allowed: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        Self { header, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message) }
    }

    /// What comes too often: when to come again, in seconds.
    pub(super) fn too_often(code: &'static str, message: impl Into<String>, seconds: u64) -> Self {
        let header = HeaderValue::from(seconds.max(1));
        let header = Some((header::RETRY_AFTER, header));
        Self { header, ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message) }
    }

    /// What cannot be answered because the database does not.
    pub(super) fn unavailable() -> Self {
        let told = "the database does not answer; nothing was changed by this request: try again";
        let header = Some((header::RETRY_AFTER, RETRY_AFTER));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", told) }
    }

    /// What a sound request asks for and does not get past the gate: under the older media type such are answered 200.
    pub(super) fn at_gate(refusal: GateRefusal, media: Media) -> Self {
        let status = if media == Media::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Self::new(status, refusal.code, refusal.message)
    }

    /// For the client, in the media type that it wants.
    pub(super) fn answer(self, media: Media) -> Response {
        let media = if media == Media::Events { Media::GraphqlResponse } else { media };
        let body = json!({ "errors": [{ "message": self.message, "extensions": { "code": self.code } }] });
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

    /// For a socket or an event stream: code and message.
    pub(super) fn told(&self) -> (&'static str, &str) {
        (self.code, &self.message)
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}
