//! Responses that are not cached by the server: errors, redirects and previews.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{http::error::RETRY_AFTER, site::Document};

/// Value of the `Vary` header: the request headers on which a page depends.
pub(super) const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");

/// Returns the response for a page that says what is wrong.
pub(super) fn error_response(document: Document) -> Response {
    let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(document.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, VARY),
    ];
    let mut response = (status, headers, document.body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

/// Returns the response for a preview, which no cache may store.
pub(super) fn private_response(document: Document) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(document.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    (headers, document.body).into_response()
}

/// Returns a redirect.
pub(super) fn redirect(status: u16, location: &str, max_age: u64) -> Response {
    let Ok(target) = HeaderValue::from_str(&ascii_url(location)) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, target);
    // A client that prefers Markdown is redirected to Markdown.
    response.headers_mut().insert(header::VARY, VARY);
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={max_age}")) {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response
}

/// Returns a URL with everything percent-encoded that is not ASCII.
fn ascii_url(url: &str) -> String {
    url.bytes().fold(String::with_capacity(url.len()), |mut encoded, byte| {
        if byte.is_ascii() {
            encoded.push(char::from(byte))
        } else {
            encoded += &format!("%{byte:02X}")
        }
        encoded
    })
}
