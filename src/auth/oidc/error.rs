//! Error of token verification: why a bearer token was rejected.

use std::fmt;

/// The reason why a token was rejected, as a message to the client that sent the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRejected(pub String);

impl fmt::Display for TokenRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokenRejected {}
