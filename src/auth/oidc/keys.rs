//! JWK set (RFC 7517) and verification of JWT signatures (RSA, ECDSA, Ed25519).
//!
//! A key is used only with the algorithms of its key type, and only as far as its members `alg`, `use` and
//! `key_ops` allow. This prevents algorithm confusion attacks. Symmetric, encryption, weak and malformed keys are
//! skipped; the other keys of the set stay usable.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::{
    error::TokenRejected,
    token::{self, Token},
};

/// Maximum number of keys that are used from one JWK Set. Further keys are ignored.
const MAX_KEYS: usize = 100;

/// Accepted sizes of an RSA modulus, in bytes: 2048 to 8192 bits.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

const RSA_ALGORITHMS: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// Result of verifying a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// The signature is valid.
    Signed,
    /// The token names a key that is not in the set, or the token names no key and no key in the set supports its
    /// algorithm.
    UnknownKey,
}

/// The usable keys of a JWK Set.
#[derive(Debug, Default)]
pub(super) struct JwkSet {
    keys: Vec<Key>,
    /// Number of keys in the set that cannot be used.
    pub(super) left_out: usize,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct RawJwkSet {
    keys: Vec<Value>,
}

/// The members of a JWK that Dateline reads.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl JwkSet {
    /// Parses a JWK Set, or returns the reason why it cannot be parsed.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let set: RawJwkSet = serde_json::from_slice(text).map_err(|error| format!("not a JWK Set: {error}"))?;
        let total = set.keys.len();
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::from_jwk).take(MAX_KEYS).collect();
        Ok(Self { left_out: total - keys.len(), keys })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Verifies the signature of a token. A token without `kid` is accepted only if exactly one key in the set
    /// supports its algorithm. Fails if the signature is invalid, if the key that the token names does not allow
    /// the token's algorithm, or if the token names no key and several keys support its algorithm.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<Verification, TokenRejected> {
        let is_usable = |key: &&Key| key.algorithms.contains(&token.algorithm);
        let candidates: Vec<&Key> = match &token.key_id {
            Some(id) => {
                let mut named = self.keys.iter().filter(|key| key.id.as_ref() == Some(id)).peekable();
                if named.peek().is_none() {
                    return Ok(Verification::UnknownKey);
                }
                named.filter(is_usable).collect()
            }
            None => match self.keys.iter().filter(is_usable).collect::<Vec<_>>() {
                empty if empty.is_empty() => return Ok(Verification::UnknownKey),
                single if single.len() == 1 => single,
                _ => return Err(TokenRejected("the token has no `kid` header, and several keys fit".to_owned())),
            },
        };
        if candidates.is_empty() {
            return Err(TokenRejected(
                "the token's algorithm (`alg`) does not match the key that it names (`kid`)".to_owned(),
            ));
        }
        if candidates.iter().any(|key| key.verifies(token)) {
            return Ok(Verification::Signed);
        }
        Err(TokenRejected(
            "the token's signature is invalid: check that the token is complete, or sign in again".to_owned(),
        ))
    }
}

impl Key {
    fn from_jwk(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let verifies_signatures = jwk.purpose.as_ref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        if !verifies_signatures {
            return None;
        }
        let (mut algorithms, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (RSA_ALGORITHMS.to_vec(), rsa(jwk.n.as_ref()?, jwk.e.as_ref()?)?),
            ("EC", Some("P-256")) => (vec![Algorithm::ES256], curve(jwk.x.as_ref()?, jwk.y.as_ref()?, 32)?),
            ("EC", Some("P-384")) => (vec![Algorithm::ES384], curve(jwk.x.as_ref()?, jwk.y.as_ref()?, 48)?),
            ("OKP", Some("Ed25519")) => (vec![Algorithm::EdDSA], edwards(jwk.x.as_ref()?)?),
            _ => return None,
        };
        if let Some(name) = jwk.alg {
            let declared = token::algorithm(&name)?;
            algorithms.retain(|&algorithm| algorithm == declared);
        }
        (!algorithms.is_empty()).then_some(Self { id: jwk.kid, algorithms, public })
    }

    fn verifies(&self, token: &Token<'_>) -> bool {
        crypto::verify(token.signature, token.message, &self.public, token.algorithm).unwrap_or(false)
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    // Some issuers write a leading zero byte, as in DER. Remove it.
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    RSA_MODULUS_BYTES.contains(&modulus.len()).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn curve(x: &str, y: &str, length: usize) -> Option<DecodingKey> {
    has_length(x, length).then_some(())?;
    has_length(y, length).then_some(())?;
    DecodingKey::from_ec_components(x, y).ok()
}

fn edwards(x: &str) -> Option<DecodingKey> {
    has_length(x, 32).then_some(())?;
    DecodingKey::from_ed_components(x).ok()
}

fn has_length(text: &str, length: usize) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn usable(key: Value) -> bool {
        Key::from_jwk(key).is_some()
    }

    #[test]
    fn only_signature_keys_are_used() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        assert!(usable(json!({ "kty": "OKP", "crv": "Ed25519", "x": x })));
        assert!(usable(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "EdDSA", "d": 7 })));
        assert!(usable(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "key_ops": ["verify"] })));
        for invalid in [
            json!({ "kty": "oct", "k": x }),
            json!({ "kty": "OKP", "crv": "X25519", "x": x }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "key_ops": ["sign"] }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "RS256" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "HS256" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }),
            json!({ "kty": "EC", "crv": "P-384", "x": x, "y": x }),
            json!({ "kty": "EC", "crv": "secp256k1", "x": x, "y": x }),
            json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode([200; 128]), "e": "AQAB" }),
            json!({ "kty": "RSA", "crv": "P-256", "x": x, "y": x }),
            json!("a key"),
        ] {
            assert!(!usable(invalid.clone()), "{invalid}");
        }
    }

    #[test]
    fn a_leading_zero_byte_of_a_modulus_is_ignored() {
        let encoded = [vec![0], vec![200; 255]].concat();
        assert!(!usable(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(encoded), "e": "AQAB" })));
        let encoded = [vec![0], vec![200; 256]].concat();
        assert!(usable(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(encoded), "e": "AQAB" })));
    }

    #[test]
    fn a_set_keeps_its_usable_keys() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let text = json!({ "keys": [{ "kty": "oct", "k": x }, { "kty": "OKP", "crv": "Ed25519", "x": x }, 7] });
        let keys = JwkSet::parse(text.to_string().as_bytes()).unwrap();
        assert_eq!((keys.len(), keys.left_out), (1, 2));
        assert!(JwkSet::parse(b"<html>").is_err() && JwkSet::parse(b"{}").is_err());
    }
}
