//! State shared by all HTTP handlers: the application, the response cache, the persisted queries, the request limiter
//! and the trusted proxies.

use std::sync::Arc;

use super::{
    graphql::{persisted_queries::PersistedQueries, response_cache::ResponseCache},
    limits::{client_ip::TrustedProxies, rate_limit::RequestLimiter},
};
use crate::app::App;

/// The application and the state of its HTTP server.
pub(super) struct HttpState {
    pub(super) app: Arc<App>,
    pub(super) response_cache: ResponseCache,
    pub(super) persisted_queries: PersistedQueries,
    pub(super) limiter: RequestLimiter,
    pub(super) trusted_proxies: TrustedProxies,
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
            app: app.clone(),
        }
    }
}
