//! OpenID Connect: verifies bearer tokens (JWT) of an issuer and turns their claims into a `Viewer`.
//!
//! The verification of a token has three steps: parse the token, verify its signature with the issuer's keys, check
//! its claims. A token that names an unknown key triggers one refresh of the keys. Error messages are written for
//! the client. Tokens never appear in messages or logs.
//!
//! - `token`: parses a JWS in compact form
//! - `keys`: JWK set and signature verification
//! - `jwks_cache`: fetches, caches and refreshes the JWK set
//! - `claims`: issuer, audience, validity period, subject and role
//! - `settings`: issuer, audience, claims and role mapping
//! - `error`: why a token is rejected

mod claims;
mod error;
mod jwks_cache;
mod keys;
mod settings;
mod token;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::viewer::Viewer;
use jwks_cache::JwksCache;
use keys::Verification;
use token::Token;

pub use error::TokenRejected;
pub use settings::{JwksSource, OidcSettings};

/// How often [`Oidc::refresh_keys_periodically`] checks whether a refresh is due.
const REFRESH_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// The verifier of an issuer's tokens.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    cache: Arc<JwksCache>,
}

impl Oidc {
    /// Creates a verifier. The issuer's keys are fetched on first use, or by [`Oidc::refresh_keys_periodically`].
    pub fn new(settings: OidcSettings) -> Self {
        let cache = Arc::new(JwksCache::new(settings.jwks.clone()));
        Self { settings, cache }
    }

    /// Returns true if a bearer token looks like a JWT: three parts, joined by dots.
    pub fn looks_like_jwt(bearer: &str) -> bool {
        bearer.bytes().filter(|&byte| byte == b'.').count() == 2
    }

    /// Verifies a bearer token, and returns its holder as a viewer.
    pub async fn verify(&self, bearer: &str, now: DateTime<Utc>) -> Result<Viewer, TokenRejected> {
        let token = Token::parse(bearer)?;
        let mut verification = self.cache.keys().verify(&token)?;
        if verification == Verification::UnknownKey {
            self.cache.refresh(now).await;
            verification = self.cache.keys().verify(&token)?;
        }
        match verification {
            Verification::Signed => claims::viewer_from_claims(&token.claims()?, &self.settings, now),
            Verification::UnknownKey if self.cache.is_empty() => Err(TokenRejected(format!(
                "the keys of {} could not be loaded yet, so its tokens cannot be verified: retry in a minute",
                self.settings.issuer
            ))),
            Verification::UnknownKey => Err(TokenRejected(format!(
                "the token is signed with a key that {} does not publish: sign in again",
                self.settings.issuer
            ))),
        }
    }

    /// Refreshes the issuer's keys if they are older than an hour or were never loaded, or if the key file has
    /// changed. Does nothing if the last attempt was less than 30 seconds ago.
    pub async fn refresh_keys(&self, now: DateTime<Utc>) {
        if self.cache.is_due(now) {
            self.cache.refresh(now).await;
        }
    }

    /// Refreshes the issuer's keys periodically, until the future is dropped.
    pub async fn refresh_keys_periodically(&self, clock: impl Fn() -> DateTime<Utc> + Send) {
        loop {
            self.refresh_keys(clock()).await;
            tokio::time::sleep(REFRESH_CHECK_INTERVAL).await;
        }
    }
}
