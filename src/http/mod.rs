//! HTTP: which address does what, as one table, and what every answer has in common.

mod auth;
pub mod config;
mod graphql;
mod limits;
mod pages;
mod streaming;
pub mod transport;

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

use crate::app::App;
use config::Origins;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a proxy.
const LONGEST_ID: usize = 100;

/// The application, and what its front door remembers.
struct Front {
    app: Arc<App>,
    answers: graphql::response_cache::Answers,
    persisted: graphql::persisted_queries::Persisted,
    guard: limits::rate_limit::Guard,
}

/// Everything that is served.
pub fn router(app: &Arc<App>) -> Router {
    let edge = &app.edge;
    let front = Arc::new(Front {
        answers: graphql::response_cache::Answers::new(edge),
        persisted: graphql::persisted_queries::Persisted::new(edge),
        guard: limits::rate_limit::Guard::new(edge),
        app: app.clone(),
    });
    Router::new()
        .route("/", get(pages::front))
        .route("/graphql", get(graphql::get).post(graphql::post).fallback(graphql::wrong_method))
        .route("/graphiql", get(pages::query_page))
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .fallback(nowhere)
        .layer(cors(&edge.origins))
        .layer(middleware::from_fn_with_state(front.clone(), every_answer))
        .with_state(front)
}

/// Which pages of other hosts may ask. No cookie gives rights here, so credentials are never allowed.
fn cors(origins: &Origins) -> CorsLayer {
    let allowed = match origins {
        Origins::Any => AllowOrigin::any(),
        Origins::Only(origins) => AllowOrigin::list(origins.iter().cloned()),
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
async fn ready(State(front): State<Arc<Front>>) -> Response {
    match front.app.unready() {
        None => Json(json!({ "status": "ready" })).into_response(),
        Some(reason) => {
            let told = json!({ "status": "not ready", "reason": reason });
            (StatusCode::SERVICE_UNAVAILABLE, Json(told)).into_response()
        }
    }
}

async fn nowhere() -> Response {
    let text = "There is nothing here. The API is at /graphql, a page to try it at /graphiql.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// The headers that every answer has, and one line in the log for each request: never a query, a variable or a token.
async fn every_answer(State(front): State<Arc<Front>>, request: Request, next: Next) -> Response {
    let (method, path, begun) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let id = request_id(&front, &request);
    let address = front.guard.address(request.extensions(), request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Pages of ours bring a policy of their own; whatever else a browser takes for a page does nothing.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.insert(REQUEST_ID, id.clone());
    let operation = response.extensions().get::<graphql::Operation>().and_then(|operation| operation.0.clone());
    tracing::info!(
        target: "dateline::access",
        %method,
        path = path.chars().take(200).collect::<String>(),
        status = response.status().as_u16(),
        // To a microsecond.
        ms = begun.elapsed().as_micros() as f64 / 1000.0,
        %address,
        operation,
        id = id.to_str().unwrap_or_default(),
    );
    response
}

/// A trusted proxy's own id of a request, so that both logs agree; a fresh one otherwise.
fn request_id(front: &Front, request: &Request) -> HeaderValue {
    let trusted = front.guard.is_proxied(request.extensions());
    let told = |headers: &HeaderMap| {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(&byte);
        let id = headers.get(&REQUEST_ID).filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        id.filter(|id| id.as_bytes().iter().all(|byte| sound(*byte))).cloned()
    };
    let fresh = || HeaderValue::from_str(&crate::newsroom::access::public_id::random_id());
    let told = if trusted { told(request.headers()) } else { None };
    told.or_else(|| fresh().ok()).unwrap_or_else(|| HeaderValue::from_static("unknown"))
}
