//! Sign-in by OpenID Connect through the real router, with an issuer of our own: which tokens are taken, as whom, and that
//! everything else is refused with a sentence, a 401 and nothing of the token in it.

mod fetching;
mod issuer;
mod program;

use std::collections::BTreeMap;

use crate::harness::{Desk, Who, noon};
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use chrono::TimeDelta;
use dateline::{
    auth::oidc::{JwksSource, OidcSettings},
    http::{self, config::HttpConfig},
    limits::Limits,
};
use entity::api_token::Role;
use http_body_util::BodyExt;
use issuer::{Issuer, encoded, joined, key};
use serde_json::{Value, json};
use tower::ServiceExt;

const NAME: &str = "https://id.example/realms/news";

/// A newsroom that takes the tokens of an issuer.
struct House {
    desk: Desk,
    router: Router,
}

fn settings(jwks: JwksSource) -> OidcSettings {
    OidcSettings {
        issuer: NAME.to_owned(),
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

impl House {
    async fn taking(settings: OidcSettings) -> Self {
        let desk = Desk::on_sqlite().await;
        // As many tokens in vain as a test likes.
        let limits = Limits { failures_per_minute: 0, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let router = http::router(&desk.app.clone().with_oidc(Some(settings)));
        Self { desk, router }
    }

    async fn of(issuer: &Issuer) -> Self {
        Self::taking(settings(JwksSource::Url(issuer.url.clone()))).await
    }

    fn later(&self, seconds: i64) {
        self.desk.app.clock.set(noon() + TimeDelta::seconds(seconds));
    }

    /// Who the holder of a token is.
    async fn viewer(&self, token: &str) -> Value {
        let (status, _, answer) = ask(self.router.clone(), token).await;
        assert_eq!(status, 200, "{answer}");
        answer["data"]["viewer"].clone()
    }

    /// The sentence by which a token is refused.
    async fn refusal(&self, token: &str) -> String {
        refusal(self.router.clone(), token).await
    }

    async fn is_refused(&self, token: &str, because: &str) {
        let sentence = self.refusal(token).await;
        assert!(sentence.contains(because), "\"{sentence}\" does not say \"{because}\"");
    }
}

async fn ask(router: Router, token: &str) -> (u16, Option<String>, Value) {
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

async fn refusal(router: Router, token: &str) -> String {
    let (status, challenge, answer) = ask(router, token).await;
    assert_eq!((status, challenge.as_deref()), (401, Some("Bearer")), "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let sentence = answer["errors"][0]["message"].as_str().unwrap().to_owned();
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!answer.to_string().contains(part), "the token is told: {answer}");
    }
    sentence
}

/// Claims that are taken.
fn claims() -> Value {
    let now = noon().timestamp();
    json!({
        "iss": NAME, "aud": ["account", "dateline"], "sub": "f:eda", "iat": now - 10, "nbf": now - 10, "exp": now + 300,
        "realm_access": { "roles": ["offline_access", "newsroom-author", "newsroom-editor", 7] },
    })
}

/// The same with one claim changed; null leaves it out.
fn with(name: &str, value: Value) -> Value {
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

const ALL: [&str; 4] = ["rsa", "p256", "p384", "ed"];

#[tokio::test]
async fn tokens_of_every_algorithm_say_who_it_is() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    for (id, algorithms) in [
        ("rsa", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].as_slice()),
        ("p256", &["ES256"]),
        ("p384", &["ES384"]),
        ("ed", &["EdDSA"]),
    ] {
        for algorithm in algorithms {
            let viewer = house.viewer(&signed(id, algorithm, &claims())).await;
            assert_eq!(viewer, json!({ "name": "f:eda", "role": "EDITOR" }), "{algorithm}");
        }
    }
    assert_eq!(issuer.asked(), 1);
    // Tokens of ours go on, and so does the public.
    assert_eq!(house.viewer(house.desk.secret(Who::Admin).unwrap()).await["role"], "ADMIN");
    house.is_refused("dateline_a.b.c", "is not known").await;
    house.is_refused("something else", "is not known").await;
    // Where no issuer is set, nothing is taken for a token of one.
    assert!(refusal(http::router(&house.desk.app), &token(&claims())).await.contains("is not known"));
}

#[tokio::test]
async fn a_token_counts_in_its_time_only() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    let now = noon().timestamp();
    for (name, at) in [("exp", now - 59), ("nbf", now + 60), ("iat", now + 60)] {
        house.viewer(&token(&with(name, json!(at)))).await;
    }
    for (name, at, because) in [
        ("exp", json!(now - 60), "expired at 2007-06-01T11:59:00Z"),
        ("exp", json!(0), "expired at 1970-01-01"),
        ("exp", json!(null), "has no end"),
        ("exp", json!("soon"), "`exp` is not an instant"),
        ("exp", json!(1e300), "`exp` is not an instant"),
        ("nbf", json!(now + 61), "not valid before 2007-06-01T12:01:01Z (`nbf`)"),
        ("iat", json!(now + 61), "not valid before 2007-06-01T12:01:01Z (`iat`)"),
        ("iat", json!({}), "`iat` is not an instant"),
    ] {
        house.is_refused(&token(&with(name, at)), because).await;
    }
    let kept = token(&claims());
    house.viewer(&kept).await;
    house.later(359);
    house.viewer(&kept).await;
    house.later(360);
    house.is_refused(&kept, "expired at 2007-06-01T12:05:00Z").await;
}

#[tokio::test]
async fn a_token_must_be_meant_for_us_and_name_a_person_and_a_role() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    house.viewer(&token(&with("aud", json!("dateline")))).await;
    let roles = |roles: Value| with("realm_access", json!({ "roles": roles }));
    assert_eq!(house.viewer(&token(&roles(json!("newsroom-author")))).await["role"], "AUTHOR");
    assert_eq!(house.viewer(&token(&roles(json!(["newsroom-admin", "newsroom-author"])))).await["role"], "ADMIN");
    let name = "ü".repeat(200);
    assert_eq!(house.viewer(&token(&with("sub", json!(name)))).await["name"], name);
    for (claims, because) in [
        (with("iss", json!("https://id.example/realms/news/")), "of another issuer"),
        (with("iss", json!(null)), "of another issuer"),
        (with("iss", json!([NAME])), "of another issuer"),
        (with("aud", json!("datelin")), "another audience"),
        (with("aud", json!(["account"])), "another audience"),
        (with("aud", json!({ "dateline": true })), "another audience"),
        (with("aud", json!(null)), "another audience"),
        (with("sub", json!(null)), "no text in the claim `sub`"),
        (with("sub", json!(" ")), "no text in the claim `sub`"),
        (with("sub", json!(7)), "no text in the claim `sub`"),
        (with("sub", json!("x".repeat(201))), "longer than 200"),
        (with("sub", json!("a\nb")), "control characters"),
        (with("sub", json!("Ana ")), "begins or ends with a space"),
        (with("realm_access", json!(null)), "gives no role here"),
        (roles(json!(["ADMIN", "NEWSROOM-ADMIN", "newsroom-admin "])), "gives no role here"),
        (roles(json!({ "newsroom-admin": true })), "gives no role here"),
        (json!([]), "damaged"),
    ] {
        house.is_refused(&token(&claims), because).await;
    }
}

