//! HTTP: which address does what, as one table, and what every answer has in common.

mod graphql;
mod negotiation;
mod once;
mod pages;
pub mod server;

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

use crate::app::App;

/// Largest request body: a release's body is at most 1,000,000 characters, and JSON may write each in six bytes.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Everything that is served.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/graphql", post(graphql::post).fallback(graphql::wrong_method))
        .route("/graphiql", get(pages::query_page))
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(access_log))
        .with_state(app)
}

/// Whether this server can answer: its database does, and its catalog has followed.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.ready().await {
        Ok(()) => Json(json!({ "status": "ready", "releases": app.room.catalog.snapshot().len() })).into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({ "status": "not ready", "reason": "the database does not answer" })),
            )
                .into_response()
        }
    }
}

async fn nowhere() -> Response {
    let text = "There is nothing here. The API is at /graphql (POST), a page to try it at /graphiql.\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// One line for each request, and the headers that every answer has. Never a query, a variable or a token.
async fn access_log(request: Request, next: Next) -> Response {
    let (method, path, begun) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let id = uuid::Uuid::now_v7().simple().to_string();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let operation = response.extensions().get::<graphql::Operation>().and_then(|operation| operation.0.clone());
    tracing::info!(
        target: "dateline::access",
        %method,
        path = path.chars().take(200).collect::<String>(),
        status = response.status().as_u16(),
        ms = begun.elapsed().as_secs_f64() * 1000.0,
        operation,
        id,
    );
    response
}
