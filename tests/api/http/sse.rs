//! Server-sent events as a client reads them.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request},
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Desk, Who, on_both};

/// A stream of events.
pub(crate) struct Events {
    pub(crate) headers: HeaderMap,
    body: BodyDataStream,
    text: String,
}

impl Events {
    /// The next event: its name, its id, its data; nothing where the stream ends.
    pub(crate) async fn event(&mut self) -> Option<(String, String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    lines.map(str::trim).collect::<Vec<_>>().join("\n")
                };
                let found = (field("event"), field("id"), field("data"));
                let told = self.text.len() - rest.len();
                self.text.drain(..told);
                if found.0.is_empty() {
                    continue;
                }
                return Some(found);
            }
            let chunk =
                tokio::time::timeout(Duration::from_secs(20), self.body.next()).await.expect("something is told");
            self.text += std::str::from_utf8(&chunk?.expect("a sound stream")).expect("UTF-8");
        }
    }

    /// The data of the next change.
    pub(crate) async fn next(&mut self) -> Value {
        let (name, _, data) = self.event().await.expect("an event");
        assert_eq!(name, "next");
        serde_json::from_str::<Value>(&data).unwrap()["data"].take()
    }
}

impl Desk {
    fn events_request(bearer: Option<&str>, query: &str) -> axum::http::request::Builder {
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let request = Request::get(format!("/graphql?query={query}")).header("accept", "text/event-stream");
        match bearer {
            Some(bearer) => request.header("authorization", format!("Bearer {bearer}")),
            None => request,
        }
    }

    /// Subscribes, by GET as a browser's EventSource does.
    pub(crate) async fn listen(&self, bearer: Option<&str>, query: &str) -> Events {
        self.listen_with(Self::events_request(bearer, query)).await
    }

