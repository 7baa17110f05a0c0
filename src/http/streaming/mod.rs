//! GraphQL over connections that stay open: WebSocket and server-sent events.
//!
//! - `websocket`: `graphql-transport-ws` protocol
//! - `sse`: server-sent events
//! - `operation`: starts an operation and streams its results, for both transports
//! - `session`: the viewer of a connection and the expiry of its token

pub mod operation;
pub mod session;
pub mod sse;
pub mod websocket;
