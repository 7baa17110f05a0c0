//! Parses a JWT (JWS compact serialization, RFC 7515) into algorithm, key id, signed message, signature and claims.
//!
//! Only asymmetric algorithms are accepted. Keys that the header contains or refers to (`jwk`, `jku`, `x5c`, `x5u`) are
//! ignored, because an attacker would supply a matching one. Nothing in a token is trusted before `keys` has verified
//! its signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::error::TokenRejected;

/// Maximum length of a token, in bytes; a longer one is rejected without parsing.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// An accepted signature algorithm (RFC 7518, RFC 8037). All of them are asymmetric, so the key that verifies a token
/// cannot sign one. `none` and algorithms with a shared secret are never accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

impl Algorithm {
    /// Returns the accepted algorithm with a name, or `None` if there is none. Names are case-sensitive.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        ALGORITHMS.iter().find(|(known, _)| *known == name).map(|&(_, algorithm)| algorithm)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

/// A parsed token.
pub(super) struct Token<'a> {
    /// Algorithm from the header.
    pub(super) algorithm: Algorithm,
    /// Key id from the header.
    pub(super) key_id: Option<String>,
    /// The signed bytes: header and payload as sent, with the dot between them.
    pub(super) message: &'a [u8],
    /// The signature, in base64url.
    pub(super) signature: &'a str,
    payload: &'a str,
}

impl<'a> Token<'a> {
    /// Parses a token.
    pub(super) fn parse(text: &'a str) -> Result<Self, TokenRejected> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenRejected(format!(
                "the token is longer than {MAX_TOKEN_BYTES} bytes: configure the issuer to include fewer claims"
            )));
        }
        let parts =
            text.rsplit_once('.').and_then(|(message, signature)| Some((message, signature, message.split_once('.')?)));
        let Some((message, signature, (header, payload))) = parts else { return Err(malformed()) };
        let header: Header = serde_json::from_slice(&decode_part(header)?).map_err(|_| malformed())?;
        let Some(algorithm) = Algorithm::from_name(&header.alg) else {
            let known = ALGORITHMS.map(|(name, _)| name);
            return Err(TokenRejected(format!(
                "the token's signature algorithm is not accepted: configure the issuer to use one of {}",
                known.join(", ")
            )));
        };
        if header.crit.is_some() {
            return Err(TokenRejected(
                "the token requires extensions (`crit`), and this server supports none".to_owned(),
            ));
        }
        if !header.typ.is_none_or(|typ| is_access_token_type(&typ)) {
            return Err(TokenRejected(
                "the token is not an access token: its `typ` is neither JWT nor at+jwt".to_owned(),
            ));
        }
        Ok(Self { algorithm, key_id: header.kid, message: message.as_bytes(), signature, payload })
    }

    /// Returns the claims of the token. The caller must verify the signature before it trusts them.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, TokenRejected> {
        serde_json::from_slice(&decode_part(self.payload)?).map_err(|_| malformed())
    }
}

fn is_access_token_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn decode_part(part: &str) -> Result<Vec<u8>, TokenRejected> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed())
}

fn malformed() -> TokenRejected {
    TokenRejected("the token is malformed: check that it is complete, or sign in again".to_owned())
}
