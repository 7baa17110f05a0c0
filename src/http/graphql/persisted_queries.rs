//! Persisted queries: trusted documents by their id, and automatic persisted queries (APQ) by SHA-256 hash.
//!
//! Finds the text of a request, verifies the hash, and logs or rejects documents that are not in the manifest
//! (`documents.trust`). A new APQ text is registered only after it was executed without errors.

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

/// How many strangers are logged before it is taken that they never end.
const MAX_LOGGED_UNTRUSTED: usize = 1000;

/// What is known by name.
pub(in crate::http) struct PersistedQueries {
    documents: Arc<TrustedDocuments>,
    by_digest: Option<Cache<String, Arc<str>, QueryWeight>>,
    /// Digests of queries that are not trusted documents and were logged.
    logged_untrusted: Mutex<HashSet<String>>,
}

/// Weighs a text by its bytes, and what keeping it costs.
#[derive(Clone)]
struct QueryWeight;

impl Weighter<String, Arc<str>> for QueryWeight {
    fn weight(&self, _: &String, text: &Arc<str>) -> u64 {
        text.len() as u64 + 100
    }
}

/// The text of what is wanted, and whether it is to be kept once it has turned out sound.
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

    /// The text of what is wanted.
    pub(in crate::http) fn resolve(
        &self,
        params: &mut GraphqlParams,
        media: MediaType,
    ) -> Result<QueryText, HttpError> {
        // As with what GraphQL refuses: a sound request, and under the older media type 200.
        let status = if media == MediaType::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let resolved = |query: &Arc<str>| QueryText { query: query.clone(), new_digest: None };
        let by_id = params.document_id.as_deref().or(params.digest.as_deref()).and_then(|id| self.documents.get(id));
        let sent = params.query.take().filter(|query| !query.trim().is_empty());
        match (by_id, &sent) {
            (Some(document), None) => return Ok(resolved(document)),
            (Some(document), Some(sent)) if **document == **sent => return Ok(resolved(document)),
            (None, None) if params.document_id.is_some() => {
                let message = "there is no trusted document of this id here: send the query's text";
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
                        "provided sha does not match query: send the SHA-256 of the text as it is",
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
                let message = "only the queries of this newsroom's own clients are taken here (documents.trust): add it to the manifest";
                return Err(HttpError::new(status, error_code::DOCUMENT_NOT_TRUSTED, message));
            }
            TrustedDocumentMode::Log => self.log_untrusted(&text.query, params.operation_name.as_deref()),
        }
        Ok(text)
    }

    /// Keeps what was sent along with its digest, now that it was executed without a fault.
    pub(in crate::http) fn register(&self, text: &QueryText) {
        if let (Some(by_digest), Some(digest)) = (&self.by_digest, &text.new_digest) {
            by_digest.insert(digest.clone(), text.query.clone());
        }
    }

    /// Logs a query that is not a trusted document, once; never its text, which may hold what somebody wrote into it.
    fn log_untrusted(&self, query: &str, operation: Option<&str>) {
        let sha256 = hash(query.as_bytes());
        let mut logged_untrusted = self.logged_untrusted.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_untrusted.len() < MAX_LOGGED_UNTRUSTED && logged_untrusted.insert(sha256.clone()) {
            tracing::warn!(sha256, operation, "a query is not among the trusted documents");
        }
    }
}
