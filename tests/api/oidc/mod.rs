//! Tests of sign-in with OpenID Connect tokens (JWT). The tokens come from a local issuer and are sent to the real
//! router. A rejected token must get status 401 and an error message that contains no part of the token.
//!
//! - `fetching`: how the server fetches and caches the issuer's public keys (JWKS)
//! - `issuer`: the local issuer
//! - `program`: OpenID Connect settings of the real program

mod fetching;
mod issuer;
mod program;

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use dateline::{
    auth::oidc::{JwksSource, OidcSettings},
    config::HttpConfig,
    http,
    limits::Limits,
};
use entity::api_token::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Caller, TestServer, noon};
use issuer::{Issuer, assemble_token, base64url, key};

const ISSUER_URL: &str = "https://id.example/realms/news";

/// A newsroom that accepts the tokens of an OpenID Connect issuer.
struct OidcServer {
    server: TestServer,
    router: Router,
}

fn settings(jwks: JwksSource) -> OidcSettings {
    OidcSettings {
        issuer: ISSUER_URL.to_owned(),
        audience: "dateline".to_owned(),
        jwks,
        subject_claim: "sub".to_owned(),
        role_claim: "realm_access.roles".to_owned(),
        roles: BTreeMap::from([
            ("newsroom-editor".to_owned(), Role::Editor),
            ("newsroom-author".to_owned(), Role::Author),
            ("newsroom-admin".to_owned(), Role::Admin),
        ]),
        clock_skew: TimeDelta::seconds(60),
    }
}

impl OidcServer {
    async fn with_settings(settings: OidcSettings) -> Self {
        let server = TestServer::on_sqlite().await;
        // The lockout of addresses that send invalid tokens is disabled, because these tests send many invalid
        // tokens.
        let limits = Limits { failures_per_minute: 0, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let router = http::router(&server.app.clone().with_oidc(Some(settings)));
        Self { server, router }
    }

    async fn for_issuer(issuer: &Issuer) -> Self {
        Self::with_settings(settings(JwksSource::Url(issuer.url.clone()))).await
    }

    fn set_time(&self, seconds: i64) {
        self.server.app.clock.set(noon() + TimeDelta::seconds(seconds));
    }

    /// Sends a token that the server must accept. Returns the viewer that the server derives from it.
    async fn viewer(&self, token: &str) -> Value {
        let (status, _, response) = query_viewer(self.router.clone(), token).await;
        assert_eq!(status, 200, "{response}");
        response["data"]["viewer"].clone()
    }

    /// Sends a token that the server must reject. Returns the error message.
    async fn rejection_message(&self, token: &str) -> String {
        rejection_message(self.router.clone(), token).await
    }

    async fn assert_rejected(&self, token: &str, reason: &str) {
        let message_text = self.rejection_message(token).await;
        assert!(message_text.contains(reason), "\"{message_text}\" does not contain \"{reason}\"");
    }
}

async fn query_viewer(router: Router, token: &str) -> (u16, Option<String>, Value) {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(json!({ "query": "{ viewer { name role } }" }).to_string()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, challenge, serde_json::from_slice(&body).unwrap())
}

async fn rejection_message(router: Router, token: &str) -> String {
    let (status, challenge, response) = query_viewer(router, token).await;
    assert_eq!((status, challenge.as_deref()), (401, Some("Bearer")), "{response}");
    assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let message_text = response["errors"][0]["message"].as_str().unwrap().to_owned();
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!response.to_string().contains(part), "the response contains a part of the token: {response}");
    }
    message_text
}

/// Returns the claims of a valid token.
fn claims() -> Value {
    let now = noon().timestamp();
    json!({
        "iss": ISSUER_URL, "aud": ["account", "dateline"], "sub": "f:eda", "iat": now - 10, "nbf": now - 10, "exp": now + 300,
        "realm_access": { "roles": ["offline_access", "newsroom-author", "newsroom-editor", 7] },
    })
}

/// Returns the claims of a valid token with one claim changed, or removed if `value` is null.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn signed(id: &str, algorithm: &str, claims: &Value) -> String {
    key(id).token(&json!({ "alg": algorithm, "kid": id, "typ": "JWT" }), claims)
}

