//! Who is on a line that lasts, and for how long: a token that is revoked or over ends it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{Front, bearer, graphql, guard, refusal::Refusal};
use crate::{fair_semaphore::Caller, newsroom::token::AuthError, viewer::Viewer};

/// How often a token is looked up again, whatever is heard of it: it may be over, or its issuer's keys may be others.
const LOOK: Duration = Duration::from_secs(5);

/// Somebody on a line.
pub(super) struct Session {
    pub(super) viewer: Viewer,
    pub(super) address: IpAddr,
    pub(super) bearer: Option<String>,
}

impl Session {
    /// Of whoever holds a token; of the public without one.
    pub(super) async fn open(front: &Front, bearer: Option<&str>, address: IpAddr) -> Result<Self, Refusal> {
        if bearer.is_some() {
            front.guard.may_try(address)?;
        }
        Ok(Self::of(graphql::authenticate(front, bearer, address).await?, bearer, address))
    }

    /// Of somebody whose token was looked up.
    pub(super) fn of(viewer: Viewer, bearer: Option<&str>, address: IpAddr) -> Self {
        Self { viewer, address, bearer: bearer.map(str::to_owned) }
    }

    /// Who it is, for what callers share.
    pub(super) fn caller(&self) -> Caller {
        guard::caller(self.address, self.bearer.as_deref())
    }

    /// Waits until the token is no longer good, and says why. Never for the public.
    pub(super) async fn ended(&self, front: Arc<Front>) -> Refusal {
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
    pub(super) async fn stopped(front: Arc<Front>) {
        // It cannot be dropped: the application holds it.
        let _ = front.app.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// What is wrong with the token by now, if anything is.
    pub(super) async fn fault(&self, front: &Front) -> Option<Refusal> {
        match front.app.authenticate(Some(self.bearer.as_deref()?)).await {
            // A database that does not answer says nothing of the token.
            Ok(_) | Err(AuthError::Db(_)) => None,
            Err(fault) => Some(bearer::unauthenticated(fault)),
        }
    }
}
