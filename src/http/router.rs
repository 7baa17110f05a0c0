//! Route table, CORS, security headers, request ids, access log and health checks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tracing::Instrument;

use super::{
    api_pages,
    graphql::{handler, params::OperationName},
    query_page, site,
    state::HttpState,
};
use crate::{app::App, config::AllowedOrigins, newsroom::access::public_id::random_id};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Maximum length of a request id that the server accepts from a trusted proxy, in characters.
const MAX_REQUEST_ID_LENGTH: usize = 100;

/// Returns the router with all routes.
pub fn router(app: &Arc<App>) -> Router {
    let config = &app.http_config;
    let state = Arc::new(HttpState::new(app));
    let pages = if app.site_info.has_pages {
        Router::new().route("/assets/{name}", get(site::asset)).fallback(site::page)
    } else {
        Router::new().route("/", get(api_pages::home)).fallback(api_pages::not_found)
    };
    pages
        .route("/graphql", get(handler::get).post(handler::post).fallback(handler::method_not_allowed))
        .route("/graphiql", get(query_page::main_page))
        .route("/graphiql/basic", get(query_page::basic_page))
        .route("/graphiql/assets/{name}", get(query_page::asset))
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .layer(cors(&config.origins))
        .layer(middleware::from_fn_with_state(state.clone(), add_headers_and_log))
        .with_state(state)
}

/// Returns the CORS layer for the allowed origins. The API does not use cookies, so credentials are never allowed.
fn cors(origins: &AllowedOrigins) -> CorsLayer {
    let allowed = match origins {
        AllowedOrigins::Any => AllowOrigin::any(),
        AllowedOrigins::Only(origins) => AllowOrigin::list(origins.iter().cloned()),
    };
    let exposed = ["etag", "idempotent-replayed", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}

/// Handles the readiness check: whether the database responds and the catalog is current. Returns the last known
/// state, so a check needs no database query. A server is ready while its search index is built.
async fn ready(State(state): State<Arc<HttpState>>) -> Response {
    match state.app.unready_reason() {
        None => {
            let search = state.app.search_progress().map(|percent| json!({ "percent": percent }));
            Json(json!({ "status": "ready", "search": search })).into_response()
        }
        Some(reason) => {
            let body = json!({ "status": "not ready", "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

/// Adds the headers that every response has, and logs one line per request. The log never contains a query, a
/// variable or a token.
async fn add_headers_and_log(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let (method, path, started) = (request.method().clone(), logged_path(request.uri().path()), Instant::now());
    let id = request_id(&state, &request);
    let address = state.trusted_proxies.client_ip(request.extensions(), request.headers());
    // A span of level ERROR is enabled at every log level, so each log line of a request contains the request id.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span.clone()).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // An embedded chart names the sites that may show it in a frame.
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    if policy.is_none_or(|policy| policy.contains("frame-ancestors 'none'") || !policy.contains("frame-ancestors")) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    // Pages set their own content security policy. For all other responses, this policy forbids a browser to load or
    // run anything.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert(REQUEST_ID, id.clone());
    let operation = response.extensions().get::<OperationName>().and_then(|operation| operation.0.clone());
    tracing::info!(
        target: "dateline::access",
        parent: &span,
        %method,
        path,
        status = response.status().as_u16(),
        // Milliseconds, with one decimal.
        ms = (started.elapsed().as_micros() / 100) as f64 / 10.0,
        %address,
        operation,
    );
    response
}

/// Returns a path for the access log: without the token of a preview link, and cut if it is long.
fn logged_path(path: &str) -> String {
    let path = if path.starts_with(site::PREVIEW_PATH) { "/preview/…" } else { path };
    path.chars().take(200).collect()
}

/// Returns the id of a request. If a trusted proxy sent an id, that id is used, so that the proxy's log and the
/// server's log agree. Otherwise generates a new id.
fn request_id(state: &HttpState, request: &Request) -> HeaderValue {
    let is_proxied = state.trusted_proxies.is_from_trusted_proxy(request.extensions());
    let forwarded = |headers: &HeaderMap| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(&byte);
        let id = headers.get(&REQUEST_ID).filter(|id| !id.is_empty() && id.len() <= MAX_REQUEST_ID_LENGTH);
        id.filter(|id| id.as_bytes().iter().all(|byte| is_allowed(*byte))).cloned()
    };
    let generated = || HeaderValue::from_str(&random_id());
    let forwarded = if is_proxied { forwarded(request.headers()) } else { None };
    forwarded.or_else(|| generated().ok()).unwrap_or_else(|| HeaderValue::from_static("unknown"))
}
