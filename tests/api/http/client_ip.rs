//! Who asks from where and how often: rates, tokens tried in vain, proxies, pages of other hosts, and what every answer carries.

use crate::harness::{Desk, Who, on_both};
use axum::{body::Body, http::Request};
use dateline::{
    http::config::{AllowedOrigins, HttpConfig},
    limits::Limits,
};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

/// Where requests come from that go to the router without a connection.
const NOWHERE: &str = "0.0.0.0/32";

fn edge(change: impl Fn(&mut Limits)) -> HttpConfig {
    let mut limits = Limits::default();
    change(&mut limits);
    HttpConfig { limits: limits.into(), trusted_proxies: vec![NOWHERE.parse().unwrap()], ..HttpConfig::default() }
}

/// Asks who the caller is: status, a header, the answer.
async fn ask(desk: &Desk, bearer: Option<&str>, from: &str, header: &str) -> (u16, String, String) {
    let body = json!({ "query": "{ viewer { name } }" }).to_string();
    let (status, headers, answer) = desk.post_with(bearer, &[("x-forwarded-for", from)], &body).await;
    let header = headers.get(header).map_or("", |value| value.to_str().unwrap()).to_owned();
    (status, header, answer.to_string())
}

on_both! {
    async fn an_address_and_a_token_have_rates_of_their_own(desk: Desk) {
        let desk = desk.with_http_config(edge(|limits| (limits.public_per_minute, limits.token_per_minute) = (3, 2)));
        for left in [2, 1, 0] {
            let (status, state, _) = ask(&desk, None, "192.0.2.1", "ratelimit").await;
            assert!(status == 200 && state.starts_with(&format!("\"address\";r={left};t=")), "{status} {state}");
        }
        let (status, wait, answer) = ask(&desk, None, "192.0.2.1", "retry-after").await;
        assert!(status == 429 && answer.contains("RATE_LIMITED") && answer.contains("rate.public_per_minute"), "{answer}");
        assert!((1..=20).contains(&wait.parse::<u64>().unwrap()), "{wait}");
        assert_eq!(ask(&desk, None, "192.0.2.2", "ratelimit-policy").await.1, "\"address\";q=3;w=60");
        // A token counts wherever it is used.
        let editor = desk.secret(Who::Editor);
        for (from, status) in [("192.0.2.1", 200), ("192.0.2.7", 200), ("192.0.2.8", 429)] {
            assert_eq!(ask(&desk, editor, from, "ratelimit").await.0, status, "{from}");
        }
        assert_eq!(ask(&desk, desk.secret(Who::Author), "192.0.2.8", "ratelimit").await.0, 200);
        // What is refused for other reasons counts as well.
        for (name, value) in [("authorization", "Basic x"), ("accept", "text/html")] {
            let headers = [("x-forwarded-for", "192.0.2.3"), (name, value)];
            let mut found = Vec::new();
            for _ in 0..2 {
                found.push(desk.post_with(None, &headers, "{}").await.0);
            }
            assert_eq!(found[1] == 429, name == "accept", "{name}: {found:?}");
        }
        // An answer that was kept is counted, too; and so is a page that a proxy asks for itself.
        assert_eq!(ask(&desk, None, "192.0.2.1", "retry-after").await.0, 429);
    }

    async fn who_tries_tokens_in_vain_waits_and_nobody_else_does(desk: Desk) {
        let desk = desk.with_http_config(edge(|limits| limits.failures_per_minute = 5));
        let mut refused = 0;
        for number in 0..6 {
            let (status, _, answer) = ask(&desk, Some(&format!("invented-{number}")), "192.0.2.1", "retry-after").await;
            assert_eq!(status, 401, "{answer}");
            assert!(!answer.contains("invented"), "{answer}");
            refused += 1;
        }
        assert_eq!(refused, 6);
        let (status, wait, answer) = ask(&desk, desk.secret(Who::Editor), "192.0.2.1", "retry-after").await;
        assert!(status == 429 && answer.contains("rate.failures_per_minute") && wait.parse::<u64>().unwrap() > 0, "{answer}");
        assert_eq!(ask(&desk, None, "192.0.2.1", "retry-after").await.0, 200, "without a token one may ask");
        assert_eq!(ask(&desk, desk.secret(Who::Editor), "192.0.2.2", "retry-after").await.0, 200);
        // Of IPv6 a subscriber has a /64.
        for number in 0..6 {
            ask(&desk, Some("invented"), &format!("2001:db8::{number}"), "retry-after").await;
        }
        assert_eq!(ask(&desk, desk.secret(Who::Editor), "2001:db8::ffff", "retry-after").await.0, 429);
        assert_eq!(ask(&desk, desk.secret(Who::Editor), "2001:db8:0:1::1", "retry-after").await.0, 200);
    }

    async fn pages_of_other_hosts_may_ask_and_never_with_cookies(desk: Desk) {
        let preflight = async |desk: &Desk, origin: &str| {
            let request = Request::builder().method("OPTIONS").uri("/graphql").header("origin", origin)
                .header("access-control-request-method", "POST").header("access-control-request-headers", "content-type, authorization");
            desk.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().headers().clone()
        };
        let open = preflight(&desk, "https://a.example").await;
        assert_eq!((open["access-control-allow-origin"].to_str().unwrap(), open.get("access-control-allow-credentials")), ("*", None));
        assert_eq!(open["access-control-allow-headers"], "content-type, authorization");
        let desk = desk.with_http_config(HttpConfig { origins: AllowedOrigins::Only(vec!["https://a.example".parse().unwrap()]), ..HttpConfig::default() });
        assert_eq!(preflight(&desk, "https://a.example").await["access-control-allow-origin"], "https://a.example");
        assert!(preflight(&desk, "https://b.example").await.get("access-control-allow-origin").is_none());
        let upgrade = Request::get("/graphql").header("connection", "upgrade").header("upgrade", "websocket").header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("origin", "https://b.example");
        let (status, text) = desk.send(upgrade.body(Body::empty()).unwrap()).await;
        assert!(status == 403 && text.contains("cors_origins"), "{status} {text}");
    }

    async fn every_answer_has_an_id_and_says_what_browsers_must_not_do(desk: Desk) {
        let desk = desk.with_http_config(edge(|_| {}));
        for path in ["/", "/graphiql", "/graphql", "/health/ready", "/nowhere", "/graphql?query=%7Bviewer%7Bname%7D%7D"] {
            let request = Request::get(path).header("accept", "*/*").body(Body::empty()).unwrap();
            let headers = desk.router().oneshot(request).await.unwrap().headers().clone();
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["x-frame-options"], "DENY", "{path}");
            assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
            assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
            assert_eq!(headers["x-request-id"].len(), 32, "{path}");
        }
        let told = async |desk: &Desk, id: &str| desk.post_with(None, &[("x-request-id", id)], "{}").await.1["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(told(&desk, "proxy-1/2").await, "proxy-1/2");
        for forged in ["", "a b", "<script>", &"a".repeat(101)] {
            assert_eq!(told(&desk, forged).await.len(), 32, "{forged:?}");
        }
        let alone = desk.with_http_config(HttpConfig::default());
        assert_ne!(told(&alone, "proxy-1/2").await, "proxy-1/2");
    }

    async fn where_the_schema_is_not_public_only_those_with_a_token_read_it(desk: Desk) {
        let desk = desk.with_http_config(HttpConfig { introspection: false, ..HttpConfig::default() });
        for query in ["{ __schema { types { name } } }", "{ ...A } fragment A on Query { ... { __type(name: \"Release\") { name } } }"] {
            let body = json!({ "query": query }).to_string();
            let (_, answer) = desk.post(None, &body).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{answer}");
            assert!(answer.get("data").is_none());
            assert!(desk.post(desk.secret(Who::Press), &body).await.1["data"].is_object());
        }
        let nearly = json!({ "query": "{ releasess { totalCount } }" }).to_string();
        let suggests = async |who: Who| desk.post(desk.secret(who), &nearly).await.1.to_string().contains("did you mean");
        assert!(!suggests(Who::Public).await && suggests(Who::Editor).await);
        assert_eq!(desk.data(Who::Public, "{ __typename }", json!({})).await["__typename"], "Query");
    }

    async fn an_upgrade_that_nobody_asked_for_is_no_way_in(desk: Desk) {
        for (name, value) in [("upgrade", "h2c"), ("upgrade", "websocket"), ("connection", "upgrade")] {
            let request = Request::get("/graphql?query=mutation%7BreleaseSubmit(id:1,expectedRevision:1)%7Brelease%7Bid%7D%7D%7D").header(name, value);
            let answered = desk.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let status = answered.status().as_u16();
            let text = answered.into_body().collect().await.unwrap().to_bytes();
            assert!([400, 405].contains(&status), "{name}: {value}: {status} {text:?}");
        }
    }
}
