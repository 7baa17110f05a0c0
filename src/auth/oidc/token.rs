//! A signed token (JWS in its compact form, RFC 7515) taken apart: which algorithm and key it names, what is signed, and the
//! signature. Nothing of it is believed yet.
//!
//! Of the header only `alg`, `kid`, `typ` and `crit` are read. Keys that a token brings along or points to (`jwk`, `jku`,
//! `x5c`, `x5u`) are not: whoever forges a token would bring a fitting one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::Refused;

/// Longest token, in bytes; a longer one is not looked into.
const LONGEST: usize = 16 * 1024;

/// The algorithms that are taken: a public key checks, so who can check cannot sign. Never `none`, never a shared secret.
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

/// The algorithm of that name, if it is one that is taken. Names are compared to the letter.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == name).map(|&(_, algorithm)| algorithm)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

/// A token taken apart.
pub(super) struct Token<'a> {
    /// The algorithm it says it is signed by.
    pub(super) algorithm: Algorithm,
    /// The key it names.
    pub(super) key: Option<String>,
    /// What is signed.
    pub(super) message: &'a [u8],
    /// The signature, in base64url.
    pub(super) signature: &'a str,
    payload: &'a str,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    pub(super) fn read(text: &'a str) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused(format!(
                "the token is longer than {LONGEST} bytes: let the issuer put fewer claims into it"
            )));
        }
        let parts =
            text.rsplit_once('.').and_then(|(message, signature)| Some((message, signature, message.split_once('.')?)));
        let Some((message, signature, (header, payload))) = parts else { return Err(damaged()) };
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| damaged())?;
        let Some(algorithm) = algorithm(&header.alg) else {
            let known: Vec<&str> = ALGORITHMS.iter().map(|&(name, _)| name).collect();
            return Err(Refused(format!(
                "the token is not signed by an algorithm that is taken: let the issuer use one of {}",
                known.join(", ")
            )));
        };
        if header.crit.is_some() {
            return Err(Refused("the token demands extensions (`crit`), and none are known here".to_owned()));
        }
        if !header.typ.is_none_or(|typ| is_access(&typ)) {
            return Err(Refused(
                "the token is not meant for signing in: its `typ` is neither JWT nor at+jwt".to_owned(),
            ));
        }
        Ok(Self { algorithm, key: header.kid, message: message.as_bytes(), signature, payload })
    }

    /// What it claims; to be believed only when the signature holds.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Refused> {
        serde_json::from_slice(&decoded(self.payload)?).map_err(|_| damaged())
    }
}

fn is_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn decoded(part: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| damaged())
}

fn damaged() -> Refused {
    Refused("the token is damaged: check that it is whole, or sign in again".to_owned())
}
