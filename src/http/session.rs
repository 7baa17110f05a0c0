//! Session of a request or a connection: viewer, client IP and bearer token; detects a token that has expired or was
//! revoked.
//!
//! The token is checked again every five seconds, and whenever a token changes.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    auth::{auth_error, authenticate},
    error::HttpError,
    limits::rate_limit::caller,
    state::HttpState,
};
use crate::{auth::viewer::Viewer, fair_semaphore::Caller, newsroom::access::tokens::AuthError};

/// How often a token is looked up again, whatever is heard of it: it may be over, or its issuer's keys may be others.
const TOKEN_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Somebody on a line.
pub(super) struct Session {
    pub(super) viewer: Viewer,
    pub(super) address: IpAddr,
    pub(super) bearer: Option<String>,
}

impl Session {
    /// Of whoever holds a token; of the public without one.
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

    /// Of somebody whose token was looked up.
    pub(super) fn new(viewer: Viewer, bearer: Option<&str>, address: IpAddr) -> Self {
        Self { viewer, address, bearer: bearer.map(str::to_owned) }
    }

    /// Who it is, for what callers share.
    pub(super) fn caller(&self) -> Caller {
        caller(self.address, self.bearer.as_deref())
    }

    /// Waits until the token is no longer good, and says why. Never for the public.
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

    /// Waits until the server is to stop.
    pub(super) async fn until_shutdown(state: Arc<HttpState>) {
        // It cannot be dropped: the application holds it.
        let _ = state.app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// What is wrong with the token by now, if anything is.
    pub(super) async fn token_error(&self, state: &HttpState) -> Option<HttpError> {
        match state.app.authenticate(Some(self.bearer.as_deref()?)).await {
            // A database that does not answer says nothing of the token.
            Ok(_) | Err(AuthError::Db(_)) => None,
            Err(error) => Some(auth_error(error)),
        }
    }
}