fn token(claims: &Value) -> String {
    signed("p256", "ES256", claims)
}

const ALL_KEYS: [&str; 4] = ["rsa", "p256", "p384", "ed"];

#[tokio::test]
async fn tokens_of_every_algorithm_authenticate() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    for (id, algorithms) in [
        ("rsa", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].as_slice()),
        ("p256", &["ES256"]),
        ("p384", &["ES384"]),
        ("ed", &["EdDSA"]),
    ] {
        for algorithm in algorithms {
            let viewer = oidc_server.viewer(&signed(id, algorithm, &claims())).await;
            assert_eq!(viewer, json!({ "name": "f:eda", "role": "EDITOR" }), "{algorithm}");
        }
    }
    assert_eq!(issuer.request_count(), 1);
    // If an issuer is configured, Dateline's access tokens still work.
    assert_eq!(oidc_server.viewer(oidc_server.server.token(Caller::Admin).unwrap()).await["role"], "ADMIN");
    oidc_server.assert_rejected("dateline_a.b.c", "is unknown").await;
    oidc_server.assert_rejected("something else", "is unknown").await;
    // If no issuer is configured, the server treats a JWT as an unknown access token.
    assert!(rejection_message(http::router(&oidc_server.server.app), &token(&claims())).await.contains("is unknown"));
}

#[tokio::test]
async fn a_token_is_valid_only_between_nbf_and_exp() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let now = noon().timestamp();
    for (name, at) in [("exp", now - 59), ("nbf", now + 60), ("iat", now + 60)] {
        oidc_server.viewer(&token(&claims_with(name, json!(at)))).await;
    }
    for (name, at, reason) in [
        ("exp", json!(now - 60), "expired at 2007-06-01T11:59:00Z"),
        ("exp", json!(0), "expired at 1970-01-01"),
        ("exp", json!(null), "has no `exp` claim"),
        ("exp", json!("soon"), "`exp` is not a NumericDate"),
        ("exp", json!(1e300), "`exp` is not a NumericDate"),
        ("nbf", json!(now + 61), "not valid before 2007-06-01T12:01:01Z (`nbf`)"),
        ("iat", json!(now + 61), "not valid before 2007-06-01T12:01:01Z (`iat`)"),
        ("iat", json!({}), "`iat` is not a NumericDate"),
    ] {
        oidc_server.assert_rejected(&token(&claims_with(name, at)), reason).await;
    }
    let known_token = token(&claims());
    oidc_server.viewer(&known_token).await;
    oidc_server.set_time(359);
    oidc_server.viewer(&known_token).await;
    oidc_server.set_time(360);
    oidc_server.assert_rejected(&known_token, "expired at 2007-06-01T12:05:00Z").await;
}

#[tokio::test]
async fn a_token_needs_issuer_audience_subject_and_role() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    oidc_server.viewer(&token(&claims_with("aud", json!("dateline")))).await;
    let roles = |roles: Value| claims_with("realm_access", json!({ "roles": roles }));
    assert_eq!(oidc_server.viewer(&token(&roles(json!("newsroom-author")))).await["role"], "AUTHOR");
    assert_eq!(oidc_server.viewer(&token(&roles(json!(["newsroom-admin", "newsroom-author"])))).await["role"], "ADMIN");
    let name = "ü".repeat(200);
    assert_eq!(oidc_server.viewer(&token(&claims_with("sub", json!(name)))).await["name"], name);
    for (claims, reason) in [
        (claims_with("iss", json!("https://id.example/realms/news/")), "from another issuer"),
        (claims_with("iss", json!(null)), "from another issuer"),
        (claims_with("iss", json!([ISSUER_URL])), "from another issuer"),
        (claims_with("aud", json!("datelin")), "for another audience"),
        (claims_with("aud", json!(["account"])), "for another audience"),
        (claims_with("aud", json!({ "dateline": true })), "for another audience"),
        (claims_with("aud", json!(null)), "for another audience"),
        (claims_with("sub", json!(null)), "claim `sub` must be a non-empty string"),
        (claims_with("sub", json!(" ")), "claim `sub` must be a non-empty string"),
        (claims_with("sub", json!(7)), "claim `sub` must be a non-empty string"),
        (claims_with("sub", json!("x".repeat(201))), "longer than 200"),
        (claims_with("sub", json!("a\nb")), "control characters"),
        (claims_with("sub", json!("Ana ")), "begins or ends with a space"),
        (claims_with("sub", json!("dateline")), "is reserved for Dateline"),
        (claims_with("sub", json!("command line")), "is reserved for Dateline"),
        (claims_with("realm_access", json!(null)), "has no role for this server"),
        (roles(json!(["ADMIN", "NEWSROOM-ADMIN", "newsroom-admin "])), "has no role for this server"),
        (roles(json!({ "newsroom-admin": true })), "has no role for this server"),
        (json!([]), "malformed"),
    ] {
        oidc_server.assert_rejected(&token(&claims), reason).await;
    }
}

