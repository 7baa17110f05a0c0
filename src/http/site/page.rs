//! Pages, feeds, charts and files. A response depends on the path, the query string and the headers in `VARY` only.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use entity::Noun;

use super::{
    policy, release_csv,
    response::{VARY, error_response, private_response, redirect},
    visit::visit,
};
use crate::{
    blocking,
    http::{
        api_pages::not_found,
        compression::ContentCoding,
        error::HttpError,
        graphql::params::OperationName,
        limits::rate_limit::caller,
        response_cache::{CachedResponse, DataVersion, ResponseCache},
        state::HttpState,
    },
    site::{self, Document, Target, Visit},
};

/// Path below which previews are. Their addresses are secret, so they are not logged.
pub(in crate::http) const PREVIEW_PATH: &str = "/preview/";

/// Class of pages in the keys of the response cache.
const PAGE: u8 = 2;

/// Minimum length of a document, in bytes, that is compressed on a blocking thread.
const LONG_DOCUMENT: usize = 128 * 1024;

/// Handles a request for a page or feed, and for any path that nothing else handles.
pub(in crate::http) async fn page(State(state): State<Arc<HttpState>>, request: Request) -> Response {
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
        if path == site::RELEASES_CSV {
            return release_csv::respond(&state, address, &query).await;
        }
        respond(&state, &parts.headers, address, target).await
    };
    let mut response = result.await.unwrap_or_else(HttpError::into_text_response);
    let status = response.status();
    let headers = response.headers_mut();
    for (name, value) in rate_limit_headers {
        headers.insert(name, value);
    }
    // A 304 has the policy, too: browsers replace the headers of the stored page by those of the 304.
    let policy = policy::content_security_policy(&state, path, status, headers.get(header::CONTENT_TYPE));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if headers.get(header::CONTENT_TYPE).is_some_and(|media_type| media_type == site::CSV) {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
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
    let permit = state.limiter.execution_permit(caller(address, None)).await?;
    let app = &state.app;
    let now = app.clock.now();
    let limit = Duration::from_millis(app.http_config.limits.execution_ms);
    let visit = visit(state, now);
    let document = async {
        if site::is_heavy(target.path) {
            respond_on_thread(state, target, now, permit).await
        } else {
            (site::respond(&visit, target).await, permit)
        }
    };
    // The permit is held until the response is encoded.
    let (document, _permit) = tokio::time::timeout(limit, document).await.map_err(|_| HttpError::unavailable())?;
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

/// Makes a document that takes long on a blocking thread. The thread holds the permit, because it goes on if nobody
/// waits for it any longer.
async fn respond_on_thread<P: Send + 'static>(
    state: &Arc<HttpState>,
    target: Target<'_>,
    now: DateTime<Utc>,
    permit: P,
) -> (Option<Document>, P) {
    let (state, path, query) = (state.clone(), target.path.to_owned(), target.query.to_owned());
    let runtime = tokio::runtime::Handle::current();
    let respond = move || {
        let visit = visit(&state, now);
        let target = Target { path: &path, query: &query, prefers_markdown: false };
        (runtime.block_on(site::respond(&visit, target)), permit)
    };
    blocking::run(respond).await
}

/// Returns the instant of the last change that the public could see, or of the server's start if there was none since.
fn last_modified(state: &HttpState, visit: &Visit<'_>) -> DateTime<Utc> {
    let changed = visit.visible.snapshot().public_changed_at().unwrap_or(state.started_at);
    changed.max(state.started_at).min(visit.visible.now())
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
