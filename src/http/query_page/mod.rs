//! The pages for running queries: GraphiQL at `/graphiql`, and a page of this program at `/graphiql/basic`.
//!
//! The files of GraphiQL come from another host, by default a public CDN. If they cannot be loaded, the script of the
//! page opens the basic page instead. If the setting `graphiql.base_url` is empty, `/graphiql` is the basic page, which
//! loads nothing from other hosts.
//!
//! - `files`: files of GraphiQL with their hashes
//! - `assets`: pages, scripts and style sheets that are part of this program

mod files;

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::state::HttpState;
use files::{SCRIPTS, STYLES, json_list, policy_sources};

const GRAPHIQL_PAGE: &str = include_str!("assets/graphiql.html");
const BASIC_PAGE: &str = include_str!("assets/basic.html");

/// Placeholder in both pages for the path of the public address.
const BASE: &str = "{{base}}";

/// Placeholder in the page of GraphiQL for the list of its files.
const FILES: &str = "{{files}}";

/// Placeholder in the basic page for the link to GraphiQL.
const LINK: &str = "{{graphiql-link}}";

/// Files below `/graphiql/assets/`: name, media type, content.
const ASSETS: [(&str, &str, &str); 9] = [
    ("basic.css", CSS, include_str!("assets/basic.css")),
    ("basic.js", JAVASCRIPT, include_str!("assets/basic.js")),
    ("client.js", JAVASCRIPT, include_str!("assets/client.js")),
    ("completion.js", JAVASCRIPT, include_str!("assets/completion.js")),
    ("cursor.js", JAVASCRIPT, include_str!("assets/cursor.js")),
    ("examples.json", "application/json", include_str!("assets/examples.json")),
    ("graphiql.css", CSS, include_str!("assets/graphiql.css")),
    ("graphiql.js", JAVASCRIPT, include_str!("assets/graphiql.js")),
    ("schema.js", JAVASCRIPT, include_str!("assets/schema.js")),
];
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Content security policy of the basic page: only files and requests of this server, nothing inline.
const BASIC_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Handles `/graphiql`.
pub(super) async fn main_page(State(state): State<Arc<HttpState>>) -> Response {
    match &state.app.http_config.graphiql_base_url {
        Some(base_url) => html(&state, &GRAPHIQL_PAGE.replace(FILES, &json_list(base_url)), &graphiql_policy(base_url)),
        None => html(&state, &BASIC_PAGE.replace(LINK, ""), BASIC_POLICY),
    }
}

/// Handles `/graphiql/basic`.
pub(super) async fn basic_page(State(state): State<Arc<HttpState>>) -> Response {
    let has_graphiql = state.app.http_config.graphiql_base_url.is_some();
    let link =
        if has_graphiql { "<a id=\"graphiql-link\" href=\"{{base}}/graphiql\">Open in GraphiQL</a>" } else { "" };
    html(&state, &BASIC_PAGE.replace(LINK, link), BASIC_POLICY)
}

/// Handles a request for a file that the pages load from this server.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some((_, media_type, content)) = ASSETS.iter().find(|(known, _, _)| *known == name) else {
        return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-cache")], "Not found.\n").into_response();
    };
    ([(header::CONTENT_TYPE, *media_type), (header::CACHE_CONTROL, "no-cache")], *content).into_response()
}

/// Returns the content security policy of the page of GraphiQL. It names each file of GraphiQL, so no other script or
/// style sheet of the other host can be loaded. Scripts must not be inline. Styles may be inline, because the dialogs
/// and menus of GraphiQL add `style` elements to the page. Its style sheet contains its fonts and images.
fn graphiql_policy(base_url: &str) -> String {
    let (scripts, styles) = (policy_sources(base_url, &SCRIPTS), policy_sources(base_url, &STYLES));
    format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'{styles}; connect-src 'self'; \
         font-src data:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn html(state: &HttpState, page: &str, policy: &str) -> Response {
    let page = page.replace(BASE, state.app.site_info.base_path());
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let mut response = (headers, page).into_response();
    // The settings refuse a base URL with characters that a header cannot contain. Without a valid policy, the router
    // adds one that allows nothing.
    if let Ok(policy) = HeaderValue::from_str(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
