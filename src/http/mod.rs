//! HTTP server: connections, limits, authentication, GraphQL over HTTP, WebSocket and server-sent events, and the
//! public pages.
//!
//! - `router`: route table, CORS, security headers, request ids, access log, health checks
//! - `state`: state shared by all handlers
//! - `auth`: bearer token of a request, authentication errors
//! - `session`: the viewer of a request or a connection, and the expiry of its token
//! - `error`: error responses
//! - `media_type`: content negotiation (`Accept`)
//! - `api_pages`: home page of a server without public pages
//! - `query_page`: GraphiQL, and a page of this program for running queries
//! - `site`: public pages and feeds
//! - `response_cache`: cache of public responses, `ETag`, `Cache-Control`
//! - `compression`: content coding (brotli, zstd, gzip)
//! - `graphql`: GraphQL over HTTP
//! - `streaming`: WebSocket and server-sent events
//! - `limits`: rate limits, connection limits, client IP
//! - `transport`: connections, timeouts, TLS, graceful shutdown

mod api_pages;
mod auth;
mod compression;
mod error;
mod graphql;
mod limits;
mod media_type;
mod query_page;
mod response_cache;
mod router;
mod session;
mod site;
mod state;
mod streaming;
pub mod transport;

pub use router::router;