    async fn listen_with(&self, request: axum::http::request::Builder) -> Events {
        let response = self.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        Events { headers, body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Subscribes, and is refused.
    pub(crate) async fn rejected(&self, bearer: Option<&str>, query: &str) -> Value {
        let request = Self::events_request(bearer, query).body(Body::empty()).unwrap();
        let response = self.router().oneshot(request).await.unwrap();
        assert!(response.status().is_client_error(), "{}", response.status());
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }
}

const CHANGES: &str = "subscription { releaseChanged { sequence kind release { headline } } }";

on_both! {
    async fn an_event_source_that_connects_again_misses_nothing(desk: Desk) {
        let mut events = desk.listen(None, CHANGES).await;
        assert_eq!(events.headers["content-type"], "text/event-stream");
        assert_eq!(events.headers["cache-control"], "private, no-store");
        desk.published(json!({ "headline": "One" })).await;
        let (name, id, data) = events.event().await.unwrap();
        let data: Value = serde_json::from_str(&data).unwrap();
        assert_eq!((name.as_str(), &data["data"]["releaseChanged"]["sequence"]), ("next", &json!(id)));
        drop(events);
        desk.published(json!({ "headline": "Two" })).await;
        desk.published(json!({ "headline": "Three" })).await;
        let mut again = desk.listen_with(Desk::events_request(None, CHANGES).header("last-event-id", id)).await;
        for headline in ["Two", "Three"] {
            assert_eq!(again.next().await["releaseChanged"], json!({ "sequence": again_position(&desk, headline).await, "kind": "APPEARED", "release": { "headline": headline } }));
        }
    }

    async fn a_query_answers_once_and_completes(desk: Desk) {
        let mut events = desk.listen(None, "{ viewer { name } }").await;
        assert_eq!(events.next().await, json!({ "viewer": { "name": "public" } }));
        assert_eq!(events.event().await.unwrap(), ("complete".to_owned(), String::new(), String::new()));
        assert_eq!(events.event().await, None);
    }

    async fn mutations_by_get_nonsense_and_unknown_tokens_are_refused_before_a_stream_begins(desk: Desk) {
        let editor = desk.secret(Who::Editor);
        let mutation = desk.rejected(editor, "mutation { releaseCreate(input: {headline: \"By GET\"}) { release { id } } }").await;
        assert_eq!(mutation["errors"][0]["extensions"]["code"], "METHOD_NOT_ALLOWED");
        assert_eq!(desk.rejected(None, "subscription { nope }").await["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(desk.rejected(None, "subscription {").await["errors"][0]["extensions"]["code"], "GRAPHQL_PARSE_FAILED");
        assert_eq!(desk.rejected(Some("dateline_nobody"), CHANGES).await["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        let (status, answer) = desk.post(None, &json!({ "query": CHANGES }).to_string()).await;
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (400, &json!("SUBSCRIPTION_NEEDS_STREAM")));
    }

    async fn what_hides_in_a_text_without_an_end_is_refused_here_too(desk: Desk) {
        let hidden = format!("subscription {{ releaseChanged(after: \"\"\"a\" {}{}) {{ kind }} }}", "[".repeat(1500), "]".repeat(1500));
        assert_eq!(desk.rejected(None, &hidden).await["errors"][0]["extensions"]["code"], json!("GRAPHQL_PARSE_FAILED"));
    }

    async fn a_key_that_would_not_be_kept_is_refused(desk: Desk) {
        let send = async |query: &str| {
            let request = Request::post("/graphql").header("content-type", "application/json").header("accept", "text/event-stream");
            let request = request.header("idempotency-key", "one").header("authorization", format!("Bearer {}", desk.secret(Who::Editor).unwrap()));
            desk.send(request.body(Body::from(json!({ "query": query }).to_string())).unwrap()).await
        };
        let (status, text) = send("mutation { releaseCreate(input: {headline: \"Once?\"}) { release { id } } }").await;
        assert!(status == 400 && text.contains("Idempotency-Key"), "{text}");
        assert_eq!(desk.data(Who::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 0);
        assert_eq!(send("{ viewer { name } }").await.0, 200, "reading repeats nothing");
    }

    async fn a_change_that_takes_too_long_to_tell_ends_its_subscription_and_says_why(desk: Desk) {
        let limits = dateline::limits::Limits { execution_ms: 1, ..Default::default() };
        let desk = desk.with_http_config(dateline::http::config::HttpConfig { limits: limits.into(), ..Default::default() });
        let mut events = desk.listen(None, "subscription { releaseChanged { release { a: body { html text } b: body { html } c: body { text } } } }").await;
        desk.import(&[json!({ "type": "release", "slug": "long", "externalId": "long", "headline": "Long", "releaseDate": "2006-05-02", "state": "PUBLISHED", "publishedAt": "2006-05-02T00:00:00Z", "bodyMarkdown": "word ".repeat(150_000) })]).await;
        let (_, _, data) = events.event().await.unwrap();
        assert!(data.contains("EXECUTION_TIMEOUT") && data.contains("limits.execution_ms"), "{data}");
        assert_eq!(events.event().await.unwrap().0, "complete");
    }

    async fn what_comes_of_a_token_that_fails_for_a_while_is_told_afterwards(desk: Desk) {
        let made = desk.done(Who::Admin, "mutation { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR, expiresAt: \"2007-06-01T13:00:00Z\"}) { token { id } secret userErrors { code } } }", json!({})).await;
        let mut events = desk.listen(made["secret"].as_str(), CHANGES).await;
        assert!(tokio::time::timeout(Duration::from_millis(300), events.event()).await.is_err());
        // The clock goes wrong for a moment, less than it takes to look at the token again.
        desk.app.clock.set(crate::harness::noon() + chrono::TimeDelta::hours(2));
        desk.draft(json!({ "headline": "Late" })).await;
        let early = tokio::time::timeout(Duration::from_millis(500), events.event()).await;
        assert!(early.is_err(), "{early:?}");
        desk.app.clock.set(crate::harness::noon());
        assert_eq!(events.next().await["releaseChanged"]["release"]["headline"], "Late");
    }

    async fn a_revoked_token_ends_its_stream(desk: Desk) {
        let made = desk.done(Who::Admin, "mutation { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR}) { token { id } secret userErrors { code } } }", json!({})).await;
        let mut events = desk.listen(made["secret"].as_str(), CHANGES).await;
        desk.draft(json!({ "headline": "Seen" })).await;
        assert_eq!(events.next().await["releaseChanged"]["release"]["headline"], "Seen");
        desk.done(Who::Admin, "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }", json!({ "id": made["token"]["id"] })).await;
        desk.draft(json!({ "headline": "Unseen" })).await;
        assert_eq!(events.event().await, None, "ended, and without `complete`");
    }
}

/// The position of the change that a headline appeared with, as a fresh follower is told.
async fn again_position(desk: &Desk, headline: &str) -> Value {
    let snapshot = desk.app.newsroom.catalog.snapshot();
    let start = desk.app.newsroom.token_cipher.encrypt_position(
        snapshot.epoch(),
        dateline::newsroom::access::resume_token::JournalPosition { audience: 0, sequence: 0, as_of_micros: 0 },
    );
    let query = format!("subscription {{ releaseChanged(after: \"{start}\") {{ sequence release {{ headline }} }} }}");
    let mut events = desk.listen(None, &query).await;
    loop {
        let change = events.next().await["releaseChanged"].take();
        if change["release"]["headline"] == headline {
            return change["sequence"].clone();
        }
    }
}
