//! HTTP configuration as validated values: limits, introspection, GraphiQL, trusted proxies, CORS origins, cache sizes,
//! TLS files, trusted documents.
//!
//! `TrustedDocuments` reads the persisted query manifests of Relay, GraphQL Code Generator and Apollo.
//! `config::http` parses the settings.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use axum::http::HeaderValue;
use ipnet::IpNet;

use crate::limits::Limits;

/// Default of the setting `graphiql.base_url`: a CDN that serves the files of npm packages.
pub(super) const DEFAULT_GRAPHIQL_BASE_URL: &str = "https://cdn.jsdelivr.net/npm";

/// Configuration of the HTTP server.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Limits and rates.
    pub limits: Arc<Limits>,
    /// Whether callers without a token may read the schema.
    pub introspection: bool,
    /// Where browsers load the files of GraphiQL from: a URL or a path, without a slash at its end. If `None`, the
    /// query page is the one of this program.
    pub graphiql_base_url: Option<String>,
    /// Proxies whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that CORS allows.
    pub origins: AllowedOrigins,
    /// Size of the response cache in bytes; 0 disables it.
    pub cache_bytes: u64,
    /// `max-age` of public responses, in seconds: how long browsers and proxies may return an outdated response.
    pub max_age: u64,
    /// Memory for automatic persisted queries in bytes; 0 disables them.
    pub persisted_bytes: u64,
    /// Trusted documents, and how to treat other queries.
    pub documents: Arc<TrustedDocuments>,
    /// Files of the TLS certificate and key. If `None`, the server uses HTTP without TLS.
    pub tls: Option<TlsFiles>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            limits: Arc::default(),
            introspection: true,
            graphiql_base_url: Some(DEFAULT_GRAPHIQL_BASE_URL.to_owned()),
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

/// PEM files of a certificate chain and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// File of the certificate chain, the server's certificate first.
    pub certificate: PathBuf,
    /// File of the private key.
    pub key: PathBuf,
}

/// Origins (RFC 6454) that CORS allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every origin. This is safe because Dateline does not authenticate by cookies: a web page has access only if
    /// it sends a token.
    Any,
    /// The listed origins only.
    Only(Vec<HeaderValue>),
}

impl AllowedOrigins {
    /// Returns whether an origin is allowed.
    pub fn allow(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Only(origins) => origins.contains(origin),
        }
    }
}

/// Treatment of queries that are not trusted documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustedDocumentMode {
    /// Queries that are not trusted documents are executed.
    #[default]
    Off,
    /// Queries that are not trusted documents are executed and logged.
    Log,
    /// Queries that are not trusted documents are refused.
    Only,
}

/// The trusted documents: queries of the newsroom's own clients, by id.
#[derive(Clone, Debug, Default)]
pub struct TrustedDocuments {
    /// Treatment of queries that are not trusted documents.
    pub mode: TrustedDocumentMode,
    by_id: HashMap<String, Arc<str>>,
    texts: HashSet<Arc<str>>,
}

impl TrustedDocuments {
    /// Reads a manifest. It is a JSON object of queries by id, as relay-compiler and GraphQL Code Generator write
    /// it, or Apollo's persisted query manifest (`{"format": "apollo-persisted-query-manifest", "operations":
    /// [{"id", "body"}]}`).
    pub fn from_manifest(text: &str, mode: TrustedDocumentMode) -> Result<Self, String> {
        use serde_json::Value;
        let manifest: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let entry = |id: Option<&Value>, body: Option<&Value>| match (id, body) {
            (Some(Value::String(id)), Some(Value::String(body))) => Ok((id.clone(), Arc::from(body.as_str()))),
            _ => Err("an operation lacks the strings `id` and `body`".to_owned()),
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
                    _ => Err(format!("the value under \"{id}\" is not the text of a query")),
                })
                .collect(),
            _ => Err("not an object of queries by id".to_owned()),
        };
        let by_id = by_id?;
        if by_id.is_empty() {
            return Err("it contains no query".to_owned());
        }
        Ok(Self { mode, texts: by_id.values().cloned().collect(), by_id })
    }

    /// Returns the document with an id. The id may have a prefix that ends in a colon, such as `sha256:`.
    pub fn get(&self, id: &str) -> Option<&Arc<str>> {
        let without_digest_name = || id.split_once(':').and_then(|(_, id)| self.by_id.get(id));
        self.by_id.get(id).or_else(without_digest_name)
    }

    /// Returns whether a text equals one of the documents.
    pub fn contains(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Returns the number of documents.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Returns true if there are no documents, because no manifest is configured.
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
