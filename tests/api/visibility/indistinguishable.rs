//! Tests that public responses do not depend on hidden content. Two newsrooms have the same public releases, and one
//! of them also has hidden releases that the desk keeps changing. Both receive the same public requests, and must
//! respond with identical status, headers (including ETag and Cache-Control), and bodies.

use std::collections::BTreeMap;

use axum::{Router, body::Body, http::Request};
use chrono::{DateTime, TimeDelta, Utc};
use dateline::{config::HttpConfig, http, jobs};
use serde_json::{Value, json};

use crate::{
    harness::{Caller, REVISE, TestServer, exchange, noon, on_both_databases},
    site::public_site,
};

/// The queries to compare. Each query is sent four times: twice with GET, then with GET and the first ETag in
/// `If-None-Match`, then with POST. One of the queries contains an error.
const QUERIES: [&str; 12] = [
    "{ releases { totalCount asOf { version } pageInfo { startCursor endCursor } nodes { id slug headline modifiedAt url } } }",
    "{ releases(filter: {topics: {any: [{slug: \"labour\"}]}}, orderBy: [{by: MODIFIED_AT}]) { totalCount edges { cursor node { id related { id } } } } }",
    "{ release(ref: {slug: \"public-2\"}) { id headline modifiedAt embargo { until } corrections { at } body { text } } }",
    "{ release(ref: {slug: \"hidden-1\"}) { id } releaseLookup(ref: {slug: \"hidden-1\"}) { tombstone { kind } } }",
    "{ releaseStats { count latest asOf { version } timeline(interval: DAY, range: {from: \"2007-05-30\", until: \"2007-06-03\"}) { points { label count complete } } } }",
    "{ releaseStats { timeline(interval: MONTH, dateField: PUBLISHED_AT, fill: OMIT) { points { label count complete } } } }",
    "{ releaseStats { facets { topics { distinctValues missing buckets { key label count } } languages { buckets { key count } } kinds { buckets { key count } } } } }",
    "{ trendingTopics(window: \"P30D\", baseline: \"P365D\") { count expected score topic { id slug } } }",
    "{ topicAggregates { key count samples(first: 2) { id } } }",
    "{ topics { totalCount nodes { id slug } pageInfo { endCursor } } places { totalCount nodes { id } } viewer { role } }",
    "{ node(id: \"release_aaaaaaaaaaaaaaaaaaaaaaaaaa\") { id } }",
    "{ releases(filter: {topics: {any: [{slug: \"nowhere\"}]}}) { totalCount } }",
];

/// The pages, feeds and files to compare. Each is requested as every role, because pages ignore tokens, and then with
/// the first ETag in `If-None-Match`.
const ADDRESSES: [&str; 36] = [
    "/",
    "/?q=public",
    "/?q=hidden",
    "/?kind=opinion",
    "/?language=fr",
    "/?topic=labour&year=2007",
    "/?page=2",
    "/releases/public-2",
    "/releases/public-2.md",
    "/releases/public-2.json",
    "/releases/hidden-1",
    "/releases/hidden-1.json",
    "/releases/hidden-draft-1",
    "/topics",
    "/topics/labour",
    "/places",
    "/places/asia",
    "/feed.rss",
    "/feed.atom?topic=labour",
    "/feed.json?q=public",
    "/releases.json",
    "/sitemap.xml",
    "/sitemap-news.xml",
    "/sitemap-releases-1.xml",
    "/suggestions?q=hid",
    "/llms.txt",
    "/dashboard?period=all",
    "/dashboard?by=published&from=2007-05-01&until=2007-06-30&interval=day",
    "/dashboard?q=hidden&period=all",
    "/dashboard/topics.svg?period=all",
    "/embed/topics-over-time?period=all",
    "/releases.csv",
    "/facets.csv?field=topics",
    "/facets.csv?field=languages",
    "/timeline.csv?interval=day&by=published",
    "/trends.csv",
];

