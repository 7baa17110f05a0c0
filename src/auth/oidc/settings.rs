//! OIDC settings as validated values: issuer, audience, JWKS source, subject and role claims, role mapping, clock skew.
//!
//! `config::oidc` parses these settings.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::TimeDelta;
use entity::api_token::Role;

/// Source of the issuer's public keys (a JWK Set, RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// An http or https URL.
    Url(String),
    /// A local file.
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
    /// Name of the claim with the subject. `a.b` means the member `b` of the object `a`.
    pub subject_claim: String,
    /// Name of the claim with the roles. `a.b` means the member `b` of the object `a`.
    pub role_claim: String,
    /// Role for each value of the role claim. Other values are ignored.
    pub roles: BTreeMap<String, Role>,
    /// Maximum difference between the issuer's clock and the server's clock.
    pub clock_skew: TimeDelta,
}
