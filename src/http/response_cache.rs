//! Cache of public responses (GraphQL, pages and feeds), and the cache headers of responses (`ETag`, `Last-Modified`,
//! `Cache-Control`, `Surrogate-Key`, `Vary`).
//!
//! A cached response is valid until the public data version changes. A response that depends on the time, such as the
//! current day, is valid no longer than its `valid_until`. No entry is invalidated explicitly.
//!
//! `max-age` does not depend on hidden data. Otherwise this header would reveal when a release is scheduled (see
//! `docs/wire.md`).

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{compression::ContentCoding, graphql::params::OperationName};
use crate::{
    app::App,
    catalog::{Audience, Snapshot},
    config::HttpConfig,
};

/// Maximum number of releases that the `Surrogate-Key` header names. For a response with more releases, the header
/// has the key `releases` instead, which stands for all releases.
const MAX_SURROGATE_KEYS: usize = 100;

/// The public data version, on which every public response depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct DataVersion {
    epoch: Uuid,
    audience_version: (i64, i64),
}

impl DataVersion {
    /// Returns the public data version of a snapshot.
    pub(in crate::http) fn of(snapshot: &Snapshot) -> Self {
        Self { epoch: snapshot.epoch(), audience_version: snapshot.version_for(Audience::Public) }
    }
}

/// A cached public response.
#[derive(Debug)]
pub(in crate::http) struct CachedResponse {
    pub(in crate::http) version: DataVersion,
    /// The instant at which the response changes although no data changes, such as the end of a day. `None` if it does
    /// not.
    pub(in crate::http) valid_until: Option<DateTime<Utc>>,
    pub(in crate::http) media_type: &'static str,
    pub(in crate::http) coding: ContentCoding,
    pub(in crate::http) body: Bytes,
    /// Name of the GraphQL operation, for the access log.
    pub(in crate::http) operation: OperationName,
    /// The last change of what the public sees. `None` for GraphQL, and for documents that change with time alone.
    pub(in crate::http) last_modified: Option<DateTime<Utc>>,
    /// Value of the `Surrogate-Key` header: names the releases in the response, so that a CDN can purge it.
    surrogate_key: HeaderValue,
    etag: HeaderValue,
}

