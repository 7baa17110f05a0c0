//! Who is on a line that lasts, and for how long: a token that is revoked or over ends it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::{
    auth::viewer::Viewer,
    fair_semaphore::Caller,
    http::{
        Front, auth,
        graphql::{self, request_error::Refusal},
        limits::rate_limit,
    },
    newsroom::access::tokens::AuthError,
};

/// How often a token is looked up again, whatever is heard of it: it may be over, or its issuer's keys may be others.
const LOOK: Duration = Duration::from_secs(5);

/// Somebody on a line.
pub(in crate::http) struct Session {
    pub(in crate::http) viewer: Viewer,
    pub(in crate::http) address: IpAddr,
    pub(in crate::http) bearer: Option<String>,
}

impl Session {
    /// Of whoever holds a token; of the public without one.
    pub(in crate::http) async fn open(front: &Front, bearer: Option<&str>, address: IpAddr) -> Result<Self, Refusal> {
        if bearer.is_some() {
            front.guard.may_try(address)?;
        }
        Ok(Self::of(graphql::authenticate(front, bearer, address).await?, bearer, address))
    }

    /// Of somebody whose token was looked up.
    pub(in crate::http) fn of(viewer: Viewer, bearer: Option<&str>, address: IpAddr) -> Self {
        Self { viewer, address, bearer: bearer.map(str::to_owned) }
    }

    /// Who it is, for what callers share.
    pub(in crate::http) fn caller(&self) -> Caller {
        rate_limit::caller(self.address, self.bearer.as_deref())
    }

    /// Waits until the token is no longer good, and says why. Never for the public.
    pub(in crate::http) async fn ended(&self, front: Arc<Front>) -> Refusal {
        if self.bearer.is_none() {
            return std::future::pending().await;
        }
        let mut tokens = front.app.newsroom.catalog.subscribe_tokens();
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                Ok(()) = tokens.changed() => {}
            }
            if let Some(refusal) = self.fault(&front).await {
                return refusal;
            }
        }
    }

    /// Waits until the server is to stop.
    pub(in crate::http) async fn stopped(front: Arc<Front>) {
        // It cannot be dropped: the application holds it.
        let _ = front.app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// What is wrong with the token by now, if anything is.
    pub(in crate::http) async fn fault(&self, front: &Front) -> Option<Refusal> {
        match front.app.authenticate(Some(self.bearer.as_deref()?)).await {
            // A database that does not answer says nothing of the token.
            Ok(_) | Err(AuthError::Db(_)) => None,
            Err(fault) => Some(auth::unauthenticated(fault)),
        }
    }
}
