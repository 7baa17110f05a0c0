//! Tests of the HTTP server.
//!
//! - `client_ip`: rate limits, trusted proxies, and CORS
//! - `connections`: timeouts and connection limits
//! - `database_reconnect`: terminated database connections
//! - `drain`: responses to requests whose body was not read
//! - `requests`: content types, methods, and status codes
//! - `sse`: server-sent events
//! - `tls`: certificates and ALPN
//! - `websocket`: the protocol `graphql-transport-ws`

pub mod client_ip;
pub mod connections;
pub mod database_reconnect;
pub mod drain;
pub mod requests;
pub mod sse;
pub mod tls;
pub mod websocket;
