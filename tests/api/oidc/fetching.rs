//! When the issuer's keys are fetched: rarely, once for all who wait, never in the way of a known key; and what holds while
//! the issuer is away.

use std::fs;

use crate::harness::noon;
use dateline::auth::oidc::{JwksSource, Oidc};
use serde_json::json;
use tokio::task::JoinSet;

use super::{ALL, House, claims, issuer, issuer::Issuer, key, refusal, settings, signed, token};

fn unknown(id: usize) -> String {
    key("new").token(&json!({ "alg": "ES256", "kid": format!("invented-{id}") }), &claims())
}

#[tokio::test]
async fn a_storm_of_invented_keys_is_one_fetch_and_stops_nobody() {
    let issuer = Issuer::with(&ALL).await;
    let house = House::of(&issuer).await;
    let known = token(&claims());
    house.viewer(&known).await;
    // Within half a minute nothing is fetched at all.
    house.is_refused(&unknown(0), "does not have").await;
    assert_eq!(issuer.asked(), 1);
    house.later(31);
    issuer.hang();
    let mut storm = JoinSet::new();
    for id in 0..500 {
        let (router, token) = (house.router.clone(), unknown(id));
        storm.spawn(async move { refusal(router, &token).await });
    }
    issuer.is_asked(2).await;
    // The issuer hangs, and everybody with a known key goes on.
    for _ in 0..20 {
        house.viewer(&known).await;
    }
    assert!(storm.try_join_next().is_none());
    issuer.go_on();
    while let Some(sentence) = storm.join_next().await {
        assert!(sentence.unwrap().contains("does not have"));
    }
    house.later(60);
    house.is_refused(&unknown(0), "does not have").await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_half_a_minute_later_at_most() {
    let issuer = Issuer::with(&["p256"]).await;
    let house = House::of(&issuer).await;
    house.viewer(&token(&claims())).await;
    issuer.answers(issuer::set(&["new"]));
    let rotated = signed("new", "ES256", &claims());
    house.later(29);
    house.is_refused(&rotated, "does not have").await;
    house.later(30);
    house.viewer(&rotated).await;
    assert_eq!(issuer.asked(), 2);
    // The former key is gone with the set that had it.
    house.is_refused(&token(&claims()), "does not have").await;
    // A clock that was put back stops nothing.
    house.later(-3600);
    issuer.answers(issuer::set(&["p256"]));
    house.is_refused(&token(&claims()), "not valid before").await;
    assert_eq!(issuer.asked(), 3);
}

#[tokio::test]
async fn keys_go_on_while_the_issuer_is_away_or_talks_nonsense() {
    let issuer = Issuer::with(&["p256"]).await;
    let mut taking = settings(JwksSource::Url(issuer.url.clone()));
    taking.clock_skew = chrono::TimeDelta::hours(9);
    let house = House::taking(taking).await;
    let known = token(&claims());
    house.viewer(&known).await;
    for nonsense in [json!("<html>"), json!({}), json!({ "keys": 7 }), json!({ "keys": ["x".repeat(300_000)] })] {
        let asked = issuer.asked();
        issuer.answers(nonsense);
        house.later(31 * asked as i64);
        house.is_refused(&unknown(0), "does not have").await;
        house.viewer(&known).await;
        assert_eq!(issuer.asked(), asked + 1);
    }
    issuer.goes_down().await;
    house.later(4 * 3600);
    house.is_refused(&unknown(0), "does not have").await;
    house.viewer(&known).await;
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_told_apart_from_a_wrong_token() {
    let issuer = Issuer::with(&["p256"]).await;
    let url = issuer.url.clone();
    issuer.goes_down().await;
    let house = House::taking(settings(JwksSource::Url(url))).await;
    house.is_refused(&token(&claims()), "could not be had yet").await;
}

#[tokio::test]
async fn keys_are_fetched_again_after_an_hour() {
    let issuer = Issuer::with(&["p256"]).await;
    let oidc = Oidc::new(settings(JwksSource::Url(issuer.url.clone())));
    for (minutes, asked) in [(0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (119, 2), (120, 3)] {
        oidc.refresh_keys(noon() + chrono::TimeDelta::minutes(minutes)).await;
        assert_eq!(issuer.asked(), asked, "after {minutes} minutes");
    }
    // One that answers nothing of use is asked again soon, not in an hour.
    let issuer = Issuer::with(&["p256"]).await;
    issuer.answers(json!({}));
    let oidc = Oidc::new(settings(JwksSource::Url(issuer.url.clone())));
    for (seconds, asked) in [(0, 1), (29, 1), (30, 2), (60, 3)] {
        oidc.refresh_keys(noon() + chrono::TimeDelta::seconds(seconds)).await;
        assert_eq!(issuer.asked(), asked, "after {seconds} seconds");
    }
}

#[tokio::test]
async fn a_fetch_is_finished_though_nobody_waits_for_it() {
    let issuer = Issuer::with(&["p256"]).await;
    issuer.hang();
    let house = House::of(&issuer).await;
    let (router, known) = (house.router.clone(), token(&claims()));
    let asking = tokio::spawn(async move { super::ask(router, &known).await });
    issuer.is_asked(1).await;
    asking.abort();
    let _ = asking.await;
    // Whoever comes next waits for the same fetch.
    let (router, known) = (house.router.clone(), token(&claims()));
    let next = tokio::spawn(async move { super::ask(router, &known).await });
    tokio::task::yield_now().await;
    issuer.go_on();
    assert_eq!(next.await.unwrap().0, 200);
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_may_come_from_a_file_that_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let house = House::taking(settings(JwksSource::File(file.clone()))).await;
    let (first, second) = (token(&claims()), signed("new", "ES256", &claims()));
    house.is_refused(&first, "could not be had yet").await;
    fs::write(&file, issuer::set(&["p256"]).to_string()).unwrap();
    house.later(30);
    house.viewer(&first).await;
    fs::write(&file, issuer::set(&["p256", "new"]).to_string()).unwrap();
    house.later(59);
    house.is_refused(&second, "does not have").await;
    house.later(60);
    house.viewer(&second).await;
    // Without its file a newsroom goes on with the keys that it had; what is too large is not read.
    fs::write(&file, " ".repeat(300_000)).unwrap();
    house.later(90);
    house.is_refused(&unknown(0), "does not have").await;
    fs::remove_file(&file).unwrap();
    house.later(120);
    house.is_refused(&unknown(0), "does not have").await;
    house.viewer(&second).await;
    // A key that is taken out of the file ends without anybody asking for another.
    let oidc = Oidc::new(settings(JwksSource::File(file.clone())));
    fs::write(&file, issuer::set(&["p256"]).to_string()).unwrap();
    oidc.refresh_keys(noon()).await;
    oidc.verify(&first, noon()).await.unwrap();
    fs::write(&file, issuer::set(&[]).to_string()).unwrap();
    oidc.refresh_keys(noon() + chrono::TimeDelta::seconds(30)).await;
    assert!(oidc.verify(&first, noon()).await.is_err());
}

#[tokio::test]
async fn what_follows_the_newsroom_keeps_the_keys() {
    let issuer = Issuer::with(&["p256"]).await;
    let house = House::of(&issuer).await;
    let app = house.desk.app.clone().with_oidc(Some(settings(JwksSource::Url(issuer.url.clone()))));
    let following = tokio::spawn(async move { app.run_background_tasks().await });
    issuer.is_asked(1).await;
    following.abort();
}