#[tokio::test]
async fn the_subject_and_role_claims_are_configurable() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::with_settings(OidcSettings {
        subject_claim: "profile.name".to_owned(),
        role_claim: "https://news.example/role".to_owned(),
        roles: BTreeMap::from([("PRESS".to_owned(), Role::Press)]),
        ..settings(JwksSource::Url(issuer.url.clone()))
    })
    .await;
    let mut claims = claims_with("profile", json!({ "name": "Paper" }));
    claims["https://news.example/role"] = json!("PRESS");
    assert_eq!(oidc_server.viewer(&token(&claims)).await, json!({ "name": "Paper", "role": "PRESS" }));
}

#[tokio::test]
async fn tokens_not_signed_by_the_issuer_are_rejected() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let valid_token = token(&claims());
    let (message, signature) = valid_token.rsplit_once('.').unwrap();
    let header = message.split_once('.').unwrap().0;
    let forged = base64url(claims_with("sub", json!("admin")).to_string());
    oidc_server.assert_rejected(&format!("{header}.{forged}.{signature}"), "signature is invalid").await;
    oidc_server.assert_rejected(&format!("{message}."), "signature is invalid").await;
    oidc_server.assert_rejected(&format!("{message}.{}", base64url([0; 64])), "signature is invalid").await;
    oidc_server.assert_rejected(&format!("{message}.{signature}="), "signature is invalid").await;
    oidc_server
        .assert_rejected(
            &key("new").token(&json!({ "alg": "ES256", "kid": "p256" }), &claims()),
            "signature is invalid",
        )
        .await;
    for text in ["..", "a.b.c", "e30.e30.", "!.!.!"] {
        oidc_server.assert_rejected(text, "malformed").await;
    }
    // Tokens whose `alg` is a spelling of "none" or another algorithm that Dateline does not accept are rejected.
    for algorithm in ["none", "None", "nOnE", "NONE", "", "es256", "ES512", "ES256K", "RSA-OAEP"] {
        for signature in [Vec::new(), vec![0; 64]] {
            let token = assemble_token(&json!({ "alg": algorithm, "kid": "p256" }), &claims(), |_| signature);
            oidc_server.assert_rejected(&token, "algorithm is not accepted").await;
        }
    }
    for header in [json!({ "kid": "p256" }), json!({ "alg": ["ES256"] }), json!([]), json!("ES256")] {
        oidc_server.assert_rejected(&assemble_token(&header, &claims(), |_| Vec::new()), "malformed").await;
    }
    oidc_server
        .assert_rejected(&valid_token.replace('.', &format!(".{}", "A".repeat(16 * 1024))), "longer than 16384 bytes")
        .await;
}

