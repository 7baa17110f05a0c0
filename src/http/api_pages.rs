//! The home page (`/`) of a server without public pages, and the text at unknown addresses.
//!
//! The page loads nothing from other hosts.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::state::HttpState;
use crate::config::SiteInfo;

const HOME_PAGE: &str = include_str!("api_only.html");

/// Content security policy of the page: allows only inline styles.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PLAIN_TEXT: &str = "Dateline\n\n\
    /graphql       the API: GET or POST, JSON\n\
    /graphiql      a page for running queries\n\
    /health/live   liveness: the process runs\n\
    /health/ready  readiness: the server can respond\n";

/// Handles `/`: returns a page with the newsroom's name and links to the API. Clients that are not browsers get plain
/// text.
pub(super) async fn home(State(state): State<Arc<HttpState>>, headers: HeaderMap) -> Response {
    let is_browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !is_browser {
        return PLAIN_TEXT.into_response();
    }
    let SiteInfo { name, publisher, .. } = &*state.app.site_info;
    html(HOME_PAGE.replace("{{name}}", &escape_html(name)).replace("{{publisher}}", &escape_html(publisher)))
}

/// Handles an unknown path: returns a short text that names the API.
pub(super) async fn not_found() -> Response {
    let text = "Not found. The API is at /graphql, a page for running queries at /graphiql.\n";
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache"), (header::VARY, "accept")], text).into_response()
}

/// Escapes text for HTML.
fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn html(page: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, page).into_response()
}
