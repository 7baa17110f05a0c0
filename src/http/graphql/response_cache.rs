//! Answers to the public that may be given again: in this process, and by browsers and proxies.
//!
//! An answer holds while nothing changes that the public sees (its revision), and no longer than to the instant at which a number
//! in it is another because a day is over. What appears by itself moves the revision at its instant. So what is kept is compared,
//! never thrown away by a guess: an answer of another revision is not found.
//!
//! How long others may keep an answer depends on nothing that is hidden: the setting, and the end of a day. In particular not on
//! what is scheduled or held back: the header of every answer would tell when something is to appear (docs/wire.md).

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

use super::{Operation, compression::Coding, media_type::Media};
use crate::{
    app::App,
    catalog::{Audience, Snapshot},
    http::config::Edge,
};

/// Releases that an answer is filed under; what shows more is filed under all.
const MOST_KEYS: usize = 100;

/// What everything that the public is told depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Revision {
    epoch: Uuid,
    marks: (i64, i64),
}

impl Revision {
    /// Of a snapshot.
    pub(in crate::http) fn of(snapshot: &Snapshot) -> Self {
        Self { epoch: snapshot.epoch(), marks: snapshot.version_for(Audience::Public) }
    }
}

/// A public answer, as it is sent.
#[derive(Debug)]
pub(in crate::http) struct Kept {
    pub(in crate::http) revision: Revision,
    /// The end of the day after which a number in it changes; none if it does not depend on the day.
    pub(in crate::http) until: Option<DateTime<Utc>>,
    pub(in crate::http) media: Media,
    pub(in crate::http) coding: Coding,
    pub(in crate::http) body: Bytes,
    pub(in crate::http) operation: Operation,
    /// What it shows, for whoever clears caches: `Surrogate-Key`.
    surrogate: HeaderValue,
    tag: HeaderValue,
}

impl Kept {
    /// Tags and files an answer. The tag is the digest of all that it depends on and of the answer itself, so equal tags mean
    /// equal bytes, whichever server they come from.
    pub(in crate::http) fn new(
        (revision, until): (Revision, Option<DateTime<Utc>>),
        (media, coding): (Media, Coding),
        body: Bytes,
        operation: Operation,
        // Their ids.
        mut releases: Vec<String>,
    ) -> Self {
        let mut digest = Sha256::new();
        digest.update(env!("CARGO_PKG_VERSION"));
        digest.update(revision.epoch);
        digest.update(revision.marks.0.to_be_bytes());
        digest.update(revision.marks.1.to_be_bytes());
        digest.update([media as u8, coding as u8]);
        digest.update(&body);
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.finalize()[..18]));
        let mut surrogate = "dateline".to_owned();
        if releases.len() > MOST_KEYS {
            surrogate += " releases";
        } else {
            // Sorted: the order of their keys would be that in which they were begun.
            releases.sort_unstable();
            releases.iter().for_each(|id| surrogate.extend([" ", id]));
        }
        let header = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("dateline"));
        Self { revision, until, media, coding, body, operation, surrogate: header(&surrogate), tag: header(&tag) }
    }

    fn holds(&self, revision: Revision, now: DateTime<Utc>) -> bool {
        self.revision == revision && self.until.is_none_or(|until| now < until)
    }

    /// The answer to a POST: for this request alone.
    pub(in crate::http) fn to_post(&self, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body));
        self.describe(response.headers_mut());
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// The answer to a GET, which others may keep.
    pub(in crate::http) fn to_get(&self, body: Bytes, age: u64) -> Response {
        let mut response = self.to_post(body);
        self.tag(response.headers_mut(), age);
        response
    }

    /// The answer to a GET of who has it already: nothing but how long it holds.
    pub(in crate::http) fn unchanged(&self, age: u64) -> Response {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        self.tag(response.headers_mut(), age);
        response.extensions_mut().insert(self.operation.clone());
        response
    }

    /// For how many seconds from now on others may keep it: as the setting says, and no longer than to the end of a day that it
    /// depends on.
    pub(in crate::http) fn age(&self, app: &App) -> u64 {
        let (most, now) = (app.edge.max_age, app.clock.now());
        self.until.map_or(most, |until| (until - now).num_seconds().max(0).unsigned_abs().min(most))
    }

    fn tag(&self, headers: &mut HeaderMap, age: u64) {
        if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={age}")) {
            headers.insert(header::CACHE_CONTROL, value);
        }
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert("surrogate-key", self.surrogate.clone());
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
    }

    fn describe(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media.content_type()));
        headers.insert(header::VARY, HeaderValue::from_static(VARY));
        if let Some(coding) = self.coding.header() {
            headers.insert(header::CONTENT_ENCODING, coding);
        }
    }

    /// Whether If-None-Match (RFC 9110, 13.1.2) names it.
    pub(in crate::http) fn is_known_to(&self, asked: &HeaderMap) -> bool {
        let values = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(',')).map(str::trim).take(100);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.tag.as_bytes())
    }
}

/// What an answer of the API depends on besides its address.
pub(in crate::http) const VARY: &str = "accept, accept-encoding, authorization";

/// Public answers of this process.
pub(in crate::http) struct Answers(Option<Cache<[u8; 32], Arc<Kept>, Weight>>);

#[derive(Clone)]
struct Weight;

impl Weighter<[u8; 32], Arc<Kept>> for Weight {
    fn weight(&self, _: &[u8; 32], kept: &Arc<Kept>) -> u64 {
        (kept.body.len() + kept.surrogate.len()) as u64 + 500
    }
}

impl Answers {
    pub(in crate::http) fn new(edge: &Edge) -> Self {
        let cache = || Cache::with_weighter((edge.cache_bytes / 4000) as usize + 1, edge.cache_bytes, Weight);
        Self((edge.cache_bytes > 0).then(cache))
    }

    /// Under which key the answer to a request is kept: the request's own bytes, and what the client takes.
    pub(in crate::http) fn key(source: u8, request: &[u8], media: Media, coding: Coding) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update([source, media as u8, coding as u8]);
        digest.update(request);
        digest.finalize().into()
    }

    /// What was answered before, where that still holds.
    pub(in crate::http) fn get(&self, key: &[u8; 32], app: &App) -> Option<Arc<Kept>> {
        let (kept, now) = (self.0.as_ref()?.get(key)?, app.clock.now());
        kept.holds(Revision::of(&app.newsroom.catalog.snapshot_at(now)), now).then_some(kept)
    }

    /// Keeps an answer.
    pub(in crate::http) fn put(&self, key: [u8; 32], kept: &Arc<Kept>) {
        if let Some(cache) = &self.0 {
            cache.insert(key, kept.clone());
        }
    }
}
