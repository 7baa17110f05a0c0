//! Tests of server-sent events (SSE): subscriptions, reconnection with `Last-Event-ID`, and errors. Also contains an
//! SSE client for other tests.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request},
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Caller, TestServer, on_both_databases};

/// The client side of a stream of server-sent events.
pub(crate) struct SseStream {
    pub(crate) headers: HeaderMap,
    body: BodyDataStream,
    text: String,
}

impl SseStream {
    /// Returns the name, id and data of the next event, or `None` at the end of the stream. Panics if no data arrives
    /// within 20 seconds.
    pub(crate) async fn next_event(&mut self) -> Option<(String, String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    lines.map(str::trim).collect::<Vec<_>>().join("\n")
                };
                let event_fields = (field("event"), field("id"), field("data"));
                let consumed = self.text.len() - rest.len();
                self.text.drain(..consumed);
                if event_fields.0.is_empty() {
                    continue;
                }
                return Some(event_fields);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.body.next())
                .await
                .expect("an event within 20 seconds");
            self.text += std::str::from_utf8(&chunk?.expect("the stream has no errors")).expect("UTF-8");
        }
    }

    /// Returns the GraphQL `data` of the next event, which must have the name `next`.
    pub(crate) async fn next_data(&mut self) -> Value {
        let (name, _, data) = self.next_event().await.expect("the stream has another event");
        assert_eq!(name, "next");
        serde_json::from_str::<Value>(&data).unwrap()["data"].take()
    }
}

impl TestServer {
    fn events_request(bearer: Option<&str>, query: &str) -> axum::http::request::Builder {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let request = Request::get(format!("/graphql?query={query}")).header("accept", "text/event-stream");
        match bearer {
            Some(bearer) => request.header("authorization", format!("Bearer {bearer}")),
            None => request,
        }
    }

    /// Subscribes with a GET request, like the browser's `EventSource`.
    pub(crate) async fn subscribe(&self, bearer: Option<&str>, query: &str) -> SseStream {
        self.subscribe_with(Self::events_request(bearer, query)).await
    }

