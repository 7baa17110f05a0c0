//! Persisted queries: trusted documents by id, and automatic persisted queries (APQ) by the SHA-256 hash of their
//! text.
//!
//! Finds the query text of a request and verifies its hash. Logs or rejects queries that are not in the manifest of
//! trusted documents (setting `documents.trust`). The text of a new APQ is registered only after the query was
//! executed without errors.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::StatusCode;
use quick_cache::{Weighter, sync::Cache};

use super::params::GraphqlParams;
use crate::{
    config::{HttpConfig, TrustedDocumentMode, TrustedDocuments},
    error_code,
    http::{error::HttpError, media_type::MediaType},
    newsroom::access::tokens::hash,
};

/// Maximum number of untrusted queries that are logged, each once. Further untrusted queries are not logged.
const MAX_LOGGED_UNTRUSTED: usize = 1000;

/// The registered queries: trusted documents and automatic persisted queries.
pub(in crate::http) struct PersistedQueries {
    documents: Arc<TrustedDocuments>,
    by_digest: Option<Cache<String, Arc<str>, QueryWeight>>,
    /// Digests of untrusted queries that were logged.
    logged_untrusted: Mutex<HashSet<String>>,
}

/// Computes the cache weight of a query text: its bytes plus the overhead of a cache entry.
#[derive(Clone)]
struct QueryWeight;

impl Weighter<String, Arc<str>> for QueryWeight {
    fn weight(&self, _: &String, text: &Arc<str>) -> u64 {
        text.len() as u64 + 100
    }
}

/// The query text of a request. If `new_digest` is set, the text is to be registered once the query was executed
/// without errors.
pub(in crate::http) struct QueryText {
    pub(in crate::http) query: Arc<str>,
    new_digest: Option<String>,
}

impl PersistedQueries {
    pub(in crate::http) fn new(config: &HttpConfig) -> Self {
        let by_digest = (config.persisted_bytes > 0).then(|| {
            Cache::with_weighter((config.persisted_bytes / 500) as usize + 1, config.persisted_bytes, QueryWeight)
        });
        Self { documents: config.documents.clone(), by_digest, logged_untrusted: Mutex::default() }
    }

    /// Returns the query text of a request. Fails if the id or hash is unknown, the hash does not match the text, or
    /// the query is not trusted.
    pub(in crate::http) fn resolve(
        &self,
        params: &mut GraphqlParams,
        media: MediaType,
    ) -> Result<QueryText, HttpError> {
        // The errors below are GraphQL request errors, so their status is 200 if the response is `application/json`.
        let status = if media == MediaType::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let resolved = |query: &Arc<str>| QueryText { query: query.clone(), new_digest: None };
        let by_id = params.document_id.as_deref().or(params.digest.as_deref()).and_then(|id| self.documents.get(id));
        let sent = params.query.take().filter(|query| !query.trim().is_empty());
        match (by_id, &sent) {
            (Some(document), None) => return Ok(resolved(document)),
            (Some(document), Some(sent)) if **document == **sent => return Ok(resolved(document)),
            (None, None) if params.document_id.is_some() => {
                let message = "no trusted document has this id: send the query text";
                return Err(HttpError::new(status, error_code::DOCUMENT_NOT_FOUND, message));
            }
            _ => {}
        }
        let text = match (sent, &params.digest, &self.by_digest) {
            (Some(query), None, _) | (Some(query), Some(_), None) => {
                QueryText { query: query.into(), new_digest: None }
            }
            (Some(query), Some(digest), Some(_)) => {
                let expected = hash(query.as_bytes());
                if *digest != expected {
                    return Err(HttpError::bad_request(
                        "provided sha does not match query: send the SHA-256 of the exact text",
                    ));
                }
                QueryText { query: query.into(), new_digest: Some(expected) }
            }
            (None, _, None) => {
                return Err(HttpError::new(
                    status,
                    error_code::PERSISTED_QUERY_NOT_SUPPORTED,
                    "PersistedQueryNotSupported",
                ));
            }
            (None, digest, Some(by_digest)) => {
                let stored = digest.as_deref().and_then(|digest| by_digest.get(digest));
                let stored = stored.ok_or_else(|| {
                    HttpError::new(status, error_code::PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
                })?;
                resolved(&stored)
            }
        };
        match self.documents.mode {
            TrustedDocumentMode::Off => {}
            _ if self.documents.contains(&text.query) => {}
            TrustedDocumentMode::Only => {
                let message =
                    "this server executes only trusted documents (documents.trust): add the query to the manifest";
                return Err(HttpError::new(status, error_code::DOCUMENT_NOT_TRUSTED, message));
            }
            TrustedDocumentMode::Log => self.log_untrusted(&text.query, params.operation_name.as_deref()),
        }
        Ok(text)
    }

    /// Registers a query text that was sent with its digest. Must be called only after the query was executed without
    /// errors.
    pub(in crate::http) fn register(&self, text: &QueryText) {
        if let (Some(by_digest), Some(digest)) = (&self.by_digest, &text.new_digest) {
            by_digest.insert(digest.clone(), text.query.clone());
        }
    }

    /// Logs an untrusted query once, by its hash. Never logs the text, because it may contain personal data.
    fn log_untrusted(&self, query: &str, operation: Option<&str>) {
        let sha256 = hash(query.as_bytes());
        let mut logged_untrusted = self.logged_untrusted.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_untrusted.len() < MAX_LOGGED_UNTRUSTED && logged_untrusted.insert(sha256.clone()) {
            tracing::warn!(sha256, operation, "untrusted query");
        }
    }
}