/// The values of the setting `cache.max_age` under test, in seconds.
const MAX_AGES: [u64; 6] = [0, 1, 10, 600, 3600, 86_400];

/// Time from `noon()` until the first hidden release becomes public.
const DUE: TimeDelta = TimeDelta::hours(1);

/// A response with its request. The request is given by the indexes of the instant, the `max_age` and the query, and
/// by the kind of request. The response has a status, headers and a body.
type RecordedResponse = ((usize, usize, usize, &'static str), (u16, BTreeMap<String, String>, String));

/// Imports the public topic, place and releases that both newsrooms have.
async fn import_public(server: &TestServer) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "labour", "name": "Labour" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
    ];
    for number in 0..8 {
        lines.push(json!({
            "type": "release", "slug": format!("public-{number}"), "headline": format!("Public {number}"), "bodyMarkdown": "Words.", "state": "PUBLISHED",
            "releaseDate": format!("2007-05-{:02}", 20 + number), "publishedAt": format!("2007-05-{:02}T08:00:00Z", 20 + number),
            "topics": if number % 2 == 0 { json!(["labour"]) } else { json!([]) }, "places": if number % 3 == 0 { json!(["asia"]) } else { json!([]) },
        }));
    }
    server.import(&lines).await;
}

/// Performs workflow actions on a release, one after another. Schedules and embargoes are set to the instant `at`.
async fn apply_transitions(server: &TestServer, id: &str, revision: i64, actions: &[&str], at: DateTime<Utc>) {
    for action in actions {
        let (local_time, instant) = (at.format("%Y-%m-%dT%H:%M:%S").to_string(), at.to_rfc3339());
        let field = match *action {
            "schedule" => {
                format!(
                    "releaseSchedule(id: $id, expectedRevision: $r, localTime: \"{local_time}\", timeZone: \"UTC\")"
                )
            }
            "embargo" => format!("releaseEmbargo(id: $id, expectedRevision: $r, until: \"{instant}\")"),
            "unschedule" => "releaseUnschedule(id: $id, expectedRevision: $r)".to_owned(),
            "submit" => "releaseSubmit(id: $id, expectedRevision: $r)".to_owned(),
            "approve" => "releaseApprove(id: $id, expectedRevision: $r)".to_owned(),
            "publish" => "releasePublish(id: $id, expectedRevision: $r)".to_owned(),
            other => panic!("no mutation for the action {other}"),
        };
        let mutation = format!("mutation($id: ID!, $r: Int!) {{ {field} {{ userErrors {{ code message }} }} }}");
        server.mutate(Caller::Editor, &mutation, json!({ "id": id, "r": revision })).await;
    }
}

