//! Reads the settings of the HTTP server: limits, introspection, GraphiQL, TLS files, trusted proxies, CORS, caches,
//! trusted documents.
//!
//! Parses and validates the values of these settings, and builds `HttpConfig`. The table of limits is in `limits`.

use std::{path::Path, sync::Arc};

use axum::http::HeaderValue;
use ipnet::IpNet;

use super::{
    http_config::{AllowedOrigins, HttpConfig, TlsFiles, TrustedDocumentMode, TrustedDocuments},
    layers::{Layers, profile},
    setting::ConfigError,
};
use crate::limits::{ALL, Limits};

/// Reads the configuration of the HTTP server.
pub(super) fn read(layers: &Layers) -> Result<HttpConfig, ConfigError> {
    let mut limits = Limits::of(profile(layers)?);
    for limit in ALL {
        let least = u64::from(!limit.key.starts_with("rate."));
        let value = layers.read(limit.key, &format!("a whole number, {least} or more"), |value| {
            whole_number(value).filter(|value| *value >= least)
        })?;
        *(limit.field)(&mut limits) = value;
    }
    let mode = layers.read("documents.trust", "off, log or only", |value| match value {
        "off" => Some(TrustedDocumentMode::Off),
        "log" => Some(TrustedDocumentMode::Log),
        "only" => Some(TrustedDocumentMode::Only),
        _ => None,
    })?;
    let manifest = layers.text("documents.manifest")?;
    Ok(HttpConfig {
        limits: Arc::new(limits),
        introspection: layers.read("introspection", "true or false", |value| value.parse().ok())?,
        graphiql_base_url: layers.read(
            "graphiql.base_url",
            "an http or https URL without ? and #, a path on this server that begins with one slash, or nothing: \
             https://cdn.example.org/npm, /vendor",
            |value| if value.is_empty() { Some(None) } else { base_url(value).map(Some) },
        )?,
        trusted_proxies: layers.read(
            "trusted_proxies",
            "addresses or networks, separated by commas: 10.0.0.0/8, ::1",
            |value| {
                comma_separated(value)
                    .map(|item| {
                        item.parse::<IpNet>().or_else(|_| item.parse::<std::net::IpAddr>().map(IpNet::from)).ok()
                    })
                    .collect()
            },
        )?,
        origins: layers.read("cors_origins", "*, or origins separated by commas: https://example.org", |value| {
            if value.trim() == "*" {
                return Some(AllowedOrigins::Any);
            }
            let origin = |item: &str| {
                let (scheme, host) = item.split_once("://")?;
                let is_valid =
                    ["http", "https"].contains(&scheme) && !host.is_empty() && !host.contains(['/', ' ', '*']);
                is_valid.then(|| HeaderValue::from_str(item).ok())?
            };
            comma_separated(value).map(origin).collect::<Option<_>>().map(AllowedOrigins::Only)
        })?,
        cache_bytes: layers.read("cache.bytes", "a number of bytes", whole_number)?,
        max_age: layers.seconds("cache.max_age", 86_400)?.into(),
        persisted_bytes: layers.read("documents.persisted_bytes", "a number of bytes", whole_number)?,
        documents: Arc::new(documents(&manifest, mode)?),
        tls: tls(layers)?,
    })
}

/// Parses the address of a folder: a URL, or a path on this server. Removes slashes at its end. Returns `None`
/// if it is invalid, or if it contains a character with a meaning in a content security policy.
fn base_url(value: &str) -> Option<String> {
    let after_scheme = ["https://", "http://"].iter().find_map(|scheme| value.strip_prefix(scheme));
    let rest = after_scheme.or_else(|| value.strip_prefix('/'))?;
    let is_valid = !rest.is_empty()
        && !rest.starts_with('/')
        && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"'<>\\@;,*".contains(&byte));
    is_valid.then(|| value.trim_end_matches('/').to_owned())
}

fn tls(layers: &Layers) -> Result<Option<TlsFiles>, ConfigError> {
    let (certificate, key) = (layers.text("tls.certificate")?, layers.text("tls.key")?);
    match (certificate.is_empty(), key.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() })),
        _ => Err(ConfigError("TLS requires both tls.certificate and tls.key".to_owned())),
    }
}

/// Parses a whole number from 0 to 2^40. It may contain underscores.
fn whole_number(value: &str) -> Option<u64> {
    value.replace('_', "").parse().ok().filter(|number| *number <= 1 << 40)
}

fn comma_separated(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn documents(manifest: &str, mode: TrustedDocumentMode) -> Result<TrustedDocuments, ConfigError> {
    if manifest.is_empty() {
        return match mode {
            TrustedDocumentMode::Off => Ok(TrustedDocuments::default()),
            _ => Err(ConfigError(
                "documents.trust is set, but documents.manifest is not: set it to the file of trusted documents"
                    .to_owned(),
            )),
        };
    }
    let text =
        std::fs::read_to_string(manifest).map_err(|error| ConfigError::unreadable(Path::new(manifest), &error))?;
    TrustedDocuments::from_manifest(&text, mode)
        .map_err(|reason| ConfigError(format!("documents.manifest is {manifest}: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graphiql(file: &str) -> Result<Option<String>, String> {
        let mut layers = Layers::defaults();
        layers.file(Path::new("dateline.toml"), file).map_err(|error| error.to_string())?;
        read(&layers).map(|config| config.graphiql_base_url).map_err(|error| error.to_string())
    }

    #[test]
    fn the_base_url_of_graphiql_is_a_url_a_path_or_empty() {
        let base_url = |value: &str| graphiql(&format!("graphiql.base_url = \"{value}\""));
        assert_eq!(base_url(""), Ok(None));
        for (value, read) in [
            ("https://unpkg.com", "https://unpkg.com"),
            ("http://127.0.0.1:8080/npm/", "http://127.0.0.1:8080/npm"),
            ("/vendor/npm/", "/vendor/npm"),
        ] {
            assert_eq!(base_url(value), Ok(Some(read.to_owned())));
        }
        for wrong in [
            "unpkg.com",
            "//unpkg.com",
            "/",
            "https://",
            "https:///npm",
            "ftp://x",
            "https://x/?a",
            "https://x; img-src *",
            "https://a@b",
            "https://x/a b",
        ] {
            let error = base_url(wrong).unwrap_err();
            assert!(error.contains("graphiql.base_url is") && error.contains("/vendor"), "{wrong}: {error}");
        }
    }

    #[test]
    fn the_hardened_profile_loads_no_graphiql_unless_it_is_set() {
        assert_eq!(graphiql(""), Ok(Some("https://cdn.jsdelivr.net/npm".to_owned())));
        assert_eq!(graphiql("profile = \"hardened\""), Ok(None));
        let both = graphiql("profile = \"hardened\"\ngraphiql.base_url = \"/vendor\"");
        assert_eq!(both, Ok(Some("/vendor".to_owned())));
    }
}
