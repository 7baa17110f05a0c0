//! OIDC settings as validated values: issuer, audience, JWKS source, subject and role claims, role mapping, clock skew.
//!
//! Parsing is in `config::oidc`.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::TimeDelta;
use entity::api_token::Role;

/// Where the issuer's public keys are (a JWK Set, RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// An http or https address.
    Url(String),
    /// A file.
    File(PathBuf),
}

/// An issuer, and what its tokens mean here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// What the claim `iss` must be, to the letter.
    pub issuer: String,
    /// What the claim `aud` must be or contain.
    pub audience: String,
    /// The issuer's keys.
    pub jwks: JwksSource,
    /// The claim that says who it is; `a.b` reaches into objects.
    pub subject_claim: String,
    /// The claim that says what they may do; `a.b` reaches into objects.
    pub role_claim: String,
    /// The role for each value of that claim; other values say nothing.
    pub roles: BTreeMap<String, Role>,
    /// How far the issuer's clock may be from ours.
    pub clock_skew: TimeDelta,
}
