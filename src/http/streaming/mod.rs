//! GraphQL over connections that stay open: WebSocket and server-sent events.
//!
//! - `websocket`: the `graphql-transport-ws` protocol and its close codes
//! - `websocket_message`: parsing of WebSocket messages
//! - `sse`: server-sent events
//! - `operation`: starts an operation and streams its results, for both transports

pub mod operation;
pub mod sse;
pub mod websocket;
pub mod websocket_message;
