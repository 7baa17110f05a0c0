//! OIDC settings as validated values: issuer, audience, JWKS source, subject and role claims, role mapping, clock skew.
//!
//! Parsing is in `config::oidc`.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::TimeDelta;
use entity::api_token::Role;

/// Where the issuer's public keys are (a JWK Set, RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// An http or https URL.
    Url(String),
    /// A file.
    File(PathBuf),
}

/// The settings of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// Required value of the `iss` claim, compared exactly.
    pub issuer: String,
    /// Value that the `aud` claim must be or contain.
    pub audience: String,
    /// Source of the issuer's keys.
    pub jwks: JwksSource,
    /// Claim with the subject; `a.b` is a path into objects.
    pub subject_claim: String,
    /// Claim with the roles; `a.b` is a path into objects.
    pub role_claim: String,
    /// Role for each value of that claim; other values are ignored.
    pub roles: BTreeMap<String, Role>,
    /// Maximum difference between the issuer's clock and the server's.
    pub clock_skew: TimeDelta,
}
