//! Tests of servers whose clock differs from the clock of the database. Publications follow the clock of the
//! database, and a server rejects writes while its clock is too far off.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use dateline::{
    app::App, auth::viewer::Viewer, clock::Clock, config::HttpConfig, http, jobs, newsroom::access::tokens::TokenInput,
};
use entity::api_token::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{CREATE, Caller, TestServer, exchange, post};

const SCHEDULE: &str = "mutation($id: ID!, $revision: Int!, $time: LocalDateTime!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: $time, timeZone: \"UTC\") { release { state schedule { at } } userErrors { message } } }";
const STATE: &str = "query($id: ID!) { node(id: $id) { ... on Release { state schedule { recordedAt } } } releases(first: 50) { totalCount } }";

/// A response media type with which the HTTP status depends on the errors.
const ACCEPT: (&str, &str) = ("accept", "application/graphql-response+json");

/// Maximum error with which a server knows the time of the database. A measurement takes at most a second, so its
/// error is at most half a second.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::milliseconds(500);

/// Maximum number of attempts of a test that waits for a condition.
const MAX_POLLS: usize = 600;

/// A server on a machine with a wrong clock. The servers of a test share one database.
struct Node {
    app: Arc<App>,
    tasks: JoinSet<()>,
}

impl Node {
    async fn new(server: &TestServer, skew: TimeDelta) -> Self {
        // The response cache is disabled, so that every request is executed.
        let app = server
            .second_app(Clock::skewed(skew))
            .await
            .with_http_config(HttpConfig { cache_bytes: 0, ..HttpConfig::default() });
        let mut tasks = JoinSet::new();
        let sync_app = app.clone();
        tasks.spawn(async move { sync_app.run_background_tasks().await });
        Self { app, tasks }
    }

    /// Starts the background jobs, such as the job that records scheduled publications.
    fn with_background_jobs(mut self) -> Self {
        self.tasks.spawn(jobs::run(self.app.clone()));
        self
    }

    async fn execute(&self, token: Option<&str>, query: &str, variables: &Value) -> (u16, HeaderMap, Value) {
        let body = json!({ "query": query, "variables": variables }).to_string();
        post(&http::router(&self.app), token, &[ACCEPT], &body).await
    }

    /// Returns the state and schedule of a release for a caller; null if the caller may not see the release.
    async fn state(&self, token: Option<&str>, id: &str) -> Value {
        let (status, _, response) = self.execute(token, STATE, &json!({ "id": id })).await;
        assert_eq!((status, response.get("errors")), (200, None), "{response}");
        let data = &response["data"];
        let is_public = data["node"]["state"] == "PUBLISHED";
        if token.is_none() {
            assert_eq!(
                data["releases"]["totalCount"],
                i32::from(is_public),
                "the list and the release must agree: {response}"
            );
        }
        data["node"].clone()
    }

