//! HTTP configuration as validated values: limits, introspection, trusted proxies, CORS origins, cache sizes, TLS
//! files, trusted documents.
//!
//! `TrustedDocuments` reads the persisted query manifests of Relay, GraphQL Code Generator and Apollo. Parsing of the
//! settings is in `config::http`.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use axum::http::HeaderValue;
use ipnet::IpNet;

use crate::limits::Limits;

/// How the server is open to the world.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// How much one may ask.
    pub limits: Arc<Limits>,
    /// Whether the public may read the schema.
    pub introspection: bool,
    /// Proxies whose word on where a request comes from is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Pages of other hosts that may ask.
    pub origins: AllowedOrigins,
    /// Bytes of public answers that are kept; 0: none.
    pub cache_bytes: u64,
    /// Seconds that others may keep a public answer; what was published or withdrawn reaches their readers so much later at most.
    pub max_age: u64,
    /// Bytes of queries that are kept to be asked for by their digest; 0: none.
    pub persisted_bytes: u64,
    /// Queries that clients were built with.
    pub documents: Arc<TrustedDocuments>,
    /// Where the certificate is that is shown; HTTP without TLS where there is none.
    pub tls: Option<TlsFiles>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            limits: Arc::default(),
            introspection: true,
            trusted_proxies: Vec::new(),
            origins: AllowedOrigins::Any,
            cache_bytes: 64 << 20,
            max_age: 10,
            persisted_bytes: 16 << 20,
            documents: Arc::default(),
            tls: None,
        }
    }
}

/// A certificate chain and its key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that lead to a root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Origins (RFC 6454) of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All: what is public is public, and rights come by token only, which a page must hold itself.
    Any,
    /// These.
    Only(Vec<HeaderValue>),
}

impl AllowedOrigins {
    /// Whether a page from there may ask.
    pub fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Only(origins) => origins.contains(origin),
        }
    }
}

/// What is done about queries that are not trusted documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustedDocumentMode {
    /// Nothing.
    #[default]
    Off,
    /// They are executed and logged.
    Log,
    /// They are refused.
    Only,
}

/// Queries that clients were built with, by their ids.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments {
    /// What is done about others.
    pub mode: TrustedDocumentMode,
    by_id: HashMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
}

impl TrustedDocuments {
    /// From a manifest: an object of texts by id, as relay-compiler and GraphQL Code Generator write it, or Apollo's
    /// persisted query manifest (`{"format": "apollo-persisted-query-manifest", "operations": [{"id", "body"}]}`).
    pub fn from_manifest(text: &str, mode: TrustedDocumentMode) -> Result<Self, String> {
        use serde_json::Value;
        let manifest: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let entry = |id: Option<&Value>, body: Option<&Value>| match (id, body) {
            (Some(Value::String(id)), Some(Value::String(body))) => Ok((id.clone(), Arc::from(body.as_str()))),
            _ => Err("an operation of it is without the texts `id` and `body`".to_owned()),
        };
        let by_id: Result<HashMap<_, _>, String> = match &manifest {
            Value::Object(fields) if fields.get("operations").is_some_and(Value::is_array) => {
                let operations = fields["operations"].as_array().into_iter().flatten();
                operations.map(|operation| entry(operation.get("id"), operation.get("body"))).collect()
            }
            Value::Object(fields) => fields
                .iter()
                .map(|(id, body)| match body {
                    Value::String(body) => Ok((id.clone(), Arc::from(body.as_str()))),
                    _ => Err(format!("what stands under \"{id}\" is not a query's text")),
                })
                .collect(),
            _ => Err("it is not an object of queries by id".to_owned()),
        };
        let by_id = by_id?;
        if by_id.is_empty() {
            return Err("there is no query in it".to_owned());
        }
        Ok(Self { mode, texts: by_id.values().cloned().collect(), by_id })
    }

    /// The document of an id; an id may be written with the name of its digest before it: `sha256:…`.
    pub fn get(&self, id: &str) -> Option<&Arc<str>> {
        let without_digest_name = || id.split_once(':').and_then(|(_, id)| self.by_id.get(id));
        self.by_id.get(id).or_else(without_digest_name)
    }

    /// Whether a text is one of them, letter by letter.
    pub fn contains(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True where there is no manifest.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_all_three_tools_are_read() {
        let maps = r#"{"8a1c": "query A { viewer { name } }", "sha256:77": "query B { viewer { role } }"}"#;
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1,
            "operations": [{"id": "8a1c", "name": "A", "type": "query", "body": "query A { viewer { name } }"}]}"#;
        for text in [maps, apollo] {
            let documents = TrustedDocuments::from_manifest(text, TrustedDocumentMode::Only).unwrap();
            assert_eq!(documents.get("8a1c").map(|text| &**text), Some("query A { viewer { name } }"));
            assert_eq!(documents.get("sha256:8a1c"), documents.get("8a1c"));
            assert!(documents.contains("query A { viewer { name } }") && documents.get("9").is_none());
        }
    }

    #[test]
    fn an_invalid_manifest_is_rejected_with_the_reason() {
        for (text, reason) in [
            ("{", "not JSON"),
            ("[]", "not an object"),
            ("{}", "no query"),
            (r#"{"a": 1}"#, "under \"a\""),
            (r#"{"operations": [{"id": "a"}]}"#, "`body`"),
        ] {
            assert!(
                TrustedDocuments::from_manifest(text, TrustedDocumentMode::Only).unwrap_err().contains(reason),
                "{text}"
            );
        }
    }
}
