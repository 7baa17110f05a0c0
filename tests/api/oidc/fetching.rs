//! Tests of the cache for the issuer's public keys (JWKS): how often the server fetches the keys, key rotation,
//! concurrent requests, and an unreachable issuer.

use std::fs;

use dateline::auth::oidc::{JwksSource, Oidc};
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    ALL_KEYS, OidcServer, claims,
    issuer::{self, Issuer},
    key, rejection_message, settings, signed, token,
};
use crate::harness::noon;

fn token_with_unknown_key(id: usize) -> String {
    key("new").token(&json!({ "alg": "ES256", "kid": format!("invented-{id}") }), &claims())
}

#[tokio::test]
async fn many_unknown_keys_cause_one_fetch_and_block_nobody() {
    let issuer = Issuer::with(&ALL_KEYS).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let known_token = token(&claims());
    oidc_server.viewer(&known_token).await;
    // For half a minute after a fetch, a token with an unknown key does not cause another fetch.
    oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
    assert_eq!(issuer.request_count(), 1);
    oidc_server.set_time(31);
    issuer.pause();
    let mut requests = JoinSet::new();
    for id in 0..500 {
        let (router, token) = (oidc_server.router.clone(), token_with_unknown_key(id));
        requests.spawn(async move { rejection_message(router, &token).await });
    }
    issuer.wait_for_requests(2).await;
    // The issuer does not respond, but tokens with a known key are still accepted.
    for _ in 0..20 {
        oidc_server.viewer(&known_token).await;
    }
    assert!(requests.try_join_next().is_none());
    issuer.resume();
    while let Some(message_text) = requests.join_next().await {
        assert!(message_text.unwrap().contains("does not publish"));
    }
    oidc_server.set_time(60);
    oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
    assert_eq!(issuer.request_count(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_fetched_within_half_a_minute() {
    let issuer = Issuer::with(&["p256"]).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    oidc_server.viewer(&token(&claims())).await;
    issuer.set_response(issuer::jwks(&["new"]));
    let rotated = signed("new", "ES256", &claims());
    oidc_server.set_time(29);
    oidc_server.assert_rejected(&rotated, "does not publish").await;
    oidc_server.set_time(30);
    oidc_server.viewer(&rotated).await;
    assert_eq!(issuer.request_count(), 2);
    // The new JWKS replaces the old one, so tokens with the former key are rejected.
    oidc_server.assert_rejected(&token(&claims()), "does not publish").await;
    // If the clock is set back, the server may still fetch the keys.
    oidc_server.set_time(-3600);
    issuer.set_response(issuer::jwks(&["p256"]));
    oidc_server.assert_rejected(&token(&claims()), "not valid before").await;
    assert_eq!(issuer.request_count(), 3);
}

#[tokio::test]
async fn cached_keys_stay_valid_while_the_issuer_is_down_or_responds_with_garbage() {
    let issuer = Issuer::with(&["p256"]).await;
    let mut oidc_settings = settings(JwksSource::Url(issuer.url.clone()));
    oidc_settings.clock_skew = chrono::TimeDelta::hours(9);
    let oidc_server = OidcServer::with_settings(oidc_settings).await;
    let known_token = token(&claims());
    oidc_server.viewer(&known_token).await;
    for nonsense in [json!("<html>"), json!({}), json!({ "keys": 7 }), json!({ "keys": ["x".repeat(300_000)] })] {
        let request_count = issuer.request_count();
        issuer.set_response(nonsense);
        oidc_server.set_time(31 * request_count as i64);
        oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
        oidc_server.viewer(&known_token).await;
        assert_eq!(issuer.request_count(), request_count + 1);
    }
    issuer.shut_down().await;
    oidc_server.set_time(4 * 3600);
    oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
    oidc_server.viewer(&known_token).await;
}

#[tokio::test]
async fn an_unreachable_issuer_is_distinguished_from_an_invalid_token() {
    let issuer = Issuer::with(&["p256"]).await;
    let url = issuer.url.clone();
    issuer.shut_down().await;
    let oidc_server = OidcServer::with_settings(settings(JwksSource::Url(url))).await;
    oidc_server.assert_rejected(&token(&claims()), "could not be loaded yet").await;
}

#[tokio::test]
async fn keys_are_fetched_again_after_an_hour() {
    let issuer = Issuer::with(&["p256"]).await;
    let oidc = Oidc::new(settings(JwksSource::Url(issuer.url.clone())));
    for (minutes, request_count) in [(0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (119, 2), (120, 3)] {
        oidc.refresh_keys(noon() + chrono::TimeDelta::minutes(minutes)).await;
        assert_eq!(issuer.request_count(), request_count, "after {minutes} minutes");
    }
    // If the issuer's response is unusable, the server fetches the keys again after half a minute instead of an hour.
    let issuer = Issuer::with(&["p256"]).await;
    issuer.set_response(json!({}));
    let oidc = Oidc::new(settings(JwksSource::Url(issuer.url.clone())));
    for (seconds, request_count) in [(0, 1), (29, 1), (30, 2), (60, 3)] {
        oidc.refresh_keys(noon() + chrono::TimeDelta::seconds(seconds)).await;
        assert_eq!(issuer.request_count(), request_count, "after {seconds} seconds");
    }
}

#[tokio::test]
async fn a_fetch_completes_after_its_request_was_dropped() {
    let issuer = Issuer::with(&["p256"]).await;
    issuer.pause();
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let (router, known_token) = (oidc_server.router.clone(), token(&claims()));
    let pending = tokio::spawn(async move { super::query_viewer(router, &known_token).await });
    issuer.wait_for_requests(1).await;
    pending.abort();
    let _ = pending.await;
    // The next request waits for the fetch that the dropped request started.
    let (router, known_token) = (oidc_server.router.clone(), token(&claims()));
    let next = tokio::spawn(async move { super::query_viewer(router, &known_token).await });
    tokio::task::yield_now().await;
    issuer.resume();
    assert_eq!(next.await.unwrap().0, 200);
    assert_eq!(issuer.request_count(), 1);
}

#[tokio::test]
async fn keys_may_come_from_a_file_that_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let oidc_server = OidcServer::with_settings(settings(JwksSource::File(file.clone()))).await;
    let (first, second) = (token(&claims()), signed("new", "ES256", &claims()));
    oidc_server.assert_rejected(&first, "could not be loaded yet").await;
    fs::write(&file, issuer::jwks(&["p256"]).to_string()).unwrap();
    oidc_server.set_time(30);
    oidc_server.viewer(&first).await;
    fs::write(&file, issuer::jwks(&["p256", "new"]).to_string()).unwrap();
    oidc_server.set_time(59);
    oidc_server.assert_rejected(&second, "does not publish").await;
    oidc_server.set_time(60);
    oidc_server.viewer(&second).await;
    // If the JWKS file is deleted or too large, the server continues with the keys that it has loaded.
    fs::write(&file, " ".repeat(300_000)).unwrap();
    oidc_server.set_time(90);
    oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
    fs::remove_file(&file).unwrap();
    oidc_server.set_time(120);
    oidc_server.assert_rejected(&token_with_unknown_key(0), "does not publish").await;
    oidc_server.viewer(&second).await;
    // After a key is removed from the file, the server rejects tokens with that key. This does not require a token
    // with an unknown key that would cause a reload.
    let oidc = Oidc::new(settings(JwksSource::File(file.clone())));
    fs::write(&file, issuer::jwks(&["p256"]).to_string()).unwrap();
    oidc.refresh_keys(noon()).await;
    oidc.verify(&first, noon()).await.unwrap();
    fs::write(&file, issuer::jwks(&[]).to_string()).unwrap();
    oidc.refresh_keys(noon() + chrono::TimeDelta::seconds(30)).await;
    assert!(oidc.verify(&first, noon()).await.is_err());
}

#[tokio::test]
async fn background_tasks_refresh_the_keys() {
    let issuer = Issuer::with(&["p256"]).await;
    let oidc_server = OidcServer::for_issuer(&issuer).await;
    let app = oidc_server.server.app.clone().with_oidc(Some(settings(JwksSource::Url(issuer.url.clone()))));
    let background = tokio::spawn(async move { app.run_background_tasks().await });
    issuer.wait_for_requests(1).await;
    background.abort();
}
