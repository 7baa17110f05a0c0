//! Session of a request or a connection: viewer, client IP and bearer token. Detects when the token expires or is
//! revoked.
//!
//! A long-lived session checks its token again every five seconds, and whenever any token of the newsroom changes.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    auth::{auth_error, authenticate},
    error::HttpError,
    limits::rate_limit::caller,
    state::HttpState,
};
use crate::{auth::viewer::Viewer, fair_semaphore::Caller, newsroom::access::tokens::AuthError};

/// How often a session checks its token again if no token was changed. The token may have expired, or its issuer may
/// have changed the signing keys.
const TOKEN_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// An authenticated request or connection.
pub(super) struct Session {
    pub(super) viewer: Viewer,
    pub(super) address: IpAddr,
    pub(super) bearer: Option<String>,
}

impl Session {
    /// Authenticates a bearer token and returns the session of its holder. Without a token, returns a public session.
    /// Fails if the token is invalid, or if the client IP is locked out.
    pub(super) async fn authenticate(
        state: &HttpState,
        bearer: Option<&str>,
        address: IpAddr,
    ) -> Result<Self, HttpError> {
        if bearer.is_some() {
            state.limiter.check_lockout(address)?;
        }
        Ok(Self::new(authenticate(state, bearer, address).await?, bearer, address))
    }

    /// Creates a session for a viewer that is already authenticated.
    pub(super) fn new(viewer: Viewer, bearer: Option<&str>, address: IpAddr) -> Self {
        Self { viewer, address, bearer: bearer.map(str::to_owned) }
    }

    /// Returns the caller for whom limits are counted.
    pub(super) fn caller(&self) -> Caller {
        caller(self.address, self.bearer.as_deref())
    }

    /// Waits until the token is no longer valid, and returns the error. Never returns for a public session.
    pub(super) async fn until_invalid(&self, state: Arc<HttpState>) -> HttpError {
        if self.bearer.is_none() {
            return std::future::pending().await;
        }
        let mut tokens = state.app.newsroom.catalog.subscribe_tokens();
        let mut tick = tokio::time::interval(TOKEN_CHECK_INTERVAL);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                Ok(()) = tokens.changed() => {}
            }
            if let Some(error) = self.token_error(&state).await {
                return error;
            }
        }
    }

    /// Waits until the server stops.
    pub(super) async fn until_shutdown(state: Arc<HttpState>) {
        // The application holds the sender, so the channel is never closed.
        let _ = state.app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Checks the token again. Returns an error if it is no longer valid.
    pub(super) async fn token_error(&self, state: &HttpState) -> Option<HttpError> {
        match state.app.authenticate(Some(self.bearer.as_deref()?)).await {
            // A database failure does not mean that the token is invalid.
            Ok(_) | Err(AuthError::Db(_)) => None,
            Err(error) => Some(auth_error(error)),
        }
    }
}
