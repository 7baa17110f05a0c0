//! The application: everything wired together, in the one place where that is done.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

use crate::{
    auth::{
        oidc::{Oidc, OidcSettings},
        viewer::Viewer,
    },
    catalog::Catalog,
    clock::Clock,
    db::{Db, Fault},
    graphql::{Executor, Extent, RequestContext},
    http::config::Edge,
    newsroom::{
        Newsroom, NewsroomSettings,
        access::{
            public_id::IdCodec,
            resume_token::{TokenCipher, signing_secret},
            tokens::{self, AuthError},
        },
    },
};

/// How long ago the catalog may have followed the journal last for a server to be ready. It looks four times a second.
const READY: Duration = Duration::from_secs(5);

/// Maximum number of attempts to measure the database's time at start.
const MAX_ATTEMPTS: usize = 5;

/// Timeout of each attempt; after it the start fails.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whose newsroom it is, for people.
#[derive(Clone, Debug)]
pub struct Masthead {
    /// What the newsroom is called.
    pub name: String,
    /// The organisation behind it; may be empty.
    pub publisher: String,
}

impl Default for Masthead {
    fn default() -> Self {
        Self { name: "Newsroom".to_owned(), publisher: String::new() }
    }
}

/// A running Dateline.
#[derive(Clone)]
pub struct App {
    /// The rules and what they work on.
    pub newsroom: Newsroom,
    /// The GraphQL API over them.
    pub executor: Arc<Executor>,
    /// What time it is: the database's.
    pub clock: Clock,
    /// Whose newsroom it is.
    pub masthead: Masthead,
    /// Repeatable requests under way: whose, and under which key.
    pub under_way: Arc<Mutex<HashSet<(String, String)>>>,
    /// Whose tokens are taken beside ours.
    pub oidc: Option<Arc<Oidc>>,
    /// What the world may ask of it, and how.
    pub edge: Arc<Edge>,
    /// Whether it is being stopped: lines that last end then.
    pub stopping: watch::Sender<bool>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("newsroom", &self.newsroom).finish_non_exhaustive()
    }
}

impl App {
    /// Wires a migrated database up: asks it for the time, loads the catalog, builds the schema. Fails if one
    /// attempt to read the database's time takes longer than five seconds, or if a read fails.
    pub async fn new(db: Db, settings: NewsroomSettings, masthead: Masthead, clock: Clock) -> Result<Arc<Self>, Fault> {
        for _ in 0..MAX_ATTEMPTS {
            if clock.is_measured() {
                break;
            }
            within(TIMEOUT, db.measure(&clock)).await?;
        }
        let catalog = Arc::new(Catalog::load(db.clone()).await?);
        let secret = signing_secret(&db).await?;
        let (token_cipher, ids) = (TokenCipher::from_secret(&secret)?, IdCodec::from_secret(&secret)?);
        let newsroom = Newsroom {
            db,
            catalog,
            settings,
            token_cipher,
            ids,
            access_log: Arc::default(),
            renditions: Arc::default(),
        };
        let edge = Arc::new(Edge::default());
        Ok(Arc::new(Self {
            executor: Arc::new(Executor::new(newsroom.clone(), edge.limits.clone(), edge.introspection)),
            edge,
            newsroom,
            clock,
            masthead,
            under_way: Arc::default(),
            oidc: None,
            stopping: watch::Sender::new(false),
        }))
    }

    /// The same, taking the tokens of an issuer, too.
    #[must_use]
    pub fn with_oidc(self: Arc<Self>, settings: Option<OidcSettings>) -> Arc<Self> {
        let oidc = settings.map(|settings| Arc::new(Oidc::new(settings)));
        Arc::new(Self { oidc, ..Self::clone(&self) })
    }

    /// The same, open to the world in another way.
    #[must_use]
    pub fn with_edge(self: Arc<Self>, edge: Edge) -> Arc<Self> {
        let executor = Arc::new(Executor::new(self.newsroom.clone(), edge.limits.clone(), edge.introspection));
        Arc::new(Self { executor, edge: Arc::new(edge), ..Self::clone(&self) })
    }

    /// Who holds a bearer token; the public without one.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Viewer, AuthError> {
        let Some(bearer) = bearer else { return Ok(Viewer::public()) };
        let now = self.clock.now();
        match &self.oidc {
            Some(oidc) if !bearer.starts_with(tokens::PREFIX) && Oidc::is_shaped_like_one(bearer) => {
                oidc.viewer(bearer, now).await.map_err(|refused| AuthError::Rejected(refused.0))
            }
            _ => self.newsroom.authenticate(bearer, now).await,
        }
    }

    /// What a request of a viewer carries: the time is read and the snapshot pinned here, once.
    pub fn request_context(&self, viewer: Viewer) -> RequestContext {
        RequestContext::new(&self.newsroom, viewer, self.clock.now())
    }

    /// How much a viewer may see now, for the price of a query.
    pub fn extent(&self, viewer: &Viewer) -> Extent {
        let now = self.clock.now();
        Extent::of(self.newsroom.catalog.snapshot_at(now).visible_to(viewer, now))
    }

    /// Why this server is not ready to be sent requests; none where it is.
    pub fn unready(&self) -> Option<Cow<'static, str>> {
        let database = self.newsroom.db.complaint();
        database.or_else(|| {
            let is_behind = self.newsroom.catalog.last_synced().elapsed() >= READY;
            is_behind.then_some("the catalog has not followed the journal of late".into())
        })
    }

    /// Watches the database and its time, follows what other processes write, and the issuer's keys, for as long as it is polled.
    pub async fn follow(&self) {
        let keys = async {
            if let Some(oidc) = &self.oidc {
                oidc.keep(|| self.clock.now()).await;
            }
        };
        tokio::join!(self.newsroom.db.monitor(&self.clock), self.newsroom.catalog.poll_journal(), keys);
    }
}

/// Waits for the database's time; fails where it does not come in time. The driver itself would wait for an answer for ever.
async fn within<E>(limit: Duration, answer: impl Future<Output = Result<(), E>>) -> Result<(), Fault>
where
    Fault: From<E>,
{
    let late = |_| {
        Fault::Unavailable(format!(
            "it did not return its time within {} ms when the program started: check that it runs, that nothing holds locks on \
             its tables, and the network to it",
            limit.as_millis()
        ))
    };
    Ok(timeout(limit, answer).await.map_err(late)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_that_does_not_tell_its_time_is_not_waited_for() {
        let never = std::future::pending::<Result<(), Fault>>();
        let fault = within(Duration::ZERO, never).await.unwrap_err();
        let Fault::Unavailable(why) = fault else { panic!("{fault:?}") };
        assert!(why.contains("did not return its time within 0 ms when the program started"), "{why}");
        assert_eq!(within(TIMEOUT, async { Ok::<(), Fault>(()) }).await, Ok(()));
        let full = Fault::Full("no room".to_owned());
        assert_eq!(within(TIMEOUT, async { Err::<(), _>(full.clone()) }).await, Err(full));
    }
}
