//! Whoever watches what is public cannot tell a newsroom with much that is hidden from one without: two newsrooms with the same
//! public releases are asked the same things at the same instants, and everything that they answer is the same, in each header.

use std::collections::BTreeMap;

use crate::harness::{Desk, REVISE, Who, exchange, noon, on_both};
use axum::{Router, body::Body, http::Request};
use chrono::{DateTime, TimeDelta, Utc};
use dateline::{
    http::{self, config::HttpConfig},
    jobs,
};
use serde_json::{Value, json};

/// What is asked, each by GET: fresh, again, with the first tag that was told, and by POST. One is wrong.
const QUERIES: [&str; 12] = [
    "{ releases { totalCount asOf { revision } pageInfo { startCursor endCursor } nodes { id slug headline modifiedAt url } } }",
    "{ releases(filter: {topics: {any: [{slug: \"labour\"}]}}, orderBy: [{by: MODIFIED_AT}]) { totalCount edges { cursor node { id related { id } } } } }",
    "{ release(ref: {slug: \"public-2\"}) { id headline modifiedAt embargo { until } corrections { at } body { text } } }",
    "{ release(ref: {slug: \"hidden-1\"}) { id } tombstone(ref: {slug: \"hidden-1\"}) { kind } }",
    "{ releaseStats { count latest asOf { revision } timeline(interval: DAY, range: {from: \"2007-05-30\", until: \"2007-06-03\"}) { points { label count complete } } } }",
    "{ releaseStats { timeline(interval: MONTH, dateField: PUBLISHED_AT, fill: OMIT) { points { label count complete } } } }",
    "{ releaseStats { facets { topics { distinctValues missing buckets { key label count } } languages { buckets { key count } } kinds { buckets { key count } } } } }",
    "{ trendingTopics(window: \"P30D\", baseline: \"P365D\") { count expected score topic { id slug } } }",
    "{ topicAggregates { key count samples(first: 2) { id } } }",
    "{ topics { totalCount nodes { id slug } pageInfo { endCursor } } places { totalCount nodes { id } } viewer { role } }",
    "{ node(id: \"release_aaaaaaaaaaaaaaaaaaaaaaaaaa\") { id } }",
    "{ releases(filter: {topics: {any: [{slug: \"nowhere\"}]}}) { totalCount } }",
];

/// For so many seconds others may keep an answer, as different newsrooms have set it.
const MAX_AGES: [u64; 6] = [0, 1, 10, 600, 3600, 86_400];

/// When the first of what is hidden from the public becomes public, after noon.
const DUE: TimeDelta = TimeDelta::hours(1);

