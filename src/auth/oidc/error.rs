//! Error of token verification: why a bearer token was rejected.

use std::fmt;

/// Why a token is refused: a sentence for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRejected(pub String);

impl fmt::Display for TokenRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokenRejected {}
