//! Files that pages load: style sheets, scripts and logo.

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::http::{api_pages::not_found, compression::ContentCoding, state::HttpState};

/// Handles a request for a file that pages load.
pub(in crate::http) async fn asset(
    State(state): State<Arc<HttpState>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let address = state.trusted_proxies.client_ip(request.extensions(), request.headers());
    if let Err(error) = state.limiter.check_rate(address, None) {
        return error.into_text_response();
    }
    let Some(asset) = state.assets.get(&name) else { return not_found().await };
    // An address with the version of the content never gets other content.
    let is_versioned = request.uri().query() == Some(&asset.version);
    let cache = if is_versioned { "public, max-age=31536000, immutable" } else { "no-cache" };
    // Images are compressed already.
    let is_text = !asset.media_type.starts_with("image/") || asset.media_type.contains("svg");
    let coding = if is_text { ContentCoding::negotiate(request.headers()) } else { ContentCoding::Identity };
    let (content, coding) = coding.encode(asset.content.clone().into_owned());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let content = state.limiter.memory.track(address, content);
    let mut response = (headers, content).into_response();
    if let Some(coding) = coding.header() {
        response.headers_mut().insert(header::CONTENT_ENCODING, coding);
    }
    response
}
