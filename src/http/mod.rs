//! HTTP server: connections, limits, authentication, and GraphQL over HTTP, WebSocket and server-sent events.
//!
//! - `router`: route table, CORS, security headers, request ids, access log, health checks
//! - `state`: state shared by all handlers
//! - `auth`: bearer token of a request, authentication errors
//! - `session`: the viewer of a request or a connection, and the expiry of its token
//! - `error`: error responses
//! - `media_type`: content negotiation (`Accept`)
//! - `pages`: home page and query page
//! - `graphql`: GraphQL over HTTP
//! - `streaming`: WebSocket and server-sent events
//! - `limits`: rate limits, connection limits, client IP
//! - `transport`: connections, timeouts, TLS, graceful shutdown

mod auth;
mod error;
mod graphql;
mod limits;
mod media_type;
mod pages;
mod router;
mod session;
mod state;
mod streaming;
pub mod transport;

pub use router::router;
