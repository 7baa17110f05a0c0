//! Tests of rate limits by client IP address and by token, `X-Forwarded-For`, authentication lockout, and CORS. Also
//! tests request ids, security headers, and private schemas.

use axum::{body::Body, http::Request};
use dateline::{
    config::{AllowedOrigins, HttpConfig},
    limits::Limits,
};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::harness::{Caller, TestServer, on_both_databases};

/// The peer address of requests that a test sends directly to the router, without a TCP connection. The tests
/// configure it as a trusted proxy, so `X-Forwarded-For` determines the client IP address.
const UNCONNECTED: &str = "0.0.0.0/32";

fn http_config_with(change: impl Fn(&mut Limits)) -> HttpConfig {
    let mut limits = Limits::default();
    change(&mut limits);
    HttpConfig { limits: limits.into(), trusted_proxies: vec![UNCONNECTED.parse().unwrap()], ..HttpConfig::default() }
}

/// Sends the query `{ viewer { name } }` from the client IP address `from`. Returns the status, the response header
/// `header`, and the body.
async fn query_viewer(server: &TestServer, bearer: Option<&str>, from: &str, header: &str) -> (u16, String, String) {
    let body = json!({ "query": "{ viewer { name } }" }).to_string();
    let (status, headers, response) = server.post_with_headers(bearer, &[("x-forwarded-for", from)], &body).await;
    let header = headers.get(header).map_or("", |value| value.to_str().unwrap()).to_owned();
    (status, header, response.to_string())
}

