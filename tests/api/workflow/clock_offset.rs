//! Servers whose machines have the wrong time: what is public follows the database's, and what is done waits until they are right.

use std::{sync::Arc, time::Duration};

use crate::harness::{CREATE, Desk, Who, exchange, post};
use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    http::{self, config::HttpConfig},
    jobs,
    newsroom::access::tokens::TokenInput,
};
use entity::api_token::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const SCHEDULE: &str = "mutation($id: ID!, $revision: Int!, $time: String!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: $time, timeZone: \"UTC\") { release { state schedule { at } } userErrors { message } } }";
const STATE: &str = "query($id: ID!) { node(id: $id) { ... on Release { state schedule { recordedAt } } } releases(first: 50) { totalCount } }";

/// Of the media type whose statuses are those of the answer.
const ACCEPT: (&str, &str) = ("accept", "application/graphql-response+json");

/// An answer to a question that took a second at most tells the time to half a second.
const EXACTNESS: TimeDelta = TimeDelta::milliseconds(500);

/// How often something is looked for that has to come.
const LOOKS: usize = 600;

/// A server of a newsroom, on a machine whose clock is wrong.
struct Node {
    app: Arc<App>,
    tasks: JoinSet<()>,
}

impl Node {
    async fn new(desk: &Desk, skew: TimeDelta) -> Self {
        // Each answer is worked out.
        let app = desk
            .server(Clock::skewed(skew))
            .await
            .with_http_config(HttpConfig { cache_bytes: 0, ..HttpConfig::default() });
        let mut tasks = JoinSet::new();
        let following = app.clone();
        tasks.spawn(async move { following.run_background_tasks().await });
        Self { app, tasks }
    }

    /// Does what a server does by itself.
    fn works(mut self) -> Self {
        self.tasks.spawn(jobs::run(self.app.clone()));
        self
    }

    async fn ask(&self, token: Option<&str>, query: &str, variables: &Value) -> (u16, HeaderMap, Value) {
        let body = json!({ "query": query, "variables": variables }).to_string();
        post(&http::router(&self.app), token, &[ACCEPT], &body).await
    }

    /// The state of a release for somebody; none where they do not see it.
    async fn state(&self, token: Option<&str>, id: &str) -> Value {
        let (status, _, answer) = self.ask(token, STATE, &json!({ "id": id })).await;
        assert_eq!((status, answer.get("errors")), (200, None), "{answer}");
        let data = &answer["data"];
        let is_public = data["node"]["state"] == "PUBLISHED";
        if token.is_none() {
            assert_eq!(data["releases"]["totalCount"], i32::from(is_public), "lists and items agree: {answer}");
        }
        data["node"].clone()
    }

