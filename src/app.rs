//! Application state and wiring: database, clock, catalog, GraphQL executor, OIDC and HTTP configuration.
//!
//! `App` is built once and shared. It also authenticates bearer tokens (Dateline's own or those of an OIDC issuer),
//! creates the context of a request, reports readiness and runs the background tasks (database monitor, journal
//! polling, JWKS refresh). Periodic writes are in `jobs`.

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
    catalog::{Catalog, IndexLocation, ReleaseFilter},
    clock::Clock,
    config::{HttpConfig, SiteInfo},
    db::{DatabaseError, Db},
    graphql::{Executor, Extent, RequestContext},
    newsroom::{
        Newsroom, NewsroomSettings,
        access::{
            public_id::IdCodec,
            resume_token::{TokenCipher, signing_secret},
            tokens::{self, AuthError},
        },
    },
};

/// Maximum time since the last successful poll of the journal. If more time has passed, the server reports that it
/// is not ready. The journal is polled four times a second.
const MAX_CATALOG_LAG: Duration = Duration::from_secs(5);

/// Maximum number of attempts to measure the database's time when the program starts.
const MAX_CLOCK_ATTEMPTS: usize = 5;

/// Timeout of each attempt to measure the database's time. If an attempt times out, the program does not start.
const CLOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// A running application.
#[derive(Clone)]
pub struct App {
    /// The newsroom: rules, database and catalog.
    pub newsroom: Newsroom,
    /// Executor of GraphQL operations.
    pub executor: Arc<Executor>,
    /// Clock that follows the database's time.
    pub clock: Clock,
    /// The newsroom as its pages and feeds present it.
    pub site_info: Arc<SiteInfo>,
    /// Requests with an `Idempotency-Key` in flight, by owner and key.
    pub in_flight_keys: Arc<Mutex<HashSet<(String, String)>>>,
    /// Verifier of the tokens of an OpenID Connect issuer, if one is configured.
    pub oidc: Option<Arc<Oidc>>,
    /// Configuration of the HTTP server.
    pub http_config: Arc<HttpConfig>,
    /// Whether the server is stopping. WebSockets and event streams end when this becomes true.
    pub stopping: watch::Sender<bool>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("newsroom", &self.newsroom).finish_non_exhaustive()
    }
}

impl App {
    /// Builds the application on a migrated database: reads the database's time, loads the catalog, builds the
    /// GraphQL schema. Fails if a single read of the database's time takes longer than five seconds, or if any read
    /// from the database fails.
    pub async fn new(
        db: Db,
        settings: NewsroomSettings,
        site_info: SiteInfo,
        clock: Clock,
    ) -> Result<Arc<Self>, DatabaseError> {
        for _ in 0..MAX_CLOCK_ATTEMPTS {
            if clock.is_measured() {
                break;
            }
            with_start_timeout(CLOCK_TIMEOUT, db.measure(&clock)).await?;
        }
        let catalog = Arc::new(Catalog::load(db.clone(), settings.search_index.clone()).await?);
        let secret = signing_secret(&db).await?;
        let (token_cipher, ids) = (TokenCipher::from_secret(&secret)?, IdCodec::from_secret(&secret)?);
        let newsroom = Newsroom {
            db,
            catalog,
            settings,
            token_cipher,
            ids,
            pending_reads: Arc::default(),
            renditions: Arc::default(),
        };
        let http_config = Arc::new(HttpConfig::default());
        Ok(Arc::new(Self {
            executor: Arc::new(Executor::new(newsroom.clone(), http_config.limits.clone(), http_config.introspection)),
            http_config,
            newsroom,
            clock,
            site_info: Arc::new(site_info),
            in_flight_keys: Arc::default(),
            oidc: None,
            stopping: watch::Sender::new(false),
        }))
    }

    /// Returns the same application with a verifier for the tokens of an OpenID Connect issuer. `None` removes the
    /// verifier.
    #[must_use]
    pub fn with_oidc(self: Arc<Self>, settings: Option<OidcSettings>) -> Arc<Self> {
        let oidc = settings.map(|settings| Arc::new(Oidc::new(settings)));
        Arc::new(Self { oidc, ..Self::clone(&self) })
    }

    /// Returns the same application with another HTTP configuration.
    #[must_use]
    pub fn with_http_config(self: Arc<Self>, http_config: HttpConfig) -> Arc<Self> {
        let executor =
            Arc::new(Executor::new(self.newsroom.clone(), http_config.limits.clone(), http_config.introspection));
        Arc::new(Self { executor, http_config: Arc::new(http_config), ..Self::clone(&self) })
    }

