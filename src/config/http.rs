//! Reads the settings of the HTTP server: limits, introspection, TLS files, trusted proxies, CORS, caches, trusted
//! documents.
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
