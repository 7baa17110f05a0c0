//! Tests of request limits. The error names the setting of the exceeded limit, in every response media type. The
//! tests cover body size, concurrency, timeouts, response size, cost, memory for bodies, and streams per IP address.

use axum::{body::Body, http::Request};
use dateline::{
    config::HttpConfig,
    limits::{ALL, Limits},
};
use serde_json::{Value, json};

use crate::harness::{Caller, on_both_databases};

/// Returns a low value for the limit with a setting key, and a request that exceeds it. Returns `None` for limits
/// that other tests cover.
fn exceeding_request(key: &str) -> Option<(u64, Value)> {
    let query = |text: &str| json!({ "query": text });
    Some(match key {
        "limits.body_bytes" => (200, query(&format!("{{ viewer {{ name }} }} #{}", "a".repeat(300)))),
        "limits.query_bytes" => (200, query(&format!("{{ viewer {{ name }} }} #{}", "a".repeat(300)))),
        "limits.tokens" => (50, query(&format!("{{ {} }}", "viewer { name } ".repeat(20)))),
        "limits.nesting" => (5, query("{ nodes(ids: [[[[[]]]]]) { id } }")),
        "limits.name_letters" => (20, query("query AVeryLongNameForAnOperation { viewer { name } }")),
        "limits.aliases" => {
            (3, query("{ a: viewer { name } b: viewer { name } c: viewer { name } d: viewer { name } }"))
        }
        "limits.directives" => (2, query("{ viewer @skip(if: false) @include(if: true) { name @skip(if: false) } }")),
        "limits.selections" => (4, query("{ viewer { name role } ...A } fragment A on Query { viewer { name role } }")),
        "limits.depth" => (3, query("{ releases { nodes { topics { name } } } }")),
        "limits.cost" => (
            50,
            query(
                "{ nodes(ids: [1 2 3 4 5 6 7 8 9]) { id ...R } } fragment R on Release { slug kind headline summary language url }",
            ),
        ),
        "limits.values" => (
            3,
            json!({ "query": "query($a: [ID!]!) { nodes(ids: $a) { id } }", "variables": { "a": ["1", "2", "3"] } }),
        ),
        _ => return None,
    })
}