    /// Authenticates a bearer token and returns its viewer. Without a token, returns the public viewer.
    pub async fn authenticate(&self, bearer: Option<&str>) -> Result<Viewer, AuthError> {
        let Some(bearer) = bearer else { return Ok(Viewer::public()) };
        let now = self.clock.now();
        match &self.oidc {
            Some(oidc) if !bearer.starts_with(tokens::PREFIX) && Oidc::looks_like_jwt(bearer) => {
                oidc.verify(bearer, now).await.map_err(|rejected| AuthError::Rejected(rejected.0))
            }
            _ => self.newsroom.authenticate(bearer, now).await,
        }
    }

    /// Creates the context of a request: reads the time and pins the snapshot, once per request.
    pub fn request_context(&self, viewer: Viewer) -> RequestContext {
        RequestContext::new(&self.newsroom, viewer, self.clock.now())
    }

    /// Returns the sizes of what a viewer may see now (such as the number of releases). They are needed to compute
    /// the cost of a query.
    pub fn extent(&self, viewer: &Viewer) -> Extent {
        let now = self.clock.now();
        Extent::of(self.newsroom.catalog.snapshot_at(now).visible_to(viewer, now))
    }

    /// Reads a `ReleaseFilter` of the API from JSON, as the public may write it. An error says what is wrong.
    pub fn parse_filter(&self, json: &serde_json::Value) -> Result<ReleaseFilter, String> {
        self.executor.parse_filter(json, &self.newsroom.ids, &self.extent(&Viewer::public()))
    }

    /// Returns the reason why this server is not ready for requests, or `None` if it is ready.
    pub fn unready_reason(&self) -> Option<Cow<'static, str>> {
        let database = self.newsroom.db.unready_reason();
        database.or_else(|| {
            let is_behind = self.newsroom.catalog.last_synced().elapsed() >= MAX_CATALOG_LAG;
            is_behind.then_some("the catalog has not followed the journal of late".into())
        })
    }

    /// Returns the share of the public releases that the search index contains, in percent. Returns `None` if search
    /// is switched off.
    pub fn search_progress(&self) -> Option<u8> {
        let now = self.clock.now();
        let public = self.newsroom.catalog.snapshot_at(now).visible_to(&Viewer::public(), now);
        let is_on = self.newsroom.settings.search_index != IndexLocation::Off;
        is_on.then(|| (public.index_coverage() * 100.0) as u8)
    }

    /// Runs the background tasks until the future is dropped: the database monitor, polling of the journal,
    /// maintenance of the search index, and refresh of the OpenID Connect issuer's keys.
    pub async fn run_background_tasks(&self) {
        let keys = async {
            if let Some(oidc) = &self.oidc {
                oidc.refresh_keys_periodically(|| self.clock.now()).await;
            }
        };
        let catalog = &self.newsroom.catalog;
        tokio::join!(self.newsroom.db.monitor(&self.clock), catalog.poll_journal(), catalog.maintain_index(), keys);
    }
}

/// Waits for the database's time with a timeout, because the database driver itself waits without a limit.
async fn with_start_timeout<E>(
    timeout_after: Duration,
    answer: impl Future<Output = Result<(), E>>,
) -> Result<(), DatabaseError>
where
    DatabaseError: From<E>,
{
    let timed_out = |_| {
        DatabaseError::Unavailable(format!(
            "it did not return its time within {} ms when the program started: check that it runs, that nothing holds locks on \
             its tables, and the network to it",
            timeout_after.as_millis()
        ))
    };
    Ok(timeout(timeout_after, answer).await.map_err(timed_out)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn start_fails_when_the_database_does_not_return_its_time_in_time() {
        let never = std::future::pending::<Result<(), DatabaseError>>();
        let error = with_start_timeout(Duration::ZERO, never).await.unwrap_err();
        let DatabaseError::Unavailable(reason) = error else { panic!("{error:?}") };
        assert!(reason.contains("did not return its time within 0 ms when the program started"), "{reason}");
        assert_eq!(with_start_timeout(CLOCK_TIMEOUT, async { Ok::<(), DatabaseError>(()) }).await, Ok(()));
        let full = DatabaseError::Full("no space".to_owned());
        assert_eq!(with_start_timeout(CLOCK_TIMEOUT, async { Err::<(), _>(full.clone()) }).await, Err(full));
    }
}
