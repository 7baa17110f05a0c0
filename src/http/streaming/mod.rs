//! GraphQL over connections that stay open: WebSocket and server-sent events.
//!
//! - `websocket`: `graphql-transport-ws` protocol
//! - `websocket_message`: its messages and close codes
//! - `sse`: server-sent events
//! - `operation`: starts an operation and streams its results, for both transports

pub mod operation;
pub mod sse;
pub mod websocket;
pub mod websocket_message;
