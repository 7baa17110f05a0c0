//! Each limit that a request can meet is named by its error, over HTTP and over events alike, in both media types.

use crate::harness::{Who, on_both};
use axum::{body::Body, http::Request};
use dateline::{
    http::config::HttpConfig,
    limits::{ALL, Limits},
};
use serde_json::{Value, json};

/// A request that goes beyond one limit, where that is set to a value.
fn beyond(key: &str) -> Option<(u64, Value)> {
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

on_both! {
    async fn each_limit_is_named_by_its_error(desk: Desk) {
        let mut met = Vec::new();
        let mut desk = desk;
        for limit in ALL {
            let Some((value, body)) = beyond(limit.key) else { continue };
            let body = body.to_string();
            let sound = desk.post(None, &body).await.1;
            assert!(!sound.to_string().contains("limits."), "{}: {sound}", limit.key);
            let mut limits = Limits::default();
            *(limit.field)(&mut limits) = value;
            desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
            for (accept, status) in [("application/graphql-response+json", 400), ("application/json", 200), ("text/event-stream", 400)] {
                let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
                let (found, text) = desk.send(request.body(Body::from(body.clone())).unwrap()).await;
                let status = if limit.key == "limits.body_bytes" { 413 } else { status };
                assert_eq!(found, status, "{} as {accept}: {text}", limit.key);
                let answer: Value = serde_json::from_str(&text).unwrap();
                assert!(answer.get("data").is_none() && answer["errors"][0]["extensions"]["code"].is_string(), "{text}");
                assert!(text.contains(&format!("({}", limit.key)) && text.len() < 500, "{}: {text}", limit.key);
            }
            desk = desk.with_http_config(HttpConfig::default());
            met.push(limit.key);
        }
        assert_eq!(met.len(), 11, "{met:?}");
    }

    async fn who_has_no_token_may_send_less_and_who_has_a_bad_one_nothing(desk: Desk) {
        let limits = Limits { public_body_bytes: 200, body_bytes: 400, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let of = |letters: usize| json!({ "query": format!("{{ viewer {{ name }} }} #{}", "a".repeat(letters)) }).to_string();
        let (small, middle, large) = (of(50), of(250), of(500));
        assert_eq!(desk.post(None, &small).await.0, 200);
        let (status, answer) = desk.post(None, &middle).await;
        assert!(status == 413 && answer.to_string().contains("(limits.public_body_bytes)"), "{answer}");
        assert_eq!(desk.post(desk.secret(Who::Press), &middle).await.0, 200);
        let (status, answer) = desk.post(desk.secret(Who::Press), &large).await;
        assert!(status == 413 && answer.to_string().contains("(limits.body_bytes)"), "{answer}");
        assert_eq!(desk.post(Some("invented"), &large).await.0, 401);
    }

    async fn a_query_that_takes_too_long_is_ended_and_says_why(desk: Desk) {
        for number in 0..40 {
            desk.published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": "word ".repeat(20_000) })).await;
        }
        let limits = Limits { execution_ms: 1, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let answer = desk.ask(Who::Public, "{ releases(first: 100) { nodes { body { html text } related(first: 10) { headline } } } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "EXECUTION_TIMEOUT", "{answer:.500}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("limits.execution_ms"), "{answer}");
    }

    async fn queries_beyond_what_is_worked_on_at_once_wait_and_then_are_sent_away(desk: Desk) {
        // What is made of a body is made once, so there are many long ones.
        for number in 0..20 {
            desk.published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": "*word* ".repeat(140_000) })).await;
        }
        let limits = Limits { requests: 1, streams: 2, answer_bytes: 1 << 40, cost: 1 << 40, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ releases { nodes { headline } } }";
        let body = json!({ "query": query }).to_string();
        let answers = futures_util::future::join_all((0..20).map(|_| desk.post(None, &body))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "they are quick enough to take turns");
        // One that takes the only place for longer than anybody waits.
        let long = json!({ "query": "{ releases(first: 20) { nodes { body { html text wordCount } } } }" }).to_string();
        let others = async {
            tokio::task::yield_now().await;
            let other = json!({ "query": "{ releases { nodes { slug } } }" }).to_string();
            let (refused, streamed) = tokio::join!(desk.post(None, &other), desk.rejected(None, "{ releases { nodes { slug } } }"));
            assert_eq!((refused.0, &refused.1["errors"][0]["extensions"]["code"]), (429, &json!("OVERLOADED")));
            for told in [refused.1, streamed] {
                assert!(told.to_string().contains("(limits.requests)"), "{told}");
            }
        };
        tokio::select! {
            biased;
            done = desk.post(None, &long) => panic!("it was too quick: {}", done.0),
            () = others => {}
        }
        let _first = desk.listen(None, "subscription { releaseChanged { kind } }").await;
        let _second = desk.listen(None, "subscription { releaseChanged { kind } }").await;
        let rejected = desk.rejected(None, "subscription { releaseChanged { kind } }").await;
        assert!(rejected.to_string().contains("(limits.streams)"), "{rejected}");
    }

    async fn values_in_arguments_are_paid_for(desk: Desk) {
        let limits = Limits { cost: 500, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "query($f: ReleaseFilter) { a: releases(filter: $f) { totalCount } b: releases(filter: $f) { totalCount } }";
        let of = |count: usize| json!({ "f": { "ids": vec!["release_00000000000000000000000000000000"; count] } });
        assert_eq!(desk.data(Who::Public, query, of(100)).await["a"]["totalCount"], 0);
        let answer = desk.ask(Who::Public, query, of(300)).await;
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("limits.cost"), "{answer}");
    }

    async fn an_answer_has_room_for_so_many_long_texts(desk: Desk) {
        let body = "word ".repeat(200);
        for number in 0..4 {
            desk.published(json!({ "headline": format!("Long {number}"), "bodyMarkdown": body, "summary": "s".repeat(100) })).await;
        }
        let limits = Limits { answer_bytes: 2500, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ releases(first: 4) { nodes { summary body { markdown } } } }";
        let answer = desk.ask(Who::Public, query, json!({})).await;
        let nodes = answer["data"]["releases"]["nodes"].as_array().unwrap();
        let whole = nodes.iter().filter(|node| node["body"]["markdown"].is_string()).count();
        // What is short may still fit where what is long does not.
        assert_eq!((whole, nodes.iter().filter(|node| node["summary"].is_string()).count()), (2, 4), "{answer}");
        for error in answer["errors"].as_array().unwrap() {
            assert_eq!((&error["extensions"]["code"], &error["path"][3]), (&json!("ANSWER_TOO_LARGE"), &json!("body")), "{error}");
            assert!(error["message"].as_str().unwrap().contains("limits.answer_bytes"), "{error}");
        }
        // Every form counts, under every alias, and through fragments.
        let query = "{ a: release(ref: {slug: \"long-0\"}) { body { markdown ...F } } } fragment F on Body { html text }";
        let answer = desk.ask(Who::Public, query, json!({})).await;
        assert_eq!((&answer["data"]["a"], &answer["errors"][0]["extensions"]["code"]), (&json!({ "body": null }), &json!("ANSWER_TOO_LARGE")));
        let query = "{ a: release(ref: {slug: \"long-0\"}) { body { __typename markdown html } } }";
        assert!(desk.ask(Who::Public, query, json!({})).await.get("errors").is_none());
    }

    async fn lists_that_turn_out_longer_than_they_were_priced_spoil_the_answer(desk: Desk) {
        let mut topics = Vec::new();
        for number in 0..30 {
            let slug = format!("topic-{number}");
            desk.done(Who::Admin, crate::harness::TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
            topics.push(json!({ "slug": slug }));
        }
        desk.published(json!({ "headline": "All of them", "topics": topics })).await;
        let limits = Limits { cost: 300, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = |times: usize| {
            let fields: String = (0..times).map(|n| format!("a{n}: topics {{ slug }} ")).collect();
            format!("{{ release(ref: {{slug: \"all-of-them\"}}) {{ {fields} }} }}")
        };
        assert_eq!(desk.data(Who::Public, &query(50), json!({})).await["release"].as_object().unwrap().len(), 50);
        for _ in 0..2 {
            let (status, answer) = desk.post(None, &json!({ "query": query(55) }).to_string()).await;
            assert_eq!((status, &answer["data"], &answer["errors"][0]["extensions"]["code"]), (200, &Value::Null, &json!("ANSWER_TOO_LARGE")), "{answer:.300}");
            assert!(answer["errors"][0]["message"].as_str().unwrap().contains("limits.cost"));
        }
    }

    async fn html_that_is_longer_than_what_was_written_counts(desk: Desk) {
        desk.published(json!({ "headline": "Signs", "bodyMarkdown": "&".repeat(1000) })).await;
        let limits = Limits { answer_bytes: 3000, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "{ release(ref: {slug: \"signs\"}) { body { html } } }";
        let answer = desk.ask(Who::Public, query, json!({})).await;
        assert_eq!((&answer["data"], &answer["errors"][0]["extensions"]["code"]), (&Value::Null, &json!("ANSWER_TOO_LARGE")));
        assert!(desk.ask(Who::Public, &query.replace("html", "markdown"), json!({})).await.get("errors").is_none());
    }

    async fn what_a_version_changed_has_to_fit_too(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(200) })).await;
        let update = "mutation($id: ID!, $r: Int!, $i: ReleaseInput!) { releaseRevise(id: $id, expectedRevision: $r, input: $i) { userErrors { message } } }";
        desk.done(Who::Editor, update, json!({ "id": id, "r": revision, "i": { "bodyMarkdown": "other ".repeat(200) } })).await;
        let limits = Limits { answer_bytes: 2000, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let query = "query($id: ID!) { node(id: $id) { ... on Release { revisions(first: 1) { nodes { diff { field before after } } } } } }";
        let answer = desk.ask(Who::Editor, query, json!({ "id": id })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "ANSWER_TOO_LARGE", "{answer}");
    }

    async fn bodies_have_room_together(desk: Desk) {
        // One address has a quarter.
        let limits = Limits { bodies_bytes: 4000, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let of = |letters: usize| json!({ "query": format!("{{ viewer {{ name }} }} #{}", "a".repeat(letters)) }).to_string();
        for _ in 0..5 {
            assert_eq!(desk.post(None, &of(500)).await.0, 200);
            let (status, answer) = desk.post(None, &of(1500)).await;
            assert!(status == 429 && answer.to_string().contains("limits.bodies_bytes"), "{answer}");
        }
        // Half a body takes its room, until it is given up.
        let (send, receive) = tokio::sync::mpsc::unbounded_channel::<Result<axum::body::Bytes, std::io::Error>>();
        send.send(Ok(vec![b' '; 900].into())).unwrap();
        let stream = futures_util::stream::unfold(receive, async |mut receive| Some((receive.recv().await?, receive)));
        let request = Request::post("/graphql").header("content-type", "application/json");
        let request = request.body(Body::from_stream(stream)).unwrap();
        let half = desk.send(request);
        let other = async {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let refused = desk.post(None, &of(500)).await.0;
            drop(send);
            refused
        };
        let ((status, _), refused) = tokio::join!(half, other);
        assert_eq!((status, refused), (400, 429));
        assert_eq!(desk.post(None, &of(500)).await.0, 200);
    }

    async fn one_address_has_not_all_streams(desk: Desk) {
        let limits = Limits { address_streams: 1, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        let first = desk.listen(None, "subscription { releaseChanged { kind } }").await;
        let rejected = desk.rejected(None, "subscription { releaseChanged { kind } }").await;
        assert!(rejected.to_string().contains("limits.address_streams"), "{rejected}");
        drop(first);
        desk.listen(None, "subscription { releaseChanged { kind } }").await;
    }
}
