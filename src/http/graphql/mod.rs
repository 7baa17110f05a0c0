//! GraphQL over HTTP: the handler of `/graphql` and the parts that it calls.
//!
//! - `handler`: handles GET, POST and the WebSocket upgrade, from the request to the response
//! - `params`: query, operation name, variables and extensions of a request; reading of the body
//! - `persisted_queries`: automatic persisted queries and trusted documents
//! - `idempotency`: `Idempotency-Key` header
//! - `execution`: time limit of operations, normalisation of errors
//! - `offload`: moves work on long documents and responses to the blocking thread pool

pub(crate) mod execution;
pub(crate) mod handler;
pub(crate) mod idempotency;
pub(crate) mod offload;
pub(crate) mod params;
pub(crate) mod persisted_queries;
