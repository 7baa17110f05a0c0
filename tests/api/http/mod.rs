//! Tests of the HTTP server.
//!
//! - `client_ip`: rate limits, trusted proxies, and CORS headers
//! - `connections`: timeouts and connection limits
//! - `database_reconnect`: terminated connections to PostgreSQL
//! - `drain`: responses to requests that are rejected before their body is read
//! - `query_page`: the pages for running queries
//! - `requests`: content types, methods, and status codes
//! - `sse`: server-sent events
//! - `tls`: certificates and ALPN
//! - `websocket`: the protocol `graphql-transport-ws`

pub mod client_ip;
pub mod connections;
pub mod database_reconnect;
pub mod drain;
pub mod query_page;
pub mod requests;
pub mod sse;
pub mod tls;
pub mod websocket;
