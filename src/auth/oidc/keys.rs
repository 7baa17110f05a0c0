//! JWK set (RFC 7517) and verification of JWT signatures (RSA, ECDSA, Ed25519).
//!
//! A key is used only with the algorithms of its key type, and only as far as its members `alg`, `use` and
//! `key_ops` allow. This prevents algorithm confusion attacks. Symmetric, encryption, weak and malformed keys are
//! skipped; the other keys of the set stay usable.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

use super::{
    error::TokenRejected,
    token::{Algorithm, Token},
};

/// Maximum number of keys that are used from one JWK Set. Further keys are ignored.
const MAX_KEYS: usize = 100;

/// Accepted sizes of an RSA modulus, in bytes: 2048 to 8192 bits.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

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
    /// The only algorithm that the key may be used with, if the key names one.
    algorithm: Option<Algorithm>,
    public: PublicKey,
}

#[derive(Debug)]
enum PublicKey {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A point on the curve P-256, uncompressed (SEC 1, section 2.3.3).
    P256(Vec<u8>),
    /// A point on the curve P-384, uncompressed.
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
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
        let is_usable = |key: &&Key| key.supports(token.algorithm);
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
        let public = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => rsa(jwk.n.as_ref()?, jwk.e.as_ref()?)?,
            ("EC", Some("P-256")) => PublicKey::P256(point(jwk.x.as_ref()?, jwk.y.as_ref()?, 32)?),
            ("EC", Some("P-384")) => PublicKey::P384(point(jwk.x.as_ref()?, jwk.y.as_ref()?, 48)?),
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(coordinate(jwk.x.as_ref()?, 32)?),
            _ => return None,
        };
        let algorithm = match jwk.alg {
            Some(name) => Some(Algorithm::from_name(&name)?),
            None => None,
        };
        let key = Self { id: jwk.kid, algorithm, public };
        algorithm.is_none_or(|algorithm| key.supports(algorithm)).then_some(key)
    }

    /// Whether the type of the key fits the algorithm, and the key allows it.
    fn supports(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        self.algorithm.is_none_or(|only| only == algorithm)
            && match self.public {
                PublicKey::Rsa(_) => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
                PublicKey::P256(_) => algorithm == ES256,
                PublicKey::P384(_) => algorithm == ES384,
                PublicKey::Ed25519(_) => algorithm == EdDSA,
            }
    }

    fn verifies(&self, token: &Token<'_>) -> bool {
        let Ok(signed) = URL_SAFE_NO_PAD.decode(token.signature) else { return false };
        let verified = match &self.public {
            PublicKey::Rsa(components) => {
                let parameters = match token.algorithm {
                    Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                components.verify(parameters, token.message, &signed)
            }
            PublicKey::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(token.message, &signed)
            }
            PublicKey::P384(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point).verify(token.message, &signed)
            }
            PublicKey::Ed25519(key) => UnparsedPublicKey::new(&signature::ED25519, key).verify(token.message, &signed),
        };
        verified.is_ok()
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<PublicKey> {
    // Some issuers write a leading zero byte, as in DER. Remove it.
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (n, e) = (number(modulus)?, number(exponent)?);
    RSA_MODULUS_BYTES.contains(&n.len()).then_some(PublicKey::Rsa(RsaPublicKeyComponents { n, e }))
}

fn point(x: &str, y: &str, length: usize) -> Option<Vec<u8>> {
    Some([vec![4], coordinate(x, length)?, coordinate(y, length)?].concat())
}

fn coordinate(text: &str, length: usize) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == length)
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