on_both_databases! {
    async fn rate_limits_apply_per_ip_address_and_per_token(server: TestServer) {
        let server = server.with_http_config(http_config_with(|limits| (limits.public_per_minute, limits.token_per_minute) = (3, 2)));
        for remaining in [2, 1, 0] {
            let (status, state, _) = query_viewer(&server, None, "192.0.2.1", "ratelimit").await;
            assert!(status == 200 && state.starts_with(&format!("\"address\";r={remaining};t=")), "{status} {state}");
        }
        let (status, retry_after, response) = query_viewer(&server, None, "192.0.2.1", "retry-after").await;
        assert!(status == 429 && response.contains("RATE_LIMITED") && response.contains("rate.public_per_minute"), "{response}");
        assert!((1..=20).contains(&retry_after.parse::<u64>().unwrap()), "{retry_after}");
        assert_eq!(query_viewer(&server, None, "192.0.2.2", "ratelimit-policy").await.1, "\"address\";q=3;w=60");
        // A request with a token counts towards the rate limit of the token, whatever its client IP address.
        let editor = server.token(Caller::Editor);
        for (from, status) in [("192.0.2.1", 200), ("192.0.2.7", 200), ("192.0.2.8", 429)] {
            assert_eq!(query_viewer(&server, editor, from, "ratelimit").await.0, status, "{from}");
        }
        assert_eq!(query_viewer(&server, server.token(Caller::Author), "192.0.2.8", "ratelimit").await.0, 200);
        // Requests that are rejected for other reasons also count towards the rate limit.
        for (name, value) in [("authorization", "Basic x"), ("accept", "text/html")] {
            let headers = [("x-forwarded-for", "192.0.2.3"), (name, value)];
            let mut statuses = Vec::new();
            for _ in 0..2 {
                statuses.push(server.post_with_headers(None, &headers, "{}").await.0);
            }
            assert_eq!(statuses[1] == 429, name == "accept", "{name}: {statuses:?}");
        }
        // A request that is answered from the response cache also counts towards the rate limit.
        assert_eq!(query_viewer(&server, None, "192.0.2.1", "retry-after").await.0, 429);
    }

    async fn failed_authentication_locks_out_only_its_ip_address(server: TestServer) {
        let server = server.with_http_config(http_config_with(|limits| limits.failures_per_minute = 5));
        let mut rejected_count = 0;
        for number in 0..6 {
            let (status, _, response) = query_viewer(&server, Some(&format!("invented-{number}")), "192.0.2.1", "retry-after").await;
            assert_eq!(status, 401, "{response}");
            assert!(!response.contains("invented"), "{response}");
            rejected_count += 1;
        }
        assert_eq!(rejected_count, 6);
        let (status, retry_after, response) = query_viewer(&server, server.token(Caller::Editor), "192.0.2.1", "retry-after").await;
        assert!(status == 429 && response.contains("rate.failures_per_minute") && retry_after.parse::<u64>().unwrap() > 0, "{response}");
        assert_eq!(query_viewer(&server, None, "192.0.2.1", "retry-after").await.0, 200, "a lockout does not apply to requests without a token");
        assert_eq!(query_viewer(&server, server.token(Caller::Editor), "192.0.2.2", "retry-after").await.0, 200);
        // All IPv6 addresses in the same /64 prefix count as one client.
        for number in 0..6 {
            query_viewer(&server, Some("invented"), &format!("2001:db8::{number}"), "retry-after").await;
        }
        assert_eq!(query_viewer(&server, server.token(Caller::Editor), "2001:db8::ffff", "retry-after").await.0, 429);
        assert_eq!(query_viewer(&server, server.token(Caller::Editor), "2001:db8:0:1::1", "retry-after").await.0, 200);
    }

    async fn cors_allows_other_origins_without_credentials(server: TestServer) {
        let preflight = async |server: &TestServer, origin: &str| {
            let request = Request::builder().method("OPTIONS").uri("/graphql").header("origin", origin)
                .header("access-control-request-method", "POST").header("access-control-request-headers", "content-type, authorization");
            server.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().headers().clone()
        };
        let headers = preflight(&server, "https://a.example").await;
        assert_eq!((headers["access-control-allow-origin"].to_str().unwrap(), headers.get("access-control-allow-credentials")), ("*", None));
        assert_eq!(headers["access-control-allow-headers"], "content-type, authorization");
        let server = server.with_http_config(HttpConfig { origins: AllowedOrigins::Only(vec!["https://a.example".parse().unwrap()]), ..HttpConfig::default() });
        assert_eq!(preflight(&server, "https://a.example").await["access-control-allow-origin"], "https://a.example");
        assert!(preflight(&server, "https://b.example").await.get("access-control-allow-origin").is_none());
        let upgrade = Request::get("/graphql").header("connection", "upgrade").header("upgrade", "websocket").header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("origin", "https://b.example");
        let (status, text) = server.send(upgrade.body(Body::empty()).unwrap()).await;
        assert!(status == 403 && text.contains("cors_origins"), "{status} {text}");
    }

    async fn every_response_has_a_request_id_and_security_headers(server: TestServer) {
        let server = server.with_http_config(http_config_with(|_| {}));
        for path in ["/", "/graphiql", "/graphql", "/health/ready", "/nowhere", "/graphql?query=%7Bviewer%7Bname%7D%7D"] {
            let request = Request::get(path).header("accept", "*/*").body(Body::empty()).unwrap();
            let headers = server.router().oneshot(request).await.unwrap().headers().clone();
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["x-frame-options"], "DENY", "{path}");
            assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
            assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
            assert_eq!(headers["x-request-id"].len(), 32, "{path}");
        }
        let request_id = async |server: &TestServer, id: &str| server.post_with_headers(None, &[("x-request-id", id)], "{}").await.1["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(request_id(&server, "proxy-1/2").await, "proxy-1/2");
        for invalid_id in ["", "a b", "<script>", &"a".repeat(101)] {
            assert_eq!(request_id(&server, invalid_id).await.len(), 32, "{invalid_id:?}");
        }
        let without_proxies = server.with_http_config(HttpConfig::default());
        assert_ne!(request_id(&without_proxies, "proxy-1/2").await, "proxy-1/2");
    }

    async fn a_private_schema_is_readable_only_with_a_token(server: TestServer) {
        let server = server.with_http_config(HttpConfig { introspection: false, ..HttpConfig::default() });
        for query in ["{ __schema { types { name } } }", "{ ...A } fragment A on Query { ... { __type(name: \"Release\") { name } } }"] {
            let body = json!({ "query": query }).to_string();
            let (_, response) = server.post(None, &body).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{response}");
            assert!(response.get("data").is_none());
            assert!(server.post(server.token(Caller::Press), &body).await.1["data"].is_object());
        }
        let misspelled_query = json!({ "query": "{ releasess { totalCount } }" }).to_string();
        let suggests = async |caller: Caller| server.post(server.token(caller), &misspelled_query).await.1.to_string().contains("did you mean");
        assert!(!suggests(Caller::Public).await && suggests(Caller::Editor).await);
        assert_eq!(server.data(Caller::Public, "{ __typename }", json!({})).await["__typename"], "Query");
    }

    async fn invalid_upgrade_requests_are_rejected(server: TestServer) {
        for (name, value) in [("upgrade", "h2c"), ("upgrade", "websocket"), ("connection", "upgrade")] {
            let request = Request::get("/graphql?query=mutation%7BreleaseSubmit(id:1,expectedRevision:1)%7Brelease%7Bid%7D%7D%7D").header(name, value);
            let response = server.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let status = response.status().as_u16();
            let text = response.into_body().collect().await.unwrap().to_bytes();
            assert!([400, 405].contains(&status), "{name}: {value}: {status} {text:?}");
        }
    }
}