on_both_databases! {
    async fn each_limit_error_names_its_setting(server: TestServer) {
        let mut exceeded = Vec::new();
        let mut server = server;
        for limit in ALL {
            let Some((value, body)) = exceeding_request(limit.key) else { continue };
            let body = body.to_string();
            let within_limit = server.post(None, &body).await.1;
            assert!(!within_limit.to_string().contains("limits."), "{}: {within_limit}", limit.key);
            let mut limits = Limits::default();
            *(limit.field)(&mut limits) = value;
            server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
            for (accept, status) in [("application/graphql-response+json", 400), ("application/json", 200), ("text/event-stream", 400)] {
                let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
                let (actual, text) = server.send(request.body(Body::from(body.clone())).unwrap()).await;
                let status = if limit.key == "limits.body_bytes" { 413 } else { status };
                assert_eq!(actual, status, "{} as {accept}: {text}", limit.key);
                let response: Value = serde_json::from_str(&text).unwrap();
                assert!(response.get("data").is_none() && response["errors"][0]["extensions"]["code"].is_string(), "{text}");
                assert!(text.contains(&format!("({}", limit.key)) && text.len() < 500, "{}: {text}", limit.key);
            }
            server = server.with_http_config(HttpConfig::default());
            exceeded.push(limit.key);
        }
        assert_eq!(exceeded.len(), 11, "{exceeded:?}");
    }

    async fn body_size_limits_depend_on_authentication(server: TestServer) {
        let limits = Limits { public_body_bytes: 200, body_bytes: 400, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let request_of_size = |letters: usize| json!({ "query": format!("{{ viewer {{ name }} }} #{}", "a".repeat(letters)) }).to_string();
        let (small, middle, large) = (request_of_size(50), request_of_size(250), request_of_size(500));
        assert_eq!(server.post(None, &small).await.0, 200);
        let (status, response) = server.post(None, &middle).await;
        assert!(status == 413 && response.to_string().contains("(limits.public_body_bytes)"), "{response}");
        assert_eq!(server.post(server.token(Caller::Press), &middle).await.0, 200);
        let (status, response) = server.post(server.token(Caller::Press), &large).await;
        assert!(status == 413 && response.to_string().contains("(limits.body_bytes)"), "{response}");
        assert_eq!(server.post(Some("invented"), &large).await.0, 401);
    }

    async fn a_query_timeout_names_its_limit(server: TestServer) {
        for number in 0..40 {
            server.create_published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": "word ".repeat(20_000) })).await;
        }
        let limits = Limits { execution_ms: 1, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let response = server.execute(Caller::Public, "{ releases(first: 100) { nodes { body { html text } related(first: 10) { headline } } } }", json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "EXECUTION_TIMEOUT", "{response:.500}");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("limits.execution_ms"), "{response}");
    }

    async fn requests_over_the_concurrency_limit_wait_and_are_then_rejected(server: TestServer) {
        // The query below must be slow. Renditions are cached, so it needs many long bodies that were not rendered
        // before.
        for number in 0..20 {
            server.create_published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": "*word* ".repeat(140_000) })).await;
        }
        let limits = Limits { requests: 1, streams: 2, answer_bytes: 1 << 40, cost: 1 << 40, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ releases { nodes { headline } } }";
        let body = json!({ "query": query }).to_string();
        let responses = futures_util::future::join_all((0..20).map(|_| server.post(None, &body))).await;
        assert!(responses.iter().all(|(status, _)| *status == 200), "short requests wait for each other and succeed");
        // This query occupies the only execution slot for longer than other requests may wait for a slot.
        let long = json!({ "query": "{ releases(first: 20) { nodes { body { html text wordCount } } } }" }).to_string();
        let others = async {
            tokio::task::yield_now().await;
            let other = json!({ "query": "{ releases { nodes { slug } } }" }).to_string();
            let (rejected, streamed) = tokio::join!(server.post(None, &other), server.subscribe_error(None, "{ releases { nodes { slug } } }"));
            assert_eq!((rejected.0, &rejected.1["errors"][0]["extensions"]["code"]), (429, &json!("OVERLOADED")));
            for error in [rejected.1, streamed] {
                assert!(error.to_string().contains("(limits.requests)"), "{error}");
            }
        };
        tokio::select! {
            biased;
            response = server.post(None, &long) => panic!("the long query finished too early: {}", response.0),
            () = others => {}
        }
        let _first = server.subscribe(None, "subscription { releaseChanged { kind } }").await;
        let _second = server.subscribe(None, "subscription { releaseChanged { kind } }").await;
        let rejected = server.subscribe_error(None, "subscription { releaseChanged { kind } }").await;
        assert!(rejected.to_string().contains("(limits.streams)"), "{rejected}");
    }

    async fn argument_values_count_towards_the_cost(server: TestServer) {
        let limits = Limits { cost: 500, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "query($f: ReleaseFilter) { a: releases(filter: $f) { totalCount } b: releases(filter: $f) { totalCount } }";
        let variables_of_size = |count: usize| json!({ "f": { "ids": vec!["release_00000000000000000000000000000000"; count] } });
        assert_eq!(server.data(Caller::Public, query, variables_of_size(100)).await["a"]["totalCount"], 0);
        let response = server.execute(Caller::Public, query, variables_of_size(300)).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("limits.cost"), "{response}");
    }

    async fn long_texts_count_towards_the_response_size_limit(server: TestServer) {
        let body = "word ".repeat(200);
        for number in 0..4 {
            server.create_published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": body, "summary": "s".repeat(100) })).await;
        }
        let limits = Limits { answer_bytes: 2500, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ releases(first: 4) { nodes { summary body { markdown } } } }";
        let response = server.execute(Caller::Public, query, json!({})).await;
        let nodes = response["data"]["releases"]["nodes"].as_array().unwrap();
        let complete = nodes.iter().filter(|node| node["body"]["markdown"].is_string()).count();
        // A short field may still fit into the response after a long field did not fit.
        assert_eq!((complete, nodes.iter().filter(|node| node["summary"].is_string()).count()), (2, 4), "{response}");
        for error in response["errors"].as_array().unwrap() {
            assert_eq!((&error["extensions"]["code"], &error["path"][3]), (&json!("ANSWER_TOO_LARGE"), &json!("body")), "{error}");
            assert!(error["message"].as_str().unwrap().contains("limits.answer_bytes"), "{error}");
        }
        // Every rendition of a body counts towards the response limit, under every alias, and in fragments.
        let query = "{ a: release(ref: {slug: \"long-0\"}) { body { markdown ...F } } } fragment F on Body { html text }";
        let response = server.execute(Caller::Public, query, json!({})).await;
        assert_eq!((&response["data"]["a"], &response["errors"][0]["extensions"]["code"]), (&json!({ "body": null }), &json!("ANSWER_TOO_LARGE")));
        let query = "{ a: release(ref: {slug: \"long-0\"}) { body { __typename markdown html } } }";
        assert!(server.execute(Caller::Public, query, json!({})).await.get("errors").is_none());
    }

    async fn a_list_longer_than_its_estimated_cost_fails_the_response(server: TestServer) {
        let mut topics = Vec::new();
        for number in 0..30 {
            let slug = format!("topic-{number}");
            server.mutate(Caller::Admin, crate::harness::TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
            topics.push(json!({ "slug": slug }));
        }
        server.create_published(json!({ "headline": "All of them", "topics": topics })).await;
        let limits = Limits { cost: 300, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = |times: usize| {
            let fields: String = (0..times).map(|n| format!("a{n}: topics {{ slug }} ")).collect();
            format!("{{ release(ref: {{slug: \"all-of-them\"}}) {{ {fields} }} }}")
        };
        assert_eq!(server.data(Caller::Public, &query(50), json!({})).await["release"].as_object().unwrap().len(), 50);
        for _ in 0..2 {
            let (status, response) = server.post(None, &json!({ "query": query(55) }).to_string()).await;
            assert_eq!((status, &response["data"], &response["errors"][0]["extensions"]["code"]), (200, &Value::Null, &json!("ANSWER_TOO_LARGE")), "{response:.300}");
            assert!(response["errors"][0]["message"].as_str().unwrap().contains("limits.cost"));
        }
    }

    async fn html_counts_by_its_rendered_length(server: TestServer) {
        server.create_published(json!({ "headline": "Signs", "bodyMarkdown": "&".repeat(1000) })).await;
        let limits = Limits { answer_bytes: 3000, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ release(ref: {slug: \"signs\"}) { body { html } } }";
        let response = server.execute(Caller::Public, query, json!({})).await;
        assert_eq!((&response["data"], &response["errors"][0]["extensions"]["code"]), (&Value::Null, &json!("ANSWER_TOO_LARGE")));
        assert!(server.execute(Caller::Public, &query.replace("html", "markdown"), json!({})).await.get("errors").is_none());
    }

    async fn diffs_count_towards_the_response_size_limit(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(200) })).await;
        let update = "mutation($id: ID!, $r: Int!, $i: ReleaseInput!) { releaseRevise(id: $id, expectedRevision: $r, input: $i) { userErrors { message } } }";
        server.mutate(Caller::Editor, update, json!({ "id": id, "r": revision, "i": { "bodyMarkdown": "other ".repeat(200) } })).await;
        let limits = Limits { answer_bytes: 2000, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "query($id: ID!) { node(id: $id) { ... on Release { revisions(first: 1) { nodes { diff { field before after } } } } } }";
        let response = server.execute(Caller::Editor, query, json!({ "id": id })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "ANSWER_TOO_LARGE", "{response}");
    }

    async fn request_bodies_share_a_memory_limit(server: TestServer) {
        // One IP address may use a quarter of `limits.bodies_bytes`, here 1,000 bytes.
        let limits = Limits { bodies_bytes: 4000, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let request_of_size = |letters: usize| json!({ "query": format!("{{ viewer {{ name }} }} #{}", "a".repeat(letters)) }).to_string();
        for _ in 0..5 {
            assert_eq!(server.post(None, &request_of_size(500)).await.0, 200);
            let (status, response) = server.post(None, &request_of_size(1500)).await;
            assert!(status == 429 && response.to_string().contains("limits.bodies_bytes"), "{response}");
        }
        // An incomplete request body counts towards the limit until the request is aborted.
        let (send, receive) = tokio::sync::mpsc::unbounded_channel::<Result<axum::body::Bytes, std::io::Error>>();
        send.send(Ok(vec![b' '; 900].into())).unwrap();
        let stream = futures_util::stream::unfold(receive, async |mut receive| Some((receive.recv().await?, receive)));
        let request = Request::post("/graphql").header("content-type", "application/json");
        let request = request.body(Body::from_stream(stream)).unwrap();
        let half = server.send(request);
        let rejected_meanwhile = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let rejected = server.post(None, &request_of_size(500)).await.0;
            drop(send);
            rejected
        };
        let ((status, _), rejected) = tokio::join!(half, rejected_meanwhile);
        assert_eq!((status, rejected), (400, 429));
        assert_eq!(server.post(None, &request_of_size(500)).await.0, 200);
    }

    async fn streams_are_limited_per_ip_address(server: TestServer) {
        let limits = Limits { address_streams: 1, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let first = server.subscribe(None, "subscription { releaseChanged { kind } }").await;
        let rejected = server.subscribe_error(None, "subscription { releaseChanged { kind } }").await;
        assert!(rejected.to_string().contains("limits.address_streams"), "{rejected}");
        drop(first);
        server.subscribe(None, "subscription { releaseChanged { kind } }").await;
    }
}