#[tokio::test]
async fn other_claims_may_say_who_and_what() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::taking(OidcSettings {
        subject_claim: "profile.name".to_owned(),
        role_claim: "https://news.example/role".to_owned(),
        roles: BTreeMap::from([("PRESS".to_owned(), Role::Press)]),
        ..settings(JwksSource::Url(issuer.url.clone()))
    })
    .await;
    let mut claims = with("profile", json!({ "name": "Paper" }));
    claims["https://news.example/role"] = json!("PRESS");
    assert_eq!(house.viewer(&token(&claims)).await, json!({ "name": "Paper", "role": "PRESS" }));
}

#[tokio::test]
async fn what_the_issuer_did_not_sign_is_refused() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    let good = token(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let header = message.split_once('.').unwrap().0;
    let forged = encoded(with("sub", json!("admin")).to_string());
    house.is_refused(&format!("{header}.{forged}.{signature}"), "signature is wrong").await;
    house.is_refused(&format!("{message}."), "signature is wrong").await;
    house.is_refused(&format!("{message}.{}", encoded([0; 64])), "signature is wrong").await;
    house.is_refused(&format!("{message}.{signature}="), "signature is wrong").await;
    house
        .is_refused(&key("new").token(&json!({ "alg": "ES256", "kid": "p256" }), &claims()), "signature is wrong")
        .await;
    for text in ["..", "a.b.c", "e30.e30.", "!.!.!"] {
        house.is_refused(text, "damaged").await;
    }
    // No signature, by any spelling.
    for none in ["none", "None", "nOnE", "NONE", "", "es256", "ES512", "ES256K", "RSA-OAEP"] {
        for signature in [Vec::new(), vec![0; 64]] {
            let token = joined(&json!({ "alg": none, "kid": "p256" }), &claims(), |_| signature);
            house.is_refused(&token, "algorithm that is taken").await;
        }
    }
    for header in [json!({ "kid": "p256" }), json!({ "alg": ["ES256"] }), json!([]), json!("ES256")] {
        house.is_refused(&joined(&header, &claims(), |_| Vec::new()), "damaged").await;
    }
    house.is_refused(&good.replace('.', &format!(".{}", "A".repeat(16 * 1024))), "longer than 16384 bytes").await;
}

