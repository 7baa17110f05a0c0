//! Response cache of public GraphQL responses, and the cache headers (`ETag`, `Cache-Control`, `Surrogate-Key`,
//! `Vary`).
//!
//! A cached response is valid while the data version that the public sees is the same, and no longer than to the end of
//! the day that it depends on. Nothing is invalidated explicitly. `max-age` does not depend on hidden data: otherwise
//! the header would reveal when something is scheduled (see `docs/wire.md`).

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

use super::{compression::ContentCoding, params::OperationName};
use crate::{
    app::App,
    catalog::{Audience, Snapshot},
    config::HttpConfig,
    http::media_type::MediaType,
};

/// Releases that an answer is filed under; what shows more is filed under all.
const MAX_SURROGATE_KEYS: usize = 100;

/// What everything that the public is told depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct DataVersion {
    epoch: Uuid,
    audience_version: (i64, i64),
}

impl DataVersion {
    /// Of a snapshot.
    pub(in crate::http) fn of(snapshot: &Snapshot) -> Self {
        Self { epoch: snapshot.epoch(), audience_version: snapshot.version_for(Audience::Public) }
    }
}

/// A public answer, as it is sent.
#[derive(Debug)]
pub(in crate::http) struct CachedResponse {
    pub(in crate::http) version: DataVersion,
    /// The end of the day after which a number in it changes; none if it does not depend on the day.
    pub(in crate::http) valid_until: Option<DateTime<Utc>>,
    pub(in crate::http) media: MediaType,
    pub(in crate::http) coding: ContentCoding,
    pub(in crate::http) body: Bytes,
    pub(in crate::http) operation: OperationName,
    /// What it shows, for whoever clears caches: `Surrogate-Key`.
    surrogate_key: HeaderValue,
    etag: HeaderValue,
}

impl CachedResponse {
    /// Tags and files an answer. The tag is the digest of all that it depends on and of the answer itself, so equal tags mean
    /// equal bytes, whichever server they come from.
    pub(in crate::http) fn new(
        (version, valid_until): (DataVersion, Option<DateTime<Utc>>),
        (media, coding): (MediaType, ContentCoding),
        body: Bytes,
        operation: OperationName,
        // Their ids.
        mut releases: Vec<String>,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(env!("CARGO_PKG_VERSION"));
        digest.update(version.epoch);
        digest.update(version.audience_version.0.to_be_bytes());
        digest.update(version.audience_version.1.to_be_bytes());
        digest.update([media as u8, coding as u8]);
        digest.update(&body);
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.finalize()[..18]));
        let mut surrogate_key = "dateline".to_owned();
        if releases.len() > MAX_SURROGATE_KEYS {
            surrogate_key += " releases";
        } else {
            // Sorted: the order of their keys would be that in which they were begun.
            releases.sort_unstable();
            releases.iter().for_each(|id| surrogate_key.extend([" ", id]));
        }
        let header = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("dateline"));
        Self {
            version,
            valid_until,
            media,
            coding,
            body,
            operation,
            surrogate_key: header(&surrogate_key),
            etag: header(&etag),
        }
    }

    fn is_current(&self, version: DataVersion, now: DateTime<Utc>) -> bool {
        self.version == version && self.valid_until.is_none_or(|valid_until| now < valid_until)
    }

    /// The answer to a POST: for this request alone.
    pub(in crate::http) fn to_post_response(&self, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body));
        self.add_content_headers(response.headers_mut());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// The answer to a GET, which others may keep.
    pub(in crate::http) fn to_get_response(&self, body: Bytes, max_age: u64) -> Response {
        let mut response = self.to_post_response(body);
        self.add_cache_headers(response.headers_mut(), max_age);
        response
    }

    /// The answer to a GET of who has it already: nothing but how long it holds.
    pub(in crate::http) fn not_modified(&self, max_age: u64) -> Response {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        self.add_cache_headers(response.headers_mut(), max_age);
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// For how many seconds from now on others may keep it: as the setting says, and no longer than to the end of a day that it
    /// depends on.
    pub(in crate::http) fn max_age(&self, app: &App) -> u64 {
        let (limit, now) = (app.http_config.max_age, app.clock.now());
        self.valid_until.map_or(limit, |valid_until| (valid_until - now).num_seconds().max(0).unsigned_abs().min(limit))
    }

    fn add_cache_headers(&self, headers: &mut HeaderMap, max_age: u64) {
        if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={max_age}")) {
            headers.insert(header::CACHE_CONTROL, value);
        }
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert("surrogate-key", self.surrogate_key.clone());
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
    }

    fn add_content_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media.content_type()));
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
        if let Some(coding) = self.coding.header() {
            headers.insert(header::CONTENT_ENCODING, coding);
        }
    }

    /// Whether If-None-Match (RFC 9110, 13.1.2) names it.
    pub(in crate::http) fn matches_if_none_match(&self, request_headers: &HeaderMap) -> bool {
        let values = request_headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut etags = values.flat_map(|value| value.split(',')).map(str::trim).take(100);
        etags.any(|etag| etag == "*" || etag.strip_prefix("W/").unwrap_or(etag).as_bytes() == self.etag.as_bytes())
    }
}

/// What an answer of the API depends on besides its address.
pub(in crate::http) const VARY: &str = "accept, accept-encoding, authorization";

/// Public answers of this process.
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

    /// Under which key the answer to a request is kept: the request's own bytes, and what the client takes.
    pub(in crate::http) fn key(method: u8, request: &[u8], media: MediaType, coding: ContentCoding) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update([method, media as u8, coding as u8]);
        digest.update(request);
        digest.finalize().into()
    }

    /// What was answered before, where that still holds.
    pub(in crate::http) fn get(&self, key: &[u8; 32], app: &App) -> Option<Arc<CachedResponse>> {
        let (cached, now) = (self.0.as_ref()?.get(key)?, app.clock.now());
        cached.is_current(DataVersion::of(&app.newsroom.catalog.snapshot_at(now)), now).then_some(cached)
    }

    /// Keeps an answer.
    pub(in crate::http) fn insert(&self, key: [u8; 32], cached: &Arc<CachedResponse>) {
        if let Some(cache) = &self.0 {
            cache.insert(key, cached.clone());
        }
    }
}
