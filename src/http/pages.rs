//! The pages for people: where things are, and one to try queries on. They load nothing from anywhere else.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::Front;
use crate::app::Masthead;

const FRONT: &str = include_str!("front.html");
const QUERY_PAGE: &str = include_str!("graphiql.html");

/// Only what the page itself holds, and requests to this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PLAIN: &str = "Dateline\n\n\
    /graphql       the API: GET or POST, JSON\n\
    /graphiql      a page to try it on\n\
    /health/live   whether the process runs\n\
    /health/ready  whether it can answer\n";

/// `/`: whose newsroom it is, and where things are.
pub(super) async fn front(State(front): State<Arc<Front>>, headers: HeaderMap) -> Response {
    let browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !browser {
        return PLAIN.into_response();
    }
    let Masthead { name, publisher } = &front.app.masthead;
    html(FRONT.replace("{{name}}", &escaped(name)).replace("{{publisher}}", &escaped(publisher)))
}

/// `/graphiql`: a page to try queries on.
pub(super) async fn query_page() -> Response {
    html(QUERY_PAGE)
}

/// A text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn html(page: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, page).into_response()
}