    async fn readiness(&self) -> (u16, String) {
        let request = Request::get("/health/ready").body(Body::empty()).unwrap();
        let (status, _, text) = exchange(&http::router(&self.app), request).await;
        let told: Value = serde_json::from_str(&text).unwrap();
        (status, told["reason"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until it is ready, or is not.
    async fn becomes(&self, wanted: u16) -> String {
        for _ in 0..LOOKS {
            let (status, reason) = self.readiness().await;
            if status == wanted {
                return reason;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("/health/ready is {:?}, not {wanted}", self.readiness().await);
    }

    /// A mutation is refused, in the way that is documented, and nothing is changed.
    async fn refuses(&self, desk: &Desk) {
        let before = desk.app.newsroom.catalog.catch_up().await.unwrap().sequence();
        let token = desk.secret(Who::Editor);
        let (status, headers, answer) =
            self.ask(token, CREATE, &json!({ "input": { "headline": "Refused", "releaseDate": "2026-01-01" } })).await;
        assert_eq!((status, headers.get("retry-after").is_some()), (503, true), "{answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("clock"), "{answer}");
        assert_eq!(desk.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
    }

    async fn does(&self, desk: &Desk) {
        let token = desk.secret(Who::Editor);
        let (status, _, answer) =
            self.ask(token, CREATE, &json!({ "input": { "headline": "Done", "releaseDate": "2026-01-01" } })).await;
        assert_eq!((status, &answer["data"]["releaseCreate"]["userErrors"]), (200, &json!([])), "{answer}");
    }
}

/// What time the database has.
async fn database_time(desk: &Desk) -> DateTime<Utc> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp()");
    desk.app.newsroom.db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// A release that is to be published some seconds from now by the database's time: its id, and when.
async fn scheduled(desk: &Desk, seconds: i64) -> (String, DateTime<Utc>) {
    let now = database_time(desk).await;
    desk.app.clock.set(now);
    let (id, revision) = desk.draft(json!({ "headline": "On time" })).await;
    let due = now.trunc_subsecs(0) + TimeDelta::seconds(seconds + 1);
    let time = due.format("%Y-%m-%dT%H:%M:%S").to_string();
    desk.done(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time })).await;
    (id, due)
}

/// Journal entries of what happened by itself.
async fn recorded(desk: &Desk) -> Vec<DateTime<Utc>> {
    let entries =
        desk.data(Who::Admin, "{ journal(filter: {by: \"dateline\"}) { nodes { at act } } }", json!({})).await;
    let instant = |entry: &Value| entry["at"].as_str().unwrap().parse().unwrap();
    desk.app.newsroom.catalog.catch_up().await.unwrap();
    entries["journal"]["nodes"].as_array().unwrap().iter().map(instant).collect()
}

#[tokio::test]
async fn wrong_clocks_publish_nothing_early_or_late_and_record_nothing() {
    let Some(desk) = Desk::on_postgres().await else { return };
    let seconds = TimeDelta::seconds;
    let nodes = [
        Node::new(&desk, seconds(90)).await.works(),
        Node::new(&desk, seconds(-90)).await.works(),
        Node::new(&desk, TimeDelta::milliseconds(1500)).await,
    ];
    for (node, side) in nodes.iter().zip(["ahead of", "behind"]) {
        let (status, reason) = node.readiness().await;
        assert!(status == 503 && reason.contains(side) && reason.contains("clock.max_offset"), "{status} {reason}");
        node.refuses(&desk).await;
    }
    assert_eq!(nodes[2].readiness().await, (200, String::new()));
    nodes[2].does(&desk).await;

    // A token that ends by the database's time in a while has ended for nobody, and the other way round.
    let token = async |from_now: i64| {
        let expires_at = Some(database_time(&desk).await + seconds(from_now));
        let input = TokenInput { subject: "Eda".to_owned(), name: "short".to_owned(), role: Role::Editor, expires_at };
        let long_ago = database_time(&desk).await - seconds(3600);
        desk.app.newsroom.token_create(&Viewer::new(Role::Admin, "test"), input, long_ago).await.unwrap().1
    };
    let (good, over) = (token(60).await, token(-30).await);
    for node in &nodes {
        let status = async |token: &str| node.ask(Some(token), "{ viewer { role } }", &json!({})).await.0;
        assert_eq!((status(&good).await, status(&over).await), (200, 401));
    }

    let (id, due) = scheduled(&desk, 4).await;
    // Around the instant: nobody shows it early, nobody late, whatever their clocks say.
    let mut seen = [(0, 0); 3];
    while database_time(&desk).await < due + seconds(2) {
        for (node, (hidden, shown)) in nodes.iter().zip(&mut seen) {
            let before = database_time(&desk).await;
            let state = node.state(None, &id).await;
            if state.is_null() {
                assert!(before < due + EXACTNESS, "not shown at {before}, due at {due}");
                *hidden += 1;
            } else {
                let after = database_time(&desk).await;
                assert!(after > due - EXACTNESS, "shown at {after}, due at {due}");
                *shown += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(seen.iter().all(|&(hidden, shown)| hidden > 0 && shown > 0), "{seen:?}");
    let desks = nodes[0].state(desk.secret(Who::Author), &id).await;
    assert_eq!(desks, json!({ "state": "PUBLISHED", "schedule": { "recordedAt": null } }));
    assert!(recorded(&desk).await.is_empty(), "those that work are not right");

    // Its clock is corrected.
    nodes[0].app.clock.set_skew(TimeDelta::zero());
    nodes[0].becomes(200).await;
    nodes[0].does(&desk).await;
    let mut entries = Vec::new();
    for _ in 0..LOOKS {
        entries = recorded(&desk).await;
        if !entries.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = database_time(&desk).await;
    assert!(entries.len() == 1 && entries[0] > due + seconds(1) && entries[0] < now + EXACTNESS, "{entries:?} {due}");
    assert_eq!(nodes[1].readiness().await.0, 503);
}

#[tokio::test]
async fn a_clock_that_goes_wrong_and_right_again_while_it_serves() {
    let Some(desk) = Desk::on_postgres().await else { return };
    let node = Node::new(&desk, TimeDelta::zero()).await;
    let mut last = node.app.clock.now();
    for (skew, status) in [(90, 503), (0, 200), (-90, 503), (-1, 200), (86_400, 503), (0, 200)] {
        node.app.clock.set_skew(TimeDelta::seconds(skew));
        node.becomes(status).await;
        if status == 200 {
            node.does(&desk).await;
        } else {
            node.refuses(&desk).await;
        }
        let (before, now, after) = (database_time(&desk).await, node.app.clock.now(), database_time(&desk).await);
        assert!(now > before - EXACTNESS && now < after + EXACTNESS && now >= last, "{before} {now} {after} {last}");
        last = now;
    }

    // A refusal is not kept: the same request under the same key is done when the clock is right.
    let input = json!({ "headline": "Once", "releaseDate": "2026-01-01" });
    let body = json!({ "query": CREATE, "variables": { "input": input } }).to_string();
    let keyed = async || {
        let headers = [ACCEPT, ("idempotency-key", "once")];
        post(&http::router(&node.app), desk.secret(Who::Editor), &headers, &body).await
    };
    node.app.clock.set_skew(TimeDelta::seconds(90));
    node.becomes(503).await;
    let (status, _, refused) = keyed().await;
    assert_eq!((status, &refused["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")), "{refused}");
    node.app.clock.set_skew(TimeDelta::zero());
    node.becomes(200).await;
    let (status, headers, done) = keyed().await;
    assert_eq!((status, done.get("errors"), headers.get("idempotent-replayed")), (200, None, None), "{done}");
    assert_eq!(done["data"]["releaseCreate"]["userErrors"], json!([]), "{done}");
}

#[tokio::test]
async fn on_sqlite_a_clock_that_is_put_back_stands_still_and_one_put_forward_goes_on() {
    let desk = Desk::on_sqlite().await;
    let node = Node::new(&desk, TimeDelta::seconds(90)).await;
    // A file has no clock: there is nothing that it could differ from.
    assert_eq!(node.readiness().await, (200, String::new()));
    node.does(&desk).await;
    let before = node.app.clock.now();
    node.app.clock.set_skew(TimeDelta::zero());
    let reason = node.becomes(503).await;
    assert!(reason.contains("was set back") && reason.contains("restart this server"), "{reason}");
    node.refuses(&desk).await;
    let held = node.app.clock.now();
    assert!(held >= before && held == node.app.clock.now());
    node.app.clock.set_skew(TimeDelta::seconds(3600));
    node.becomes(200).await;
    node.does(&desk).await;
    assert!(node.app.clock.now() > held + TimeDelta::seconds(3400));
}
