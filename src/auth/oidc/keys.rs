//! The issuer's public keys, of a JWK Set (RFC 7517), and whether one of them signed a token.
//!
//! Each key knows the algorithms it is for: those of its kind (`kty`, `crv`), narrowed by its own `alg` and `use`. A token is
//! checked by an algorithm of the key it names and by no other, so an RSA key is never taken for a secret or for a curve's.
//! Shared secrets, keys for encryption, weak and damaged ones are left out; the rest of the set still counts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Refused,
    token::{self, Token},
};

/// Most keys of a set; those beyond are left out.
const MOST: usize = 100;

/// Bytes of an RSA modulus that are taken: 2048 to 8192 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// Whether a token is the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is.
    Signed,
    /// It names a key that the set does not have.
    UnknownKey,
}

/// What can be used of a JWK Set.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// How many of the set's keys cannot be used.
    pub(super) left_out: usize,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    public: DecodingKey,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// What is read of a JWK.
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

impl Keys {
    /// Reads a set; what is wrong with it where it is none.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let set: Jwks = serde_json::from_slice(text).map_err(|error| format!("it is no JWK Set: {error}"))?;
        let found = set.keys.len();
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::read).take(MOST).collect();
        Ok(Self { left_out: found - keys.len(), keys })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether one of these keys signed a token. A token that names no key is taken where exactly one fits.
    pub(super) fn judge(&self, token: &Token<'_>) -> Result<Judgement, Refused> {
        let fits = |key: &&Key| key.algorithms.contains(&token.algorithm);
        let fitting: Vec<&Key> = match &token.key {
            Some(id) => {
                let mut named = self.keys.iter().filter(|key| key.id.as_ref() == Some(id)).peekable();
                if named.peek().is_none() {
                    return Ok(Judgement::UnknownKey);
                }
                named.filter(fits).collect()
            }
            None => match self.keys.iter().filter(fits).collect::<Vec<_>>() {
                none if none.is_empty() => return Ok(Judgement::UnknownKey),
                one if one.len() == 1 => one,
                _ => return Err(Refused("the token names no key (`kid`), and several would fit".to_owned())),
            },
        };
        if fitting.is_empty() {
            return Err(Refused("the token's algorithm is not one of the key that it names".to_owned()));
        }
        if fitting.iter().any(|key| key.signed(token)) {
            return Ok(Judgement::Signed);
        }
        Err(Refused("the token's signature is wrong: check that it is whole, or sign in again".to_owned()))
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let signs = jwk.purpose.as_ref().is_none_or(|purpose| purpose == "sig")
            && jwk.key_ops.as_ref().is_none_or(|acts| acts.iter().any(|act| act == "verify"));
        if !signs {
            return None;
        }
        let (mut algorithms, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (RSA.to_vec(), rsa(jwk.n.as_ref()?, jwk.e.as_ref()?)?),
            ("EC", Some("P-256")) => (vec![Algorithm::ES256], curve(jwk.x.as_ref()?, jwk.y.as_ref()?, 32)?),
            ("EC", Some("P-384")) => (vec![Algorithm::ES384], curve(jwk.x.as_ref()?, jwk.y.as_ref()?, 48)?),
            ("OKP", Some("Ed25519")) => (vec![Algorithm::EdDSA], edwards(jwk.x.as_ref()?)?),
            _ => return None,
        };
        if let Some(name) = jwk.alg {
            let own = token::algorithm(&name)?;
            algorithms.retain(|&algorithm| algorithm == own);
        }
        (!algorithms.is_empty()).then_some(Self { id: jwk.kid, algorithms, public })
    }

    fn signed(&self, token: &Token<'_>) -> bool {
        crypto::verify(token.signature, token.message, &self.public, token.algorithm).unwrap_or(false)
    }
}

fn rsa(modulus: &str, exponent: &str) -> Option<DecodingKey> {
    // Some issuers write a leading zero, as DER does.
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (modulus, exponent) = (number(modulus)?, number(exponent)?);
    MODULUS.contains(&modulus.len()).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))
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
        Key::read(key).is_some()
    }

    #[test]
    fn only_keys_that_check_signatures_are_used() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        assert!(usable(json!({ "kty": "OKP", "crv": "Ed25519", "x": x })));
        assert!(usable(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "alg": "EdDSA", "d": 7 })));
        assert!(usable(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x, "key_ops": ["verify"] })));
        for wrong in [
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
            assert!(!usable(wrong.clone()), "{wrong}");
        }
    }

    #[test]
    fn a_leading_zero_of_a_modulus_is_no_part_of_it() {
        let with = [vec![0], vec![200; 255]].concat();
        assert!(!usable(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(with), "e": "AQAB" })));
        let with = [vec![0], vec![200; 256]].concat();
        assert!(usable(json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(with), "e": "AQAB" })));
    }

    #[test]
    fn a_set_keeps_what_can_be_used_of_it() {
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let text = json!({ "keys": [{ "kty": "oct", "k": x }, { "kty": "OKP", "crv": "Ed25519", "x": x }, 7] });
        let keys = Keys::read(text.to_string().as_bytes()).unwrap();
        assert_eq!((keys.len(), keys.left_out), (1, 2));
        assert!(Keys::read(b"<html>").is_err() && Keys::read(b"{}").is_err());
    }
}
