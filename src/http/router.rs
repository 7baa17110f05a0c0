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
    graphql::{handler, params::OperationName},
    pages,
    state::HttpState,
};
use crate::{app::App, config::AllowedOrigins, newsroom::access::public_id::random_id};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a proxy.
const MAX_REQUEST_ID_LENGTH: usize = 100;

/// Everything that is served.
pub fn router(app: &Arc<App>) -> Router {
    let config = &app.http_config;
    let state = Arc::new(HttpState::new(app));
    Router::new()
        .route("/", get(pages::home))
        .route("/graphql", get(handler::get).post(handler::post).fallback(handler::method_not_allowed))
        .route("/graphiql", get(pages::query_page))
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .fallback(not_found)
        .layer(cors(&config.origins))
        .layer(middleware::from_fn_with_state(state.clone(), add_headers_and_log))
        .with_state(state)
}

/// Which pages of other hosts may ask. No cookie gives rights here, so credentials are never allowed.
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

/// Whether this server can answer: its database does, and its catalog has followed. Costs nothing: what was seen last is told.
async fn ready(State(state): State<Arc<HttpState>>) -> Response {
    match state.app.unready_reason() {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => {
            let body = json!({ "status": "not ready", "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn not_found() -> Response {
    let text = "There is nothing here. The API is at /graphql, a page to try it at /graphiql.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// The headers that every answer has, and one line in the log for each request: never a query, a variable or a token.
async fn add_headers_and_log(State(state): State<Arc<HttpState>>, request: Request, next: Next) -> Response {
    let (method, path, started) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let id = request_id(&state, &request);
    let address = state.trusted_proxies.client_ip(request.extensions(), request.headers());
    // An error span is enabled at every log level, so each line of a request has its id.
    let span = tracing::error_span!("request", id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span.clone()).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Pages of ours bring a policy of their own; whatever else a browser takes for a page does nothing.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert(REQUEST_ID, id.clone());
    let operation = response.extensions().get::<OperationName>().and_then(|operation| operation.0.clone());
    tracing::info!(
        target: "dateline::access",
        parent: &span,
        %method,
        path = path.chars().take(200).collect::<String>(),
        status = response.status().as_u16(),
        // To a tenth of a millisecond.
        ms = (started.elapsed().as_micros() / 100) as f64 / 10.0,
        %address,
        operation,
    );
    response
}

/// A trusted proxy's own id of a request, so that both logs agree; a fresh one otherwise.
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
