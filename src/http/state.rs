//! State shared by all HTTP handlers: the application, the response cache, the persisted queries, the request limiter
//! and the trusted proxies.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    graphql::persisted_queries::PersistedQueries,
    limits::{client_ip::TrustedProxies, rate_limit::RequestLimiter},
    response_cache::ResponseCache,
};
use crate::{app::App, site::Assets};

/// The application and the state of its HTTP server.
pub(super) struct HttpState {
    pub(super) app: Arc<App>,
    pub(super) response_cache: ResponseCache,
    pub(super) persisted_queries: PersistedQueries,
    pub(super) limiter: RequestLimiter,
    pub(super) trusted_proxies: TrustedProxies,
    /// The files that pages load.
    pub(super) assets: Arc<Assets>,
    /// When the server started. Pages cannot know of earlier changes, so this is their earliest `Last-Modified`.
    pub(super) started_at: DateTime<Utc>,
}

impl HttpState {
    /// Creates the state from the HTTP configuration of the application.
    pub(super) fn new(app: &Arc<App>) -> Self {
        let config = &app.http_config;
        Self {
            response_cache: ResponseCache::new(config),
            persisted_queries: PersistedQueries::new(config),
            limiter: RequestLimiter::new(config),
            trusted_proxies: TrustedProxies::new(&config.trusted_proxies),
            assets: Arc::new(Assets::new(&app.site_info)),
            started_at: app.clock.now(),
            app: app.clone(),
        }
    }
}