    async fn subscribe_with(&self, request: axum::http::request::Builder) -> SseStream {
        let response = self.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        SseStream { headers, body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Sends a subscription that the server must reject. Returns the response.
    pub(crate) async fn subscribe_error(&self, bearer: Option<&str>, query: &str) -> Value {
        let request = Self::events_request(bearer, query).body(Body::empty()).unwrap();
        let response = self.router().oneshot(request).await.unwrap();
        assert!(response.status().is_client_error(), "{}", response.status());
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }
}

const CHANGES: &str = "subscription { releaseChanged { sequence kind release { headline } } }";

on_both_databases! {
    async fn a_reconnecting_event_source_misses_nothing(server: TestServer) {
        let mut events = server.subscribe(None, CHANGES).await;
        assert_eq!(events.headers["content-type"], "text/event-stream");
        assert_eq!(events.headers["cache-control"], "private, no-store");
        server.create_published(json!({ "headline": "One" })).await;
        let (name, id, data) = events.next_event().await.unwrap();
        let data: Value = serde_json::from_str(&data).unwrap();
        assert_eq!((name.as_str(), &data["data"]["releaseChanged"]["sequence"]), ("next", &json!(id)));
        drop(events);
        server.create_published(json!({ "headline": "Two" })).await;
        server.create_published(json!({ "headline": "Three" })).await;
        let mut reconnected = server.subscribe_with(TestServer::events_request(None, CHANGES).header("last-event-id", id)).await;
        for headline in ["Two", "Three"] {
            assert_eq!(reconnected.next_data().await["releaseChanged"], json!({ "sequence": position_of(&server, headline).await, "kind": "APPEARED", "release": { "headline": headline } }));
        }
    }

    async fn a_query_over_sse_sends_one_result_and_completes(server: TestServer) {
        let mut events = server.subscribe(None, "{ viewer { name } }").await;
        assert_eq!(events.next_data().await, json!({ "viewer": { "name": "public" } }));
        assert_eq!(events.next_event().await.unwrap(), ("complete".to_owned(), String::new(), String::new()));
        assert_eq!(events.next_event().await, None);
    }

    async fn invalid_sse_requests_are_rejected_before_the_stream_starts(server: TestServer) {
        let editor = server.token(Caller::Editor);
        let mutation = server.subscribe_error(editor, "mutation { releaseCreate(input: {headline: \"By GET\"}) { release { id } } }").await;
        assert_eq!(mutation["errors"][0]["extensions"]["code"], "METHOD_NOT_ALLOWED");
        assert_eq!(server.subscribe_error(None, "subscription { nope }").await["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(server.subscribe_error(None, "subscription {").await["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
        assert_eq!(server.subscribe_error(Some("dateline_nobody"), CHANGES).await["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        let (status, response) = server.post(None, &json!({ "query": CHANGES }).to_string()).await;
        assert_eq!((status, &response["errors"][0]["extensions"]["code"]), (400, &json!("SUBSCRIPTION_NEEDS_STREAM")));
    }

    async fn an_unterminated_block_string_is_rejected_over_sse(server: TestServer) {
        let unterminated = format!("subscription {{ releaseChanged(after: \"\"\"a\" {}{}) {{ kind }} }}", "[".repeat(1500), "]".repeat(1500));
        assert_eq!(server.subscribe_error(None, &unterminated).await["errors"][0]["extensions"]["code"], json!("GRAPHQL_PARSE_FAILED"));
    }

    async fn an_idempotency_key_over_sse_is_rejected(server: TestServer) {
        let send = async |query: &str| {
            let request = Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
            let request = request.header("idempotency-key", "one").header("authorization", format!("Bearer {}", server.token(Caller::Editor).unwrap()));
            server.send(request.body(Body::from(json!({ "query": query }).to_string())).unwrap()).await
        };
        let (status, text) = send("mutation { releaseCreate(input: {headline: \"Once?\"}) { release { id } } }").await;
        assert!(status == 400 && text.contains("Idempotency-Key"), "{text}");
        assert_eq!(server.data(Caller::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 0);
        assert_eq!(send("{ viewer { name } }").await.0, 200, "a query ignores the key");
    }

    async fn a_change_that_times_out_ends_the_subscription_with_an_error(server: TestServer) {
        let limits = dateline::limits::Limits { execution_ms: 1, ..Default::default() };
        let server = server.with_http_config(dateline::config::HttpConfig { limits: limits.into(), ..Default::default() });
        let mut events = server.subscribe(None, "subscription { releaseChanged { release { a: body { html text } b: body { html } c: body { text } } } }").await;
        server.import(&[json!({ "type": "release", "slug": "long", "externalId": "long", "headline": "Long", "releaseDate": "2006-05-02", "state": "PUBLISHED", "publishedAt": "2006-05-02T00:00:00Z", "bodyMarkdown": "word ".repeat(150_000) })]).await;
        let (_, _, data) = events.next_event().await.unwrap();
        assert!(data.contains("EXECUTION_TIMEOUT") && data.contains("limits.execution_ms"), "{data}");
        assert_eq!(events.next_event().await.unwrap().0, "complete");
    }

    async fn changes_are_delivered_after_a_token_is_valid_again(server: TestServer) {
        let created = server.mutate(Caller::Admin, "mutation { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR, expiresAt: \"2007-06-01T13:00:00Z\"}) { token { id } secret userErrors { code } } }", json!({})).await;
        let mut events = server.subscribe(created["secret"].as_str(), CHANGES).await;
        assert!(tokio::time::timeout(Duration::from_millis(300), events.next_event()).await.is_err());
        // Sets the clock past the expiry of the token for a moment. The moment is shorter than the interval at which
        // the server checks the token again.
        server.app.clock.set(crate::harness::noon() + chrono::TimeDelta::hours(2));
        server.create_draft(json!({ "headline": "Late" })).await;
        let premature = tokio::time::timeout(Duration::from_millis(500), events.next_event()).await;
        assert!(premature.is_err(), "{premature:?}");
        server.app.clock.set(crate::harness::noon());
        assert_eq!(events.next_data().await["releaseChanged"]["release"]["headline"], "Late");
    }

    async fn a_revoked_token_ends_its_stream(server: TestServer) {
        let created = server.mutate(Caller::Admin, "mutation { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR}) { token { id } secret userErrors { code } } }", json!({})).await;
        let mut events = server.subscribe(created["secret"].as_str(), CHANGES).await;
        server.create_draft(json!({ "headline": "Seen" })).await;
        assert_eq!(events.next_data().await["releaseChanged"]["release"]["headline"], "Seen");
        server.mutate(Caller::Admin, "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }", json!({ "id": created["token"]["id"] })).await;
        server.create_draft(json!({ "headline": "Unseen" })).await;
        assert_eq!(events.next_event().await, None, "the stream ends without `complete`");
    }
}

/// Returns the resume position of the change in which a headline appeared. To get it, subscribes from the start of
/// the journal and reads until that change.
async fn position_of(server: &TestServer, headline: &str) -> Value {
    let snapshot = server.app.newsroom.catalog.snapshot();
    let start = server.app.newsroom.token_cipher.encrypt_position(
        snapshot.epoch(),
        dateline::newsroom::access::resume_token::JournalPosition { audience: 0, sequence: 0, as_of_micros: 0 },
    );
    let query = format!("subscription {{ releaseChanged(after: \"{start}\") {{ sequence release {{ headline }} }} }}");
    let mut events = server.subscribe(None, &query).await;
    loop {
        let change = events.next_data().await["releaseChanged"].take();
        if change["release"]["headline"] == headline {
            return change["sequence"].clone();
        }
    }
}
