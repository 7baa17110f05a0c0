//! HTTP transport: TCP, TLS, HTTP/1.1 and HTTP/2 connections with their timeouts, without knowledge of GraphQL.
//!
//! - `server`: accept loop, graceful shutdown, signals
//! - `connection`: serves one connection
//! - `idle_timeout`: decides when idle connections and connections of slow readers are closed
//! - `paced_body`: hands response bodies to hyper in chunks
//! - `write_timeout`: socket wrapper with a write timeout
//! - `drain`: reads the rest of request bodies that a handler did not read
//! - `lingering_close`: lingering close of the socket
//! - `tls`: TLS certificates and their reload

pub(crate) mod connection;
pub(crate) mod drain;
pub(crate) mod idle_timeout;
pub(crate) mod lingering_close;
pub(crate) mod paced_body;
pub mod server;
pub mod tls;
pub(crate) mod write_timeout;