#[tokio::test]
async fn a_key_is_used_only_with_its_own_algorithms() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let rsa = key("rsa");
    let modulus = rsa.public()["n"].as_str().unwrap().to_owned();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, rsa.der())
    );
    // The server must not accept a token that is signed with the public key as an HMAC secret.
    for secret in [
        rsa.der(),
        pem.into_bytes(),
        modulus.clone().into_bytes(),
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &modulus).unwrap(),
    ] {
        for (name, algorithm) in
            [("HS256", ring::hmac::HMAC_SHA256), ("HS384", ring::hmac::HMAC_SHA384), ("HS512", ring::hmac::HMAC_SHA512)]
        {
            let sign =
                |message: &[u8]| ring::hmac::sign(&ring::hmac::Key::new(algorithm, &secret), message).as_ref().to_vec();
            oidc_server
                .assert_rejected(
                    &assemble_token(&json!({ "alg": name, "kid": "rsa" }), &claims(), sign),
                    "algorithm is not accepted",
                )
                .await;
        }
    }
    // The server must not use a key with an algorithm for another kind of key, nor with an algorithm that the JWK
    // itself excludes.
    for (signer, algorithm, key_id) in [
        ("p256", "ES256", "rsa"),
        ("p256", "ES256", "p384"),
        ("p384", "ES384", "p256"),
        ("rsa", "RS256", "ed"),
        ("ed", "EdDSA", "rsa"),
    ] {
        let token = key(signer).token(&json!({ "alg": algorithm, "kid": key_id }), &claims());
        oidc_server.assert_rejected(&token, "does not match the key").await;
    }
    let mut restricted_rsa = rsa.public();
    restricted_rsa["alg"] = json!("PS256");
    let mut encryption_key = key("p256").public();
    encryption_key["use"] = json!("enc");
    issuer.set_response(
        json!({ "keys": [restricted_rsa, encryption_key, { "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }] }),
    );
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    oidc_server.viewer(&signed("rsa", "PS256", &claims())).await;
    oidc_server.assert_rejected(&signed("rsa", "RS256", &claims()), "does not match the key").await;
    oidc_server.assert_rejected(&token(&claims()), "does not publish").await;
    oidc_server
        .assert_rejected(
            &assemble_token(&json!({ "alg": "HS256", "kid": "shared" }), &claims(), |_| vec![0; 32]),
            "algorithm is not accepted",
        )
        .await;
}

#[tokio::test]
async fn keys_in_the_token_header_are_ignored() {
    let issuer = Issuer::with(&["p256"]).await;
    let other_issuer = Issuer::with(&["new"]).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    for (name, value) in [
        ("jwk", key("new").public()),
        ("jku", json!(other_issuer.url)),
        ("x5u", json!(other_issuer.url)),
        ("x5c", json!([base64url(key("new").der())])),
        ("b64", json!(false)),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "new", "typ": "JWT" });
        header[name] = value;
        oidc_server.assert_rejected(&key("new").token(&header, &claims()), "does not publish").await;
        header["kid"] = json!("p256");
        oidc_server.assert_rejected(&key("new").token(&header, &claims()), "signature is invalid").await;
        oidc_server.viewer(&key("p256").token(&header, &claims())).await;
    }
    assert_eq!(other_issuer.request_count(), 0);
    // The server rejects a token with critical header extensions (`crit`), and a token whose `typ` is another kind of
    // token.
    let header = json!({ "alg": "ES256", "kid": "p256", "crit": ["b64"], "b64": false });
    oidc_server.assert_rejected(&key("p256").token(&header, &claims()), "requires extensions").await;
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        oidc_server.viewer(&key("p256").token(&json!({ "alg": "ES256", "kid": "p256", "typ": typ }), &claims())).await;
    }
    let header = json!({ "alg": "ES256", "kid": "p256", "typ": "logout+jwt" });
    oidc_server.assert_rejected(&key("p256").token(&header, &claims()), "not an access token").await;
}

#[tokio::test]
async fn a_token_without_kid_is_accepted_if_exactly_one_key_fits() {
    let issuer = Issuer::with(&["rsa", "p256"]).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let without_kid = |id: &str| key(id).token(&json!({ "alg": "ES256" }), &claims());
    oidc_server.viewer(&without_kid("p256")).await;
    oidc_server.assert_rejected(&without_kid("new"), "signature is invalid").await;
    issuer.set_response(issuer::jwks(&["p256", "new"]));
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    oidc_server.assert_rejected(&without_kid("p256"), "several keys fit").await;
    oidc_server.assert_rejected(&key("ed").token(&json!({ "alg": "EdDSA" }), &claims()), "does not publish").await;
}