impl CachedResponse {
    /// Creates a cached response with its `ETag` and `Surrogate-Key`. The entity tag is a digest of the body, of its
    /// media type and coding and, for GraphQL, of the data version. Equal tags mean equal bytes on every server.
    /// `modified` is `None` for GraphQL.
    pub(in crate::http) fn new(
        (version, valid_until): (DataVersion, Option<DateTime<Utc>>),
        modified: Option<DateTime<Utc>>,
        (media_type, coding): (&'static str, ContentCoding),
        body: Bytes,
        operation: OperationName,
        // Public ids of the releases in the response.
        mut releases: Vec<String>,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(env!("CARGO_PKG_VERSION"));
        // A feed reader asks again and again, so the tag of a feed must change only if the feed does.
        if modified.is_none() {
            digest.update(version.epoch);
            digest.update(version.audience_version.0.to_be_bytes());
            digest.update(version.audience_version.1.to_be_bytes());
        }
        digest.update(media_type);
        digest.update([coding as u8]);
        digest.update(&body);
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.finalize()[..18]));
        let mut surrogate_key = "dateline".to_owned();
        if releases.len() > MAX_SURROGATE_KEYS {
            surrogate_key += " releases";
        } else {
            // Sorted, because the original order would reveal in which order the releases were created.
            releases.sort_unstable();
            releases.iter().for_each(|id| surrogate_key.extend([" ", id]));
        }
        let header = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("dateline"));
        Self {
            version,
            valid_until,
            media_type,
            coding,
            body,
            operation,
            // A date cannot validate a document that changes although no data changes.
            last_modified: modified.filter(|_| valid_until.is_none()),
            surrogate_key: header(&surrogate_key),
            etag: header(&etag),
        }
    }

    fn is_current(&self, version: DataVersion, now: DateTime<Utc>) -> bool {
        self.version == version && self.valid_until.is_none_or(|valid_until| now < valid_until)
    }

    /// Returns the response to a POST, which no cache may store.
    pub(in crate::http) fn to_post_response(&self, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body));
        self.add_content_headers(response.headers_mut());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// Returns the response to a GET, which shared caches may store.
    pub(in crate::http) fn to_get_response(&self, body: Bytes, app: &App) -> Response {
        let mut response = self.to_post_response(body);
        self.add_cache_headers(response.headers_mut(), app);
        response
    }

    /// Returns a 304 response (Not Modified) with the current cache headers.
    pub(in crate::http) fn not_modified(&self, app: &App) -> Response {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        self.add_cache_headers(response.headers_mut(), app);
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// Returns `max-age` in seconds: the value of the setting, or the time until the response becomes invalid if that
    /// is shorter.
    fn max_age(&self, app: &App) -> u64 {
        let (limit, now) = (app.http_config.max_age, app.clock.now());
        self.valid_until.map_or(limit, |valid_until| (valid_until - now).num_seconds().max(0).unsigned_abs().min(limit))
    }

    /// Returns the last change, unless it is in the present second: another change in the same second would have the
    /// same date (RFC 9110, 8.8.2.2).
    fn datable_change(&self, app: &App) -> Option<DateTime<Utc>> {
        self.last_modified.filter(|at| at.timestamp() < app.clock.now().timestamp())
    }

    fn add_cache_headers(&self, headers: &mut HeaderMap, app: &App) {
        if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={}", self.max_age(app))) {
            headers.insert(header::CACHE_CONTROL, value);
        }
        headers.insert(header::ETAG, self.etag.clone());
        if let Some(at) = self.datable_change(app)
            && let Ok(value) = HeaderValue::from_str(&http_date(at))
        {
            headers.insert(header::LAST_MODIFIED, value);
        }
        headers.insert("surrogate-key", self.surrogate_key.clone());
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
    }

    fn add_content_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
        if let Some(coding) = self.coding.header() {
            headers.insert(header::CONTENT_ENCODING, coding);
        }
    }

    /// Returns true if the client already has this response. `If-None-Match` decides if it is present (RFC 9110,
    /// 13.2.2), otherwise `If-Modified-Since`.
    pub(in crate::http) fn is_known_to_client(&self, request_headers: &HeaderMap, app: &App) -> bool {
        if request_headers.contains_key(header::IF_NONE_MATCH) {
            return self.matches_if_none_match(request_headers);
        }
        let since = request_headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
        let since = since.and_then(|since| DateTime::parse_from_rfc2822(since).ok());
        let is_unchanged = |at: DateTime<Utc>| since.is_some_and(|since| at.timestamp() <= since.timestamp());
        self.datable_change(app).is_some_and(is_unchanged)
    }

    fn matches_if_none_match(&self, request_headers: &HeaderMap) -> bool {
        let values = request_headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut etags = values.flat_map(|value| value.split(',')).map(str::trim).take(100);
        etags.any(|etag| etag == "*" || etag.strip_prefix("W/").unwrap_or(etag).as_bytes() == self.etag.as_bytes())
    }
}

/// Returns an instant as an HTTP date (RFC 9110, 5.6.7).
fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Value of the `Vary` header: the request headers on which a response depends.
pub(in crate::http) const VARY: &str = "accept, accept-encoding, authorization";

/// The response cache of this process. `None` if the cache is disabled.
pub(in crate::http) struct ResponseCache(Option<Cache<[u8; 32], Arc<CachedResponse>, EntryWeight>>);

#[derive(Clone)]
struct EntryWeight;

impl Weighter<[u8; 32], Arc<CachedResponse>> for EntryWeight {
    fn weight(&self, _: &[u8; 32], cached: &Arc<CachedResponse>) -> u64 {
        (cached.body.len() + cached.surrogate_key.len()) as u64 + 500
    }
}

impl ResponseCache {
    pub(in crate::http) fn new(config: &HttpConfig) -> Self {
        let cache = || Cache::with_weighter((config.cache_bytes / 4000) as usize + 1, config.cache_bytes, EntryWeight);
        Self((config.cache_bytes > 0).then(cache))
    }

    /// Returns the cache key of a request: a digest of what it is (GraphQL by GET or POST, or a page), its media type,
    /// its content coding and its bytes.
    pub(in crate::http) fn key(class: u8, request: &[u8], media: u8, coding: ContentCoding) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update([class, media, coding as u8]);
        digest.update(request);
        digest.finalize().into()
    }

    /// Returns the cached response for a key if the response is still valid.
    pub(in crate::http) fn get(&self, key: &[u8; 32], app: &App) -> Option<Arc<CachedResponse>> {
        let (cached, now) = (self.0.as_ref()?.get(key)?, app.clock.now());
        cached.is_current(DataVersion::of(&app.newsroom.catalog.snapshot_at(now)), now).then_some(cached)
    }

    /// Stores a response in the cache.
    pub(in crate::http) fn insert(&self, key: [u8; 32], cached: &Arc<CachedResponse>) {
        if let Some(cache) = &self.0 {
            cache.insert(key, cached.clone());
        }
    }
}
