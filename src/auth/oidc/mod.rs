//! Sign-in by OpenID Connect: a bearer token that an issuer signed becomes a [`Viewer`]. Dateline keeps no passwords and asks
//! the issuer for nothing but its public keys.
//!
//! A token is read (`token.rs`), its signature held against the issuer's keys (`keys.rs`, which `keyring.rs` keeps fresh),
//! then its claims against the settings and the time (`claims.rs`). Whatever is wrong with it becomes one sentence for whoever
//! sent it; the token itself is in no message and no log.

mod claims;
mod jwks_cache;
mod keys;
mod settings;
mod token;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::viewer::Viewer;
use jwks_cache::Keyring;
use keys::Judgement;
use token::Token;

pub use settings::{Jwks, OidcSettings};

/// How often [`Oidc::keep`] looks whether the keys are due.
const LOOK: Duration = Duration::from_secs(30);

/// Why a token is refused: a sentence for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// An issuer whose tokens are taken.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    keyring: Arc<Keyring>,
}

impl Oidc {
    /// Takes the tokens of the issuer of the settings. Its keys are fetched when they are first needed, or by [`Oidc::keep`].
    pub fn new(settings: OidcSettings) -> Self {
        let keyring = Arc::new(Keyring::new(settings.jwks.clone()));
        Self { settings, keyring }
    }

    /// Whether a bearer has the shape of a token that an issuer signs: three parts, joined by dots.
    pub fn is_shaped_like_one(bearer: &str) -> bool {
        bearer.bytes().filter(|&byte| byte == b'.').count() == 2
    }

    /// Who holds a token.
    pub async fn viewer(&self, bearer: &str, now: DateTime<Utc>) -> Result<Viewer, Refused> {
        let token = Token::read(bearer)?;
        let mut judgement = self.keyring.keys().judge(&token)?;
        if judgement == Judgement::UnknownKey {
            self.keyring.renew(now).await;
            judgement = self.keyring.keys().judge(&token)?;
        }
        match judgement {
            Judgement::Signed => claims::viewer(&token.claims()?, &self.settings, now),
            Judgement::UnknownKey if self.keyring.is_empty() => Err(Refused(format!(
                "the keys of {} could not be had yet, so no token of it can be checked: try again in a minute",
                self.settings.issuer
            ))),
            Judgement::UnknownKey => Err(Refused(format!(
                "the token is signed with a key that {} does not have: sign in again, there",
                self.settings.issuer
            ))),
        }
    }

    /// Fetches the keys again where they are older than an hour or were never had; a file's when it changed. At most once in
    /// half a minute.
    pub async fn freshen(&self, now: DateTime<Utc>) {
        if self.keyring.is_due(now) {
            self.keyring.renew(now).await;
        }
    }

    /// Keeps the keys fresh, for as long as it is polled; the clock is asked each time.
    pub async fn keep(&self, clock: impl Fn() -> DateTime<Utc> + Send) {
        loop {
            self.freshen(clock()).await;
            tokio::time::sleep(LOOK).await;
        }
    }
}