async fn create_draft(server: &TestServer, name: &str) -> (String, i64) {
    let input = json!({ "headline": name, "slug": name, "releaseDate": "2007-06-01", "language": "fr", "kind": "OPINION", "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }] });
    server.create_draft(input).await
}

/// Creates hidden releases with schedules and embargoes. In each of the twenty minutes from [`DUE`] on, a release
/// becomes public. Every five minutes before [`DUE`], a release becomes visible to the press only. Returns the id and
/// revision of the last release that becomes public.
async fn plan_publications(server: &TestServer) -> (String, i64) {
    let mut last_draft = None;
    for number in 0..20 {
        let (id, revision) = create_draft(server, &format!("hidden-{number}")).await;
        let due = noon() + DUE + TimeDelta::minutes(number);
        let actions = if number % 3 == 0 { &["embargo", "publish"][..] } else { &["schedule"][..] };
        apply_transitions(server, &id, revision, actions, due).await;
        last_draft = Some((id, revision));
    }
    for number in 1..12 {
        let (id, revision) = create_draft(server, &format!("hidden-press-{number}")).await;
        apply_transitions(server, &id, revision, &["embargo"], noon() + DUE * 6).await;
        apply_transitions(server, &id, revision, &["schedule"], noon() + TimeDelta::minutes(5 * number)).await;
    }
    last_draft.unwrap()
}

/// Performs one step of the desk's hidden work: creates a draft, revises a public release without publishing, moves
/// the schedule of the release `planned`, and runs the jobs.
async fn do_hidden_work(server: &TestServer, step: usize, (planned, revision): &(String, i64)) {
    let (id, number) = create_draft(server, &format!("hidden-draft-{step}")).await;
    apply_transitions(server, &id, number, &["submit", "approve"], noon()).await;
    let release =
        server.data(Caller::Editor, "{ release(ref: {slug: \"public-2\"}) { id revision } }", json!({})).await;
    let change = json!({ "id": release["release"]["id"], "revision": release["release"]["revision"], "input": { "headline": format!("Hidden {step}") } });
    server.mutate(Caller::Editor, REVISE, change).await;
    let at = noon() + DUE + TimeDelta::seconds(step as i64);
    apply_transitions(server, planned, *revision, &["unschedule", "schedule"], at).await;
    jobs::tick(&server.app, server.app.clock.now()).await.unwrap();
}

/// Returns the instants at which requests are sent. Some are just before or after a release becomes visible to the
/// press. The last is one microsecond before the first hidden release becomes public.
fn instants() -> Vec<DateTime<Utc>> {
    let before = [3590, 1800, 1795, 600, 301, 300, 299, 60, 30, 11, 10, 9, 5, 2, 1];
    let mut instants: Vec<_> = before.iter().map(|&seconds| noon() + DUE - TimeDelta::seconds(seconds)).collect();
    instants.push(noon() + DUE - TimeDelta::microseconds(1));
    instants
}

/// Returns all response headers except the request id and the date, which always differ.
fn comparable_headers(headers: &axum::http::HeaderMap) -> BTreeMap<String, String> {
    let own = headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date");
    own.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

async fn post(router: &Router, query: &str) -> (u16, BTreeMap<String, String>, String) {
    let body = Body::from(json!({ "query": query }).to_string());
    let request = Request::post("/graphql").header("content-type", "application/json").body(body).unwrap();
    let (status, headers, body) = exchange(router, request).await;
    (status, comparable_headers(&headers), body)
}

async fn get_page(router: &Router, address: &str, headers: &[(&str, &str)]) -> (u16, BTreeMap<String, String>, String) {
    let request = Request::get(address).header("accept", "text/html");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let (status, headers, body) = exchange(router, request.body(Body::empty()).unwrap()).await;
    (status, comparable_headers(&headers), body)
}

/// At each instant, sends every query to a server with each `max_age`. If there is a plan (the hidden release from
/// [`plan_publications`]), the desk performs a step of hidden work before each instant.
async fn poll_all(server: &TestServer, plan: Option<&(String, i64)>) -> Vec<RecordedResponse> {
    let router_with_max_age =
        |max_age| http::router(&server.app.clone().with_http_config(HttpConfig { max_age, ..HttpConfig::default() }));
    let routers = MAX_AGES.map(router_with_max_age);
    let (mut recorded, mut tags) = (Vec::new(), BTreeMap::new());
    for (step, at) in instants().into_iter().enumerate() {
        server.app.clock.set(at);
        if let Some(plan) = plan {
            do_hidden_work(server, step, plan).await;
        }
        for (router_index, router) in routers.iter().enumerate() {
            for (number, query) in QUERIES.iter().enumerate() {
                let mut record = |how, response| recorded.push(((step, router_index, number, how), response));
                let get = async |headers: &[(&str, &str)]| {
                    let (status, headers, body) = TestServer::get(router, headers, query, &json!({})).await;
                    (status, comparable_headers(&headers), body)
                };
                let fresh = get(&[]).await;
                let tag = fresh.1.get("etag").cloned().unwrap_or_default();
                record("fresh", fresh);
                record("again", get(&[]).await);
                let first: &String = tags.entry((router_index, number)).or_insert(tag);
                record("known", get(&[("if-none-match", first)]).await);
                record("post", post(router, query).await);
            }
            for (number, address) in ADDRESSES.iter().enumerate() {
                let number = QUERIES.len() + number;
                let mut record = |how, response| recorded.push(((step, router_index, number, how), response));
                let fresh = get_page(router, address, &[]).await;
                let tag = fresh.1.get("etag").cloned().unwrap_or_default();
                record("fresh", fresh);
                // One configuration and a few instants are enough for the other roles.
                if router_index == 0 && step % 4 == 0 {
                    for (role, caller) in [
                        ("press", Caller::Press),
                        ("author", Caller::Author),
                        ("editor", Caller::Editor),
                        ("admin", Caller::Admin),
                    ] {
                        let bearer = format!("Bearer {}", server.token(caller).unwrap());
                        record(role, get_page(router, address, &[("authorization", &bearer)]).await);
                    }
                }
                let first: &String = tags.entry((router_index, number)).or_insert(tag);
                record("known", get_page(router, address, &[("if-none-match", first)]).await);
            }
        }
    }
    recorded
}

on_both_databases! {
    async fn public_responses_are_identical_with_and_without_hidden_content(server: TestServer) {
        import_public(&server).await;
        let copy = async || server.copy().await.with_site(public_site()).await;
        let (without_hidden, with_hidden) = (copy().await, copy().await);
        let plan = plan_publications(&with_hidden).await;
        let (baseline, recorded) = (poll_all(&without_hidden, None).await, poll_all(&with_hidden, Some(&plan)).await);
        let queries = baseline.iter().filter(|((_, _, number, _), _)| *number < QUERIES.len()).count();
        assert_eq!(queries, instants().len() * MAX_AGES.len() * QUERIES.len() * 4);
        assert_eq!(baseline.len() - queries, instants().len() * ADDRESSES.len() * (MAX_AGES.len() * 2 + 1));
        assert_eq!(recorded.len(), baseline.len());
        for (actual, expected) in recorded.iter().zip(&baseline) {
            let number = actual.0.2;
            assert_eq!(actual, expected, "{}", QUERIES.get(number).unwrap_or_else(|| &ADDRESSES[number - QUERIES.len()]));
        }
        // Checks that there was hidden content: the desk sees all of it, and at [`DUE`] a response of the two
        // newsrooms differs.
        let count = "{ releases { totalCount } }";
        let (count_without_hidden, count_with_hidden) = (without_hidden.data(Caller::Author, count, json!({})).await, with_hidden.data(Caller::Author, count, json!({})).await);
        assert_eq!(count_without_hidden["releases"]["totalCount"], 8);
        assert_eq!(count_with_hidden["releases"]["totalCount"], 8 + 20 + 11 + instants().len());
        let press: Value = with_hidden.data(Caller::Press, count, json!({})).await;
        assert!(press["releases"]["totalCount"].as_u64().unwrap() > 8 + 11, "{press}");
        for server in [&without_hidden, &with_hidden] {
            server.app.clock.set(noon() + DUE);
        }
        let public = |server: &TestServer| { let router = server.router(); async move { TestServer::get(&router, &[], QUERIES[0], &json!({})).await } };
        let (before, after) = (public(&without_hidden).await, public(&with_hidden).await);
        assert!(before.2 != after.2 && before.1["etag"] != after.1["etag"], "{}", after.2);
        // A response that depends on the current day expires at the end of the day, in both newsrooms. This reveals
        // nothing. Nothing else may shorten the lifetime of a response.
        let cache_controls = |query: usize| {
            let matching = baseline.iter().filter(|((_, _, number, how), _)| *number == query && *how == "fresh");
            matching.map(|(_, (_, headers, _))| headers["cache-control"].clone()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(cache_controls(0), MAX_AGES.map(|age| format!("public, max-age={age}")).into());
        assert!(cache_controls(7).len() > MAX_AGES.len() + 5, "{:?}", cache_controls(7));
    }
}
