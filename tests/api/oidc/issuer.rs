//! An issuer for tests: keys of each kind made here, tokens signed with them, and a server that gives the public keys away and
//! counts how often it was asked. It can be made to hang, to change its keys and to go away.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair},
};
use axum::{Json, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

/// A private key, and the name it goes by.
pub(super) struct Key {
    pub(super) id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// One key of each kind: `rsa`, `p256`, `p384`, `ed`; and `new`, which no issuer has at first.
pub(super) fn key(id: &str) -> &'static Key {
    static KEYS: OnceLock<[Key; 5]> = OnceLock::new();
    let curve = |algorithm| Pair::Curve(EcdsaKeyPair::generate(algorithm).unwrap());
    let keys = KEYS.get_or_init(|| {
        [
            Key { id: "rsa", pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()) },
            Key { id: "p256", pair: curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING) },
            Key { id: "p384", pair: curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING) },
            Key { id: "ed", pair: Pair::Edwards(Ed25519KeyPair::generate().unwrap()) },
            Key { id: "new", pair: curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING) },
        ]
    });
    keys.iter().find(|key| key.id == id).unwrap()
}

impl Key {
    /// The public key as a JWK.
    pub(super) fn public(&self) -> Value {
        let id = self.id;
        match &self.pair {
            Pair::Rsa(pair) => json!({
                "kty": "RSA", "kid": id, "use": "sig",
                "n": encoded(pair.public_key().modulus().big_endian_without_leading_zero()),
                "e": encoded(pair.public_key().exponent().big_endian_without_leading_zero()),
            }),
            Pair::Curve(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "kid": id, "crv": curve, "x": encoded(x), "y": encoded(y) })
            }
            Pair::Edwards(pair) => json!({
                "kty": "OKP", "kid": id, "crv": "Ed25519", "alg": "EdDSA", "x": encoded(pair.public_key().as_ref()),
            }),
        }
    }

    /// The public key as it is written in files: of an RSA key the DER.
    pub(super) fn der(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Curve(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs, in the way of an algorithm of its kind.
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
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Pair::Curve(pair) => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with this header, signed by what the header's `alg` says.
    pub(super) fn token(&self, header: &Value, claims: &Value) -> String {
        joined(header, claims, |message| self.sign(header["alg"].as_str().unwrap_or_default(), message))
    }
}

/// A token with any signature.
pub(super) fn joined(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    let signature = encoded(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

pub(super) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The public keys of these names, as a set.
pub(super) fn set(ids: &[&str]) -> Value {
    json!({ "keys": ids.iter().map(|id| key(id).public()).collect::<Vec<_>>() })
}

/// A server that gives a set of keys away.
pub(super) struct Issuer {
    /// Where the set is.
    pub(super) url: String,
    gate: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<Value>>,
    server: JoinHandle<()>,
}

impl Issuer {
    pub(super) async fn with(ids: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (gate, asked) = (Arc::new(Semaphore::new(1)), Arc::new(AtomicUsize::new(0)));
        let answer = Arc::new(Mutex::new(set(ids)));
        let answers = {
            let (gate, asked, answer) = (gate.clone(), asked.clone(), answer.clone());
            move || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let _open = gate.acquire().await.unwrap();
                let set = answer.lock().unwrap().clone();
                Json(set)
            }
        };
        let router = Router::new().route("/keys", get(answers));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, gate, asked, answer, server }
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on it answers this.
    pub(super) fn answers(&self, answer: Value) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Lets it take questions without answering, until the other call.
    pub(super) fn hang(&self) {
        assert_eq!(self.gate.forget_permits(1), 1);
    }

    pub(super) fn go_on(&self) {
        self.gate.add_permits(1);
    }

    /// Waits until it was asked that often.
    pub(super) async fn is_asked(&self, times: usize) {
        while self.asked() < times {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    /// Ends it: nobody listens there any more.
    pub(super) async fn goes_down(self) {
        self.server.abort();
        let _ = self.server.await;
    }
}
