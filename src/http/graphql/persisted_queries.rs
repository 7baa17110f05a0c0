//! Queries that are asked for by a name instead of their text: trusted documents, by the ids of their manifest, and Apollo's
//! automatic persisted queries, by their digest once somebody has sent the text along.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::StatusCode;
use quick_cache::{Weighter, sync::Cache};

use super::{media_type::Media, params::Wanted, request_error::Refusal};
use crate::{
    http::config::{Documents, Edge, Trust},
    newsroom::access::tokens::hash,
};

/// How many strangers are logged before it is taken that they never end.
const MOST_STRANGERS: usize = 1000;

/// What is known by name.
pub(in crate::http) struct Persisted {
    documents: Arc<Documents>,
    by_digest: Option<Cache<String, Arc<str>, Bytes>>,
    /// Digests of queries that are not trusted documents and were logged.
    strangers: Mutex<HashSet<String>>,
}

/// Weighs a text by its bytes, and what keeping it costs.
#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<str>> for Bytes {
    fn weight(&self, _: &String, text: &Arc<str>) -> u64 {
        text.len() as u64 + 100
    }
}

/// The text of what is wanted, and whether it is to be kept once it has turned out sound.
pub(in crate::http) struct Text {
    pub(in crate::http) query: Arc<str>,
    keep: Option<String>,
}

impl Persisted {
    pub(in crate::http) fn new(edge: &Edge) -> Self {
        let by_digest = (edge.persisted_bytes > 0)
            .then(|| Cache::with_weighter((edge.persisted_bytes / 500) as usize + 1, edge.persisted_bytes, Bytes));
        Self { documents: edge.documents.clone(), by_digest, strangers: Mutex::default() }
    }

    /// The text of what is wanted.
    pub(in crate::http) fn text(&self, wanted: &mut Wanted, media: Media) -> Result<Text, Refusal> {
        // As with what GraphQL refuses: a sound request, and under the older media type 200.
        let status = if media == Media::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let known = |query: &Arc<str>| Text { query: query.clone(), keep: None };
        let by_id = wanted.document.as_deref().or(wanted.digest.as_deref()).and_then(|id| self.documents.get(id));
        let sent = wanted.query.take().filter(|query| !query.trim().is_empty());
        match (by_id, &sent) {
            (Some(document), None) => return Ok(known(document)),
            (Some(document), Some(sent)) if **document == **sent => return Ok(known(document)),
            (None, None) if wanted.document.is_some() => {
                let told = "there is no trusted document of this id here: send the query's text";
                return Err(Refusal::new(status, "DOCUMENT_NOT_FOUND", told));
            }
            _ => {}
        }
        let text = match (sent, &wanted.digest, &self.by_digest) {
            (Some(query), None, _) | (Some(query), Some(_), None) => Text { query: query.into(), keep: None },
            (Some(query), Some(digest), Some(_)) => {
                let right = hash(query.as_bytes());
                if *digest != right {
                    return Err(Refusal::bad(
                        "provided sha does not match query: send the SHA-256 of the text as it is",
                    ));
                }
                Text { query: query.into(), keep: Some(right) }
            }
            (None, _, None) => {
                return Err(Refusal::new(status, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported"));
            }
            (None, digest, Some(by_digest)) => {
                let found = digest.as_deref().and_then(|digest| by_digest.get(digest));
                let found =
                    found.ok_or_else(|| Refusal::new(status, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"))?;
                known(&found)
            }
        };
        match self.documents.trust {
            Trust::Off => {}
            _ if self.documents.contains(&text.query) => {}
            Trust::Only => {
                let told = "only the queries of this newsroom's own clients are taken here (documents.trust): add it to the manifest";
                return Err(Refusal::new(status, "DOCUMENT_NOT_TRUSTED", told));
            }
            Trust::Log => self.log(&text.query, wanted.operation.as_deref()),
        }
        Ok(text)
    }

    /// Keeps what was sent along with its digest, now that it was executed without a fault.
    pub(in crate::http) fn keep(&self, text: &Text) {
        if let (Some(by_digest), Some(digest)) = (&self.by_digest, &text.keep) {
            by_digest.insert(digest.clone(), text.query.clone());
        }
    }

    /// Logs a query that is not a trusted document, once; never its text, which may hold what somebody wrote into it.
    fn log(&self, query: &str, operation: Option<&str>) {
        let sha256 = hash(query.as_bytes());
        let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
        if strangers.len() < MOST_STRANGERS && strangers.insert(sha256.clone()) {
            tracing::warn!(sha256, operation, "a query is not among the trusted documents");
        }
    }
}