#[tokio::test]
async fn a_key_is_used_as_what_it_is_and_nothing_else() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    let rsa = key("rsa");
    let modulus = rsa.public()["n"].as_str().unwrap().to_owned();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, rsa.der())
    );
    // The public key as the secret that it is not.
    for secret in [
        rsa.der(),
        pem.into_bytes(),
        modulus.clone().into_bytes(),
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &modulus).unwrap(),
    ] {
        for (name, algorithm) in [
            ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
            ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
            ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
        ] {
            let sign = |message: &[u8]| {
                aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, &secret), message).as_ref().to_vec()
            };
            house
                .is_refused(&joined(&json!({ "alg": name, "kid": "rsa" }), &claims(), sign), "algorithm that is taken")
                .await;
        }
    }
    // A key by an algorithm of another kind, and one that the key itself excludes.
    for (signer, algorithm, named) in [
        ("p256", "ES256", "rsa"),
        ("p256", "ES256", "p384"),
        ("p384", "ES384", "p256"),
        ("rsa", "RS256", "ed"),
        ("ed", "EdDSA", "rsa"),
    ] {
        let token = key(signer).token(&json!({ "alg": algorithm, "kid": named }), &claims());
        house.is_refused(&token, "not one of the key").await;
    }
    let mut narrowed = rsa.public();
    narrowed["alg"] = json!("PS256");
    let mut sealing = key("p256").public();
    sealing["use"] = json!("enc");
    issuer.answers(json!({ "keys": [narrowed, sealing, { "kty": "oct", "kid": "shared", "k": "c2VjcmV0" }] }));
    let house = House::of(&issuer).await;
    house.viewer(&signed("rsa", "PS256", &claims())).await;
    house.is_refused(&signed("rsa", "RS256", &claims()), "not one of the key").await;
    house.is_refused(&token(&claims()), "does not have").await;
    house
        .is_refused(
            &joined(&json!({ "alg": "HS256", "kid": "shared" }), &claims(), |_| vec![0; 32]),
            "algorithm that is taken",
        )
        .await;
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_looked_at() {
    let issuer = Issuer::with(&["p256"]).await;
    let stranger = Issuer::with(&["new"]).await;
    let house = House::of(&issuer).await;
    for (name, value) in [
        ("jwk", key("new").public()),
        ("jku", json!(stranger.url)),
        ("x5u", json!(stranger.url)),
        ("x5c", json!([encoded(key("new").der())])),
        ("b64", json!(false)),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "new", "typ": "JWT" });
        header[name] = value;
        house.is_refused(&key("new").token(&header, &claims()), "does not have").await;
        header["kid"] = json!("p256");
        house.is_refused(&key("new").token(&header, &claims()), "signature is wrong").await;
        house.viewer(&key("p256").token(&header, &claims())).await;
    }
    assert_eq!(stranger.asked(), 0);
    // What a token demands to be understood is not; and other kinds of tokens are no access tokens.
    let header = json!({ "alg": "ES256", "kid": "p256", "crit": ["b64"], "b64": false });
    house.is_refused(&key("p256").token(&header, &claims()), "demands extensions").await;
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        house.viewer(&key("p256").token(&json!({ "alg": "ES256", "kid": "p256", "typ": typ }), &claims())).await;
    }
    let header = json!({ "alg": "ES256", "kid": "p256", "typ": "logout+jwt" });
    house.is_refused(&key("p256").token(&header, &claims()), "not meant for signing in").await;
}

#[tokio::test]
async fn a_token_that_names_no_key_is_taken_where_one_fits() {
    let issuer = Issuer::with(&["rsa", "p256"]).await;
    let house = House::of(&issuer).await;
    let nameless = |id: &str| key(id).token(&json!({ "alg": "ES256" }), &claims());
    house.viewer(&nameless("p256")).await;
    house.is_refused(&nameless("new"), "signature is wrong").await;
    issuer.answers(issuer::set(&["p256", "new"]));
    let house = House::of(&issuer).await;
    house.is_refused(&nameless("p256"), "several would fit").await;
    house.is_refused(&key("ed").token(&json!({ "alg": "EdDSA" }), &claims()), "does not have").await;
}
