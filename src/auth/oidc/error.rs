//! Error of token verification: why a bearer token was rejected.

/// The reason why a token was rejected, as a message to the client that sent the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenRejected(pub String);
