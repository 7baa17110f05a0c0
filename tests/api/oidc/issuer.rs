//! An OpenID Connect issuer for tests. It generates keys, signs tokens (JWT), and serves its public keys (JWKS) over
//! HTTP. It counts requests. Tests can pause it, change its response, and shut it down.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, routing::get};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, PublicKeyComponents},
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

/// A private key and its key id (`kid`).
pub(super) struct Key {
    pub(super) id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// Returns the key with an id. The keys `rsa`, `p256`, `p384` and `ed` are of different kinds. The key `new` is for
/// tests of key rotation: an issuer publishes it only if a test says so.
pub(super) fn key(id: &str) -> &'static Key {
    static KEYS: OnceLock<[Key; 5]> = OnceLock::new();
    let random = SystemRandom::new();
    let curve = |algorithm| {
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Pair::Curve(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap())
    };
    let edwards = || {
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Pair::Edwards(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    };
    let keys = KEYS.get_or_init(|| {
        [
            Key { id: "rsa", pair: Pair::Rsa(rsa_test_key()) },
            Key { id: "p256", pair: curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING) },
            Key { id: "p384", pair: curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING) },
            Key { id: "ed", pair: edwards() },
            Key { id: "new", pair: curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING) },
        ]
    });
    keys.iter().find(|key| key.id == id).unwrap()
}

/// Returns the RSA key of the tests, which is used nowhere else. `ring` cannot generate RSA keys.
fn rsa_test_key() -> RsaKeyPair {
    let base64: String = include_str!("rsa_test_key.pem").lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap()
}

impl Key {
    /// Returns the public key as a JSON Web Key (JWK).
    pub(super) fn public(&self) -> Value {
        let id = self.id;
        match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "kid": id, "use": "sig", "n": base64url(n), "e": base64url(e) })
            }
            Pair::Curve(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "kid": id, "crv": curve, "x": base64url(x), "y": base64url(y) })
            }
            Pair::Edwards(pair) => json!({
                "kty": "OKP", "kid": id, "crv": "Ed25519", "alg": "EdDSA", "x": base64url(pair.public_key().as_ref()),
            }),
        }
    }

    /// Returns the bytes of the public key. An RSA key is encoded as DER.
    pub(super) fn der(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Curve(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs a message with a JWT algorithm, which must suit the kind of the key.
    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Pair::Curve(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// Returns a JWT with a header and claims, signed with the algorithm `alg` in the header.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> String {
        assemble_token(header, claims, |message| self.sign(header["alg"].as_str().unwrap_or_default(), message))
    }
}

/// Returns a JWT whose signature is the result of `sign`. The signature may be invalid.
pub(super) fn assemble_token(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let signature = base64url(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a JWKS with the public keys that have these ids.
pub(super) fn jwks(ids: &[&str]) -> Value {
    json!({ "keys": ids.iter().map(|id| key(id).public()).collect::<Vec<_>>() })
}

/// An HTTP server that responds with a JWKS.
pub(super) struct Issuer {
    /// URL of the JWKS.
    pub(super) url: String,
    permits: Arc<Semaphore>,
    request_count: Arc<AtomicUsize>,
    response: Arc<Mutex<Value>>,
    server: JoinHandle<()>,
}

impl Issuer {
    pub(super) async fn with(ids: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (permits, request_count) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicUsize::new(0)));
        let response = Arc::new(Mutex::new(jwks(ids)));
        let handler = {
            let (permits, request_count, response) = (permits.clone(), request_count.clone(), response.clone());
            move || async move {
                request_count.fetch_add(1, Ordering::SeqCst);
                let _permit = permits.acquire().await.unwrap();
                let jwks = response.lock().unwrap().clone();
                Json(jwks)
            }
        };
        let router = Router::new().route("/keys", get(handler));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, permits, request_count, response, server }
    }

    /// Returns the number of requests that the issuer has received.
    pub(super) fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }

    /// Replaces the response of the issuer.
    pub(super) fn set_response(&self, response: Value) {
        *self.response.lock().unwrap() = response;
    }

    /// Makes the issuer accept requests without responding, until `resume` is called.
    pub(super) fn pause(&self) {
        assert_eq!(self.permits.forget_permits(1), 1);
    }

    pub(super) fn resume(&self) {
        self.permits.add_permits(1);
    }

    /// Waits until the issuer has received `times` requests.
    pub(super) async fn wait_for_requests(&self, times: usize) {
        while self.request_count() < times {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    /// Stops the issuer's server.
    pub(super) async fn shut_down(self) {
        self.server.abort();
        let _ = self.server.await;
    }
}
