//! Public pages and feeds over HTTP: rate limit, response cache, conditional requests, content negotiation and
//! compression. The module `site` makes the documents.
//!
//! Pages ignore tokens: everybody gets what the public may see. A response depends on the path, the query string and
//! the headers in `VARY` only.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use entity::Noun;

use super::{
    api_pages::not_found,
    compression::ContentCoding,
    error::{HttpError, RETRY_AFTER},
    graphql::params::OperationName,
    limits::rate_limit::caller,
    response_cache::{CachedResponse, DataVersion, ResponseCache},
    state::HttpState,
};
use crate::{
    blocking,
    site::{self, Document, Target, Visit},
};

/// Path below which previews are. Their addresses are secret, so they are not logged.
pub(super) const PREVIEW_PATH: &str = "/preview/";

/// Content security policy of pages: styles, scripts and images of this server only, nothing inline, no frames.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

/// Value of the `Vary` header: the request headers on which a page depends.
const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");

/// Class of pages in the keys of the response cache.
const PAGE: u8 = 2;

/// Minimum length of a document, in bytes, that is compressed on a blocking thread.
const LONG_DOCUMENT: usize = 128 * 1024;

/// Handles a request for a file that pages load.
pub(super) async fn asset(State(state): State<Arc<HttpState>>, Path(name): Path<String>, request: Request) -> Response {
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

/// Handles a request for a page or feed, and for any path that nothing else handles.
pub(super) async fn page(State(state): State<Arc<HttpState>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if ![Method::GET, Method::HEAD].contains(&parts.method) {
        if !site::is_page(parts.uri.path()) {
            return not_found().await;
        }
        return HttpError::method_not_allowed("pages are read by GET", "GET, HEAD").into_text_response();
    }
    let address = state.trusted_proxies.client_ip(&parts.extensions, &parts.headers);
    let path = parts.uri.path();
    let query = site::known_query(path, parts.uri.query().unwrap_or_default());
    let target = Target { path, query: &query, prefers_markdown: prefers_markdown(&parts.headers) };
    let mut rate_limit_headers = Vec::new();
    let result = async {
        rate_limit_headers = state.limiter.check_rate(address, None)?;
        state.limiter.memory.check_capacity(address)?;
        respond(&state, &parts.headers, address, target).await
    };
    let mut response = result.await.unwrap_or_else(HttpError::into_text_response);
    let headers = response.headers_mut();
    for (name, value) in rate_limit_headers {
        headers.insert(name, value);
    }
    // A 304 has the policy, too: browsers replace the headers of the stored page by those of the 304.
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    if headers.contains_key(header::VARY) {
        headers.insert(header::VARY, VARY);
    }
    response
}

async fn respond(
    state: &Arc<HttpState>,
    headers: &HeaderMap,
    address: IpAddr,
    target: Target<'_>,
) -> Result<Response, HttpError> {
    let coding = ContentCoding::negotiate(headers);
    let bytes = format!("{}?{}", target.path, target.query);
    let key = ResponseCache::key(PAGE, bytes.as_bytes(), target.prefers_markdown.into(), coding);
    let track = |bytes| state.limiter.memory.track(address, bytes);
    let cached_response = |cached: &CachedResponse| {
        if cached.is_known_to_client(headers, &state.app) {
            return cached.not_modified(&state.app);
        }
        cached.to_get_response(track(cached.body.clone()), &state.app)
    };
    if let Some(cached) = state.response_cache.get(&key, &state.app) {
        return Ok(cached_response(&cached));
    }
    // The permit is held until the response is encoded.
    let _permit = state.limiter.execution_permit(caller(address, None)).await?;
    let app = &state.app;
    let now = app.clock.now();
    let limit = Duration::from_millis(app.http_config.limits.execution_ms);
    let visit = Visit::new(&app.newsroom, &app.site_info, &state.assets, now);
    let document = async {
        if site::is_heavy(target.path) {
            respond_on_thread(state, target, now).await
        } else {
            site::respond(&visit, target).await
        }
    };
    let document = tokio::time::timeout(limit, document).await.map_err(|_| HttpError::unavailable())?;
    let Some(document) = document else {
        let accepts_html = headers
            .get(header::ACCEPT)
            .is_some_and(|accept| accept.to_str().is_ok_and(|text| text.contains("text/html")));
        // Programs get a short text that names the API.
        return Ok(if accepts_html { error_response(site::nothing_here(&visit)) } else { not_found().await });
    };
    if document.status >= 400 {
        let mut response = error_response(document);
        if target.path.starts_with(PREVIEW_PATH) {
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        }
        return Ok(response);
    }
    if let Some(location) = &document.location {
        return Ok(redirect(document.status, location, app.http_config.max_age));
    }
    if document.is_private {
        return Ok(private_response(document));
    }
    let version = DataVersion::of(visit.visible.snapshot());
    let valid_until = document.valid_until;
    let releases = document.releases.iter().map(|&id| app.newsroom.ids.encode(Noun::Release, id)).collect();
    let last_modified = last_modified(state, &visit);
    let media_type = document.media_type;
    let body = document.body.into_bytes();
    let is_long = body.len() >= LONG_DOCUMENT;
    let build = move || {
        let (body, used) = coding.encode(body);
        let validity = (version, valid_until);
        let operation = OperationName(None);
        Arc::new(CachedResponse::new(validity, Some(last_modified), (media_type, used), body, operation, releases))
    };
    let cached = if is_long { blocking::run(build).await } else { build() };
    state.response_cache.insert(key, &cached);
    Ok(cached_response(&cached))
}

/// Makes a document that takes long on a blocking thread.
async fn respond_on_thread(state: &Arc<HttpState>, target: Target<'_>, now: DateTime<Utc>) -> Option<Document> {
    let (state, path, query) = (state.clone(), target.path.to_owned(), target.query.to_owned());
    let runtime = tokio::runtime::Handle::current();
    let respond = move || {
        let visit = Visit::new(&state.app.newsroom, &state.app.site_info, &state.assets, now);
        let target = Target { path: &path, query: &query, prefers_markdown: false };
        runtime.block_on(site::respond(&visit, target))
    };
    blocking::run(respond).await
}

/// Returns the instant of the last change that the public could see, or of the server's start if there was none since.
fn last_modified(state: &HttpState, visit: &Visit<'_>) -> DateTime<Utc> {
    let changed = visit.visible.snapshot().public_changed_at().unwrap_or(state.started_at);
    changed.max(state.started_at).min(visit.visible.now())
}

fn error_response(document: Document) -> Response {
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

fn private_response(document: Document) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(document.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (header::HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    (headers, document.body).into_response()
}

fn redirect(status: u16, location: &str, max_age: u64) -> Response {
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

/// Returns true if the client names Markdown in `Accept` and gives it at least the weight of HTML.
fn prefers_markdown(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut markdown, mut html) = (0, 0);
    for item in values.flat_map(|value| value.split(',')).take(50) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality: f32 =
            parts.find_map(|part| part.strip_prefix("q=").map(|q| q.parse().unwrap_or(0.0))).unwrap_or(1.0);
        // A weight has at most three decimals (RFC 9110, 12.4.2).
        let weight = (quality * 1000.0) as u32;
        if name.eq_ignore_ascii_case("text/markdown") {
            markdown = weight;
        } else if name.eq_ignore_ascii_case("text/html") {
            html = weight;
        }
    }
    markdown > 0 && markdown >= html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_sent_to_clients_that_prefer_it() {
        let prefers = |accept: &'static str| {
            prefers_markdown(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(
            prefers("text/markdown")
                && prefers("text/markdown, text/html;q=0.9")
                && prefers("Text/Markdown;q=0.5, */*;q=0.1")
        );
        for html in ["*/*", "text/html", "text/html, text/markdown;q=0.9", "text/markdown;q=0", "text/*"] {
            assert!(!prefers(html), "{html}");
        }
    }
}
