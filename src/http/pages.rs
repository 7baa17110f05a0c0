//! The pages for people: where things are, and one to try queries on. They load nothing from anywhere else.

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

const FRONT: &str = include_str!("front.html");
const QUERY_PAGE: &str = include_str!("graphiql.html");

/// Only what the page itself holds, and requests to this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PLAIN: &str = "Dateline\n\n\
    /graphql       the API: POST, JSON\n\
    /graphiql      a page to try it on\n\
    /health/live   whether the process runs\n\
    /health/ready  whether it can answer\n";

/// `/`: where things are.
pub(super) async fn front(headers: HeaderMap) -> Response {
    let browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if browser { html(FRONT) } else { PLAIN.into_response() }
}

/// `/graphiql`: a page to try queries on.
pub(super) async fn query_page() -> Response {
    html(QUERY_PAGE)
}

fn html(page: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, page).into_response()
}