    async fn readiness(&self) -> (u16, String) {
        let request = Request::get("/health/ready").body(Body::empty()).unwrap();
        let (status, _, text) = exchange(&http::router(&self.app), request).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        (status, body["reason"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until `/health/ready` responds with the status `expected`. Returns the reason in the response.
    async fn wait_until_readiness(&self, expected: u16) -> String {
        for _ in 0..MAX_POLLS {
            let (status, reason) = self.readiness().await;
            if status == expected {
                return reason;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("/health/ready is {:?}, not {expected}", self.readiness().await);
    }

    /// Sends a mutation and checks that the server rejects it with UNAVAILABLE and `Retry-After`, and that the
    /// mutation changes nothing.
    async fn assert_mutation_refused(&self, server: &TestServer) {
        let before = server.app.newsroom.catalog.catch_up().await.unwrap().sequence();
        let token = server.token(Caller::Editor);
        let (status, headers, response) = self
            .execute(token, CREATE, &json!({ "input": { "headline": "Refused", "releaseDate": "2026-01-01" } }))
            .await;
        assert_eq!((status, headers.get("retry-after").is_some()), (503, true), "{response}");
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAVAILABLE");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("clock"), "{response}");
        assert_eq!(server.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
    }

    async fn assert_mutation_succeeds(&self, server: &TestServer) {
        let token = server.token(Caller::Editor);
        let (status, _, response) =
            self.execute(token, CREATE, &json!({ "input": { "headline": "Done", "releaseDate": "2026-01-01" } })).await;
        assert_eq!((status, &response["data"]["releaseCreate"]["userErrors"]), (200, &json!([])), "{response}");
    }
}

/// Returns the time of the database.
async fn database_time(server: &TestServer) -> DateTime<Utc> {
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp()");
    server.app.newsroom.db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Schedules a release for `seconds` after the current time of the database. Returns the id of the release and the
/// scheduled time.
async fn schedule_release(server: &TestServer, seconds: i64) -> (String, DateTime<Utc>) {
    let now = database_time(server).await;
    server.app.clock.set(now);
    let (id, revision) = server.create_draft(json!({ "headline": "On time" })).await;
    let due = now.trunc_subsecs(0) + TimeDelta::seconds(seconds + 1);
    let time = due.format("%Y-%m-%dT%H:%M:%S").to_string();
    server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time })).await;
    (id, due)
}

/// Returns the times of the journal entries that the background jobs wrote.
async fn automatic_entries(server: &TestServer) -> Vec<DateTime<Utc>> {
    let entries =
        server.data(Caller::Admin, "{ journal(filter: {by: \"dateline\"}) { nodes { at action } } }", json!({})).await;
    let instant = |entry: &Value| entry["at"].as_str().unwrap().parse().unwrap();
    server.app.newsroom.catalog.catch_up().await.unwrap();
    entries["journal"]["nodes"].as_array().unwrap().iter().map(instant).collect()
}

#[tokio::test]
async fn servers_with_wrong_clocks_publish_on_time_and_reject_writes() {
    let Some(server) = TestServer::on_postgres().await else { return };
    let seconds = TimeDelta::seconds;
    let nodes = [
        Node::new(&server, seconds(90)).await.with_background_jobs(),
        Node::new(&server, seconds(-90)).await.with_background_jobs(),
        Node::new(&server, TimeDelta::milliseconds(1500)).await,
    ];
    for (node, direction) in nodes.iter().zip(["ahead of", "behind"]) {
        let (status, reason) = node.readiness().await;
        assert!(
            status == 503 && reason.contains(direction) && reason.contains("clock.max_offset"),
            "{status} {reason}"
        );
        node.assert_mutation_refused(&server).await;
    }
    assert_eq!(nodes[2].readiness().await, (200, String::new()));
    nodes[2].assert_mutation_succeeds(&server).await;

    // Tokens expire by the clock of the database, whatever the clock of the server says.
    let token = async |seconds_from_now: i64| {
        let expires_at = Some(database_time(&server).await + seconds(seconds_from_now));
        let input = TokenInput { subject: "Eda".to_owned(), name: "short".to_owned(), role: Role::Editor, expires_at };
        let long_ago = database_time(&server).await - seconds(3600);
        server.app.newsroom.token_create(&Viewer::new(Role::Admin, "test"), input, long_ago).await.unwrap().1
    };
    let (valid, expired) = (token(60).await, token(-30).await);
    for node in &nodes {
        let status = async |token: &str| node.execute(Some(token), "{ viewer { role } }", &json!({})).await.0;
        assert_eq!((status(&valid).await, status(&expired).await), (200, 401));
    }

    let (id, due) = schedule_release(&server, 4).await;
    // Polls all servers until two seconds after the scheduled time. No server may show the release too early or too
    // late, whatever its clock says.
    let mut observed = [(0, 0); 3];
    while database_time(&server).await < due + seconds(2) {
        for (node, (hidden, visible)) in nodes.iter().zip(&mut observed) {
            let before = database_time(&server).await;
            let state = node.state(None, &id).await;
            if state.is_null() {
                assert!(before < due + CLOCK_TOLERANCE, "not shown at {before}, due at {due}");
                *hidden += 1;
            } else {
                let after = database_time(&server).await;
                assert!(after > due - CLOCK_TOLERANCE, "shown at {after}, due at {due}");
                *visible += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(observed.iter().all(|&(hidden, visible)| hidden > 0 && visible > 0), "{observed:?}");
    let as_author = nodes[0].state(server.token(Caller::Author), &id).await;
    assert_eq!(as_author, json!({ "state": "PUBLISHED", "schedule": { "recordedAt": null } }));
    assert!(automatic_entries(&server).await.is_empty(), "servers with a wrong clock must not record transitions");

    // Corrects the clock of the first server, which must then accept writes.
    nodes[0].app.clock.set_skew(TimeDelta::zero());
    nodes[0].wait_until_readiness(200).await;
    nodes[0].assert_mutation_succeeds(&server).await;
    let mut entries = Vec::new();
    for _ in 0..MAX_POLLS {
        entries = automatic_entries(&server).await;
        if !entries.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = database_time(&server).await;
    assert!(
        entries.len() == 1 && entries[0] > due + seconds(1) && entries[0] < now + CLOCK_TOLERANCE,
        "{entries:?} {due}"
    );
    assert_eq!(nodes[1].readiness().await.0, 503);
}

#[tokio::test]
async fn writes_resume_after_the_clock_is_corrected() {
    let Some(server) = TestServer::on_postgres().await else { return };
    let node = Node::new(&server, TimeDelta::zero()).await;
    let mut last = node.app.clock.now();
    for (skew, status) in [(90, 503), (0, 200), (-90, 503), (-1, 200), (86_400, 503), (0, 200)] {
        node.app.clock.set_skew(TimeDelta::seconds(skew));
        node.wait_until_readiness(status).await;
        if status == 200 {
            node.assert_mutation_succeeds(&server).await;
        } else {
            node.assert_mutation_refused(&server).await;
        }
        let (before, now, after) = (database_time(&server).await, node.app.clock.now(), database_time(&server).await);
        assert!(
            now > before - CLOCK_TOLERANCE && now < after + CLOCK_TOLERANCE && now >= last,
            "{before} {now} {after} {last}"
        );
        last = now;
    }

    // The response to a mutation that was rejected because of the clock is not stored. After the clock is corrected,
    // the same request with the same idempotency key succeeds.
    let input = json!({ "headline": "Once", "releaseDate": "2026-01-01" });
    let body = json!({ "query": CREATE, "variables": { "input": input } }).to_string();
    let send_with_key = async || {
        let headers = [ACCEPT, ("idempotency-key", "once")];
        post(&http::router(&node.app), server.token(Caller::Editor), &headers, &body).await
    };
    node.app.clock.set_skew(TimeDelta::seconds(90));
    node.wait_until_readiness(503).await;
    let (status, _, rejected) = send_with_key().await;
    assert_eq!((status, &rejected["errors"][0]["extensions"]["code"]), (503, &json!("UNAVAILABLE")), "{rejected}");
    node.app.clock.set_skew(TimeDelta::zero());
    node.wait_until_readiness(200).await;
    let (status, headers, response) = send_with_key().await;
    assert_eq!((status, response.get("errors"), headers.get("idempotent-replayed")), (200, None, None), "{response}");
    assert_eq!(response["data"]["releaseCreate"]["userErrors"], json!([]), "{response}");
}

#[tokio::test]
async fn on_sqlite_a_clock_set_back_is_frozen_and_one_set_forward_advances() {
    let server = TestServer::on_sqlite().await;
    let node = Node::new(&server, TimeDelta::seconds(90)).await;
    // SQLite has no clock besides the clock of the server, so the server cannot detect that its clock is wrong.
    assert_eq!(node.readiness().await, (200, String::new()));
    node.assert_mutation_succeeds(&server).await;
    let before = node.app.clock.now();
    node.app.clock.set_skew(TimeDelta::zero());
    let reason = node.wait_until_readiness(503).await;
    assert!(reason.contains("was set back") && reason.contains("restart this server"), "{reason}");
    node.assert_mutation_refused(&server).await;
    let frozen = node.app.clock.now();
    assert!(frozen >= before && frozen == node.app.clock.now());
    node.app.clock.set_skew(TimeDelta::seconds(3600));
    node.wait_until_readiness(200).await;
    node.assert_mutation_succeeds(&server).await;
    assert!(node.app.clock.now() > frozen + TimeDelta::seconds(3400));
}