/// One answer: what was asked and how, and what was said.
type Heard = ((usize, usize, usize, &'static str), (u16, BTreeMap<String, String>, String));

/// What everybody may see.
async fn public(desk: &Desk) {
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
    desk.import(&lines).await;
}

/// Does acts to a release, one after the other; `$at` in them stands for an instant.
async fn acts(desk: &Desk, id: &str, revision: i64, acts: &[&str], at: DateTime<Utc>) {
    for act in acts {
        let (local, instant) = (at.format("%Y-%m-%dT%H:%M:%S").to_string(), at.to_rfc3339());
        let field = match *act {
            "schedule" => {
                format!("releaseSchedule(id: $id, expectedRevision: $r, localTime: \"{local}\", timeZone: \"UTC\")")
            }
            "embargo" => format!("releaseEmbargo(id: $id, expectedRevision: $r, until: \"{instant}\")"),
            "unschedule" => "releaseUnschedule(id: $id, expectedRevision: $r)".to_owned(),
            "submit" => "releaseSubmit(id: $id, expectedRevision: $r)".to_owned(),
            "approve" => "releaseApprove(id: $id, expectedRevision: $r)".to_owned(),
            "publish" => "releasePublish(id: $id, expectedRevision: $r)".to_owned(),
            other => panic!("say how to {other}"),
        };
        let mutation = format!("mutation($id: ID!, $r: Int!) {{ {field} {{ userErrors {{ code message }} }} }}");
        desk.done(Who::Editor, &mutation, json!({ "id": id, "r": revision })).await;
    }
}

async fn draft(desk: &Desk, name: &str) -> (String, i64) {
    let input = json!({ "headline": name, "slug": name, "releaseDate": "2007-06-01", "language": "fr", "kind": "OPINION", "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }] });
    desk.draft(input).await
}

/// What is to come: at each of twenty minutes from [`DUE`] on something is published, or an embargo ends; before that something is
/// given to the press alone every five minutes.
async fn plan(desk: &Desk) -> (String, i64) {
    let mut last = None;
    for number in 0..20 {
        let (id, revision) = draft(desk, &format!("hidden-{number}")).await;
        let due = noon() + DUE + TimeDelta::minutes(number);
        let how = if number % 3 == 0 { &["embargo", "publish"][..] } else { &["schedule"][..] };
        acts(desk, &id, revision, how, due).await;
        last = Some((id, revision));
    }
    for number in 1..12 {
        let (id, revision) = draft(desk, &format!("hidden-press-{number}")).await;
        acts(desk, &id, revision, &["embargo"], noon() + DUE * 6).await;
        acts(desk, &id, revision, &["schedule"], noon() + TimeDelta::minutes(5 * number)).await;
    }
    last.unwrap()
}

/// A step of the desk's day: drafts, a new version of what is public, a schedule moved, what came due put down.
async fn work(desk: &Desk, step: usize, (planned, revision): &(String, i64)) {
    let (id, number) = draft(desk, &format!("hidden-draft-{step}")).await;
    acts(desk, &id, number, &["submit", "approve"], noon()).await;
    let known = desk.data(Who::Editor, "{ release(ref: {slug: \"public-2\"}) { id revision } }", json!({})).await;
    let change = json!({ "id": known["release"]["id"], "revision": known["release"]["revision"], "input": { "headline": format!("Hidden {step}") } });
    desk.done(Who::Editor, REVISE, change).await;
    let at = noon() + DUE + TimeDelta::seconds(step as i64);
    acts(desk, planned, *revision, &["unschedule", "schedule"], at).await;
    jobs::tick(&desk.app, desk.app.clock.now()).await.unwrap();
}

/// When it is asked: around what is given to the press, up to the last microsecond before something becomes public.
fn instants() -> Vec<DateTime<Utc>> {
    let before = [3590, 1800, 1795, 600, 301, 300, 299, 60, 30, 11, 10, 9, 5, 2, 1];
    let mut instants: Vec<_> = before.iter().map(|&seconds| noon() + DUE - TimeDelta::seconds(seconds)).collect();
    instants.push(noon() + DUE - TimeDelta::microseconds(1));
    instants
}

/// The headers of an answer, without the request's own id.
fn told(headers: &axum::http::HeaderMap) -> BTreeMap<String, String> {
    let own = headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date");
    own.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

async fn post(router: &Router, query: &str) -> (u16, BTreeMap<String, String>, String) {
    let body = Body::from(json!({ "query": query }).to_string());
    let request = Request::post("/graphql").header("content-type", "application/json").body(body).unwrap();
    let (status, headers, body) = exchange(router, request).await;
    (status, told(&headers), body)
}

/// Asks everything at each instant, of servers of all settings; `plan` is what the desk works on meanwhile.
async fn watch(desk: &Desk, plan: Option<&(String, i64)>) -> Vec<Heard> {
    let server =
        |max_age| http::router(&desk.app.clone().with_http_config(HttpConfig { max_age, ..HttpConfig::default() }));
    let servers = MAX_AGES.map(server);
    let (mut heard, mut tags) = (Vec::new(), BTreeMap::new());
    for (step, at) in instants().into_iter().enumerate() {
        desk.app.clock.set(at);
        if let Some(plan) = plan {
            work(desk, step, plan).await;
        }
        for (server, router) in servers.iter().enumerate() {
            for (number, query) in QUERIES.iter().enumerate() {
                let mut put = |how, answer| heard.push(((step, server, number, how), answer));
                let get = async |headers: &[(&str, &str)]| {
                    let (status, headers, body) = Desk::get(router, headers, query, &json!({})).await;
                    (status, told(&headers), body)
                };
                let fresh = get(&[]).await;
                let tag = fresh.1.get("etag").cloned().unwrap_or_default();
                put("fresh", fresh);
                put("again", get(&[]).await);
                let first: &String = tags.entry((server, number)).or_insert(tag);
                put("known", get(&[("if-none-match", first)]).await);
                put("post", post(router, query).await);
            }
        }
    }
    heard
}

on_both! {
    async fn a_newsroom_with_much_that_is_hidden_is_like_one_without(desk: Desk) {
        public(&desk).await;
        let (quiet, busy) = (desk.copy().await, desk.copy().await);
        let plan = plan(&busy).await;
        let (without, with) = (watch(&quiet, None).await, watch(&busy, Some(&plan)).await);
        assert_eq!(without.len(), instants().len() * MAX_AGES.len() * QUERIES.len() * 4);
        assert_eq!(with.len(), without.len());
        for (one, other) in with.iter().zip(&without) {
            assert_eq!(one, other, "{}", QUERIES[one.0.2]);
        }
        // There was something to hide: all of it is there for the desk, and the first of it becomes public at its instant.
        let count = "{ releases { totalCount } }";
        let (quiet_has, busy_has) = (quiet.data(Who::Author, count, json!({})).await, busy.data(Who::Author, count, json!({})).await);
        assert_eq!(quiet_has["releases"]["totalCount"], 8);
        assert_eq!(busy_has["releases"]["totalCount"], 8 + 20 + 11 + instants().len());
        let press: Value = busy.data(Who::Press, count, json!({})).await;
        assert!(press["releases"]["totalCount"].as_u64().unwrap() > 8 + 11, "{press}");
        for desk in [&quiet, &busy] {
            desk.app.clock.set(noon() + DUE);
        }
        let public = |desk: &Desk| { let router = desk.router(); async move { Desk::get(&router, &[], QUERIES[0], &json!({})).await } };
        let (before, after) = (public(&quiet).await, public(&busy).await);
        assert!(before.2 != after.2 && before.1["etag"] != after.1["etag"], "{}", after.2);
        // Days are public: what depends on one is kept to its end, in both. Nothing else shortens the time.
        let ages = |query: usize| {
            let of = without.iter().filter(|((_, _, number, how), _)| *number == query && *how == "fresh");
            of.map(|(_, (_, headers, _))| headers["cache-control"].clone()).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(ages(0), MAX_AGES.map(|age| format!("public, max-age={age}")).into());
        assert!(ages(7).len() > MAX_AGES.len() + 5, "{:?}", ages(7));
    }
}
