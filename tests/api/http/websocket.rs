//! The WebSocket protocol `graphql-transport-ws`, message by message and with raw frames: what is answered, and with which code a
//! socket is closed.

use std::time::Duration;

use crate::harness::{
    Desk, Who, on_both,
    websocket_client::{connect, connect_as},
};
use dateline::http::config::HttpConfig;
use dateline::limits::Limits;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

const CHANGES: &str = "subscription { releaseChanged { kind release { headline state } } }";

fn limited(desk: Desk, change: impl Fn(&mut Limits)) -> Desk {
    let mut limits = Limits::default();
    change(&mut limits);
    desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() })
}

on_both! {
    async fn queries_mutations_and_subscriptions_share_a_socket(desk: Desk) {
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(json!({ "authorization": format!("Bearer {}", desk.secret(Who::Editor).unwrap()) })).await;
        line.subscribe("changes", CHANGES).await;
        line.subscribe("who", "{ viewer { name role } }").await;
        assert_eq!(line.said().await, json!({ "id": "who", "type": "next", "payload": { "data": { "viewer": { "name": "Eda", "role": "EDITOR" } } } }));
        assert_eq!(line.said().await, json!({ "id": "who", "type": "complete" }));
        // The id is free again.
        line.subscribe("who", "mutation { releaseCreate(input: {headline: \"By socket\"}) { release { headline } userErrors { code } } }").await;
        let mut heard = [line.said().await, line.said().await, line.said().await];
        heard.sort_by_key(ToString::to_string);
        assert_eq!(heard[0], json!({ "id": "changes", "type": "next", "payload": { "data": { "releaseChanged": { "kind": "APPEARED", "release": { "headline": "By socket", "state": "DRAFT" } } } } }));
        assert_eq!(heard[1]["payload"]["data"]["releaseCreate"]["userErrors"], json!([]));
        assert_eq!(heard[2], json!({ "id": "who", "type": "complete" }));
        line.say(json!({ "id": "changes", "type": "complete" })).await;
        line.say(json!({ "type": "ping" })).await;
        assert_eq!(line.said().await, json!({ "type": "pong" }));
        desk.draft(json!({ "headline": "Unheard" })).await;
        line.subscribe("changes", "{ viewer { name } }").await;
        assert_eq!(line.said().await["payload"]["data"]["viewer"]["name"], "Eda", "what was completed says nothing more");
    }

    async fn requests_that_are_refused_end_their_operation_and_not_the_socket(desk: Desk) {
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        let deep = format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(2000), "]".repeat(2000));
        let mut doubling = "{ ...F0 } ".to_owned();
        for number in 0..40 { doubling += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1); }
        doubling += "fragment F40 on Query { viewer { name } }";
        let hidden = format!("{{ nodes(ids: [\"\"\"a\" {}{}]) {{ id }} }}", "[".repeat(1500), "]".repeat(1500));
        for (query, code) in [(hidden.as_str(), "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED"), (&deep, "GRAPHQL_VALIDATION_FAILED"), (&doubling, "GRAPHQL_VALIDATION_FAILED"), ("subscription { a: releaseChanged { kind } b: releaseChanged { kind } }", "GRAPHQL_VALIDATION_FAILED"), ("subscription { releaseChanged(after: \"x\") { kind } }", "BAD_USER_INPUT")] {
            line.subscribe("1", query).await;
            let answer = line.said().await;
            assert_eq!((&answer["type"], &answer["payload"][0]["extensions"]["code"]), (&json!("error"), &json!(code)), "{query:.60}: {answer}");
        }
        line.subscribe("1", "mutation { releaseCreate(input: {headline: \"Nobody\"}) { userErrors { code } } }").await;
        let answer = line.said().await;
        assert_eq!((&answer["type"], &answer["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("UNAUTHENTICATED")), "{answer}");
    }

    async fn each_breach_has_its_code(desk: Desk) {
        let desk = limited(desk, |limits| { limits.init_ms = 500; limits.message_bytes = 10_000; });
        let port = desk.serve().await;
        let init = json!({ "type": "connection_init" });
        let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": CHANGES } });
        for (messages, code) in [
            (vec![subscribe.clone()], 4401),
            (vec![], 4408),
            (vec![json!({ "type": "ping" })], 4408),
            (vec![init.clone(), init.clone()], 4429),
            (vec![init.clone(), subscribe.clone(), subscribe.clone()], 4409),
            (vec![init.clone(), json!({ "type": "nonsense" })], 4400),
            (vec![init.clone(), json!({ "id": "1" })], 4400),
            (vec![init.clone(), json!([])], 4400),
            (vec![init.clone(), json!({ "type": "subscribe", "payload": { "query": CHANGES } })], 4400),
            (vec![init.clone(), json!({ "id": "", "type": "subscribe", "payload": { "query": CHANGES } })], 4400),
            (vec![init.clone(), json!({ "id": "a".repeat(201), "type": "subscribe", "payload": { "query": CHANGES } })], 4400),
            (vec![init.clone(), json!({ "id": 1, "type": "subscribe", "payload": { "query": CHANGES } })], 4400),
            (vec![init.clone(), json!({ "id": "1", "type": "subscribe" })], 4400),
            (vec![init.clone(), json!({ "id": "1", "type": "subscribe", "payload": {} })], 4400),
            (vec![init.clone(), json!({ "id": "1", "type": "subscribe", "payload": { "query": CHANGES, "variables": [] } })], 4400),
            (vec![init.clone(), json!({ "type": "complete" })], 4400),
            (vec![json!({ "type": "connection_init", "payload": 7 })], 4400),
            (vec![json!({ "type": "connection_init", "payload": { "authorization": "Bearer dateline_nobody" } })], 4403),
            (vec![init.clone(), json!({ "id": "1", "type": "subscribe", "payload": { "query": "x".repeat(20_000) } })], 1009),
        ] {
            let mut line = connect(port).await;
            for message in &messages { line.say(message.clone()).await; }
            let (found, reason) = line.closed().await;
            assert_eq!(found, code, "{messages:?}: {reason}");
            assert!(!reason.is_empty() && reason.len() <= 123);
        }
        for (frame, code) in [(Message::text("{"), 4400), (Message::binary(Bytes::from_static(b"\0\x01rubbish")), 4400), (Message::text("7"), 4400)] {
            let mut line = connect(port).await.greeted(Value::Null).await;
            line.0.send(frame).await.unwrap();
            assert_eq!(line.closed().await.0, code);
        }
        assert_eq!(connect_as(port, &[]).await.unwrap().closed().await.0, 4406);
        let other = connect_as(port, &[("sec-websocket-protocol", "graphql-ws")]).await;
        assert!(other.is_err() || other.unwrap().closed().await.0 == 4406);
    }

    async fn frames_that_are_none_end_the_socket_and_nothing_else(desk: Desk) {
        let port = desk.serve().await;
        let head = "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
        for frame in [
            // Not masked; a reserved bit; an unknown opcode; a control frame in parts; text that is not UTF-8; a length beyond all.
            &b"\x81\x02{}"[..], b"\xF1\x80\0\0\0\0", b"\x83\x80\0\0\0\0", b"\x09\x80\0\0\0\0", b"\x81\x82\0\0\0\0\xff\xfe", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", b"\x88\x81\0\0\0\0\x01",
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(frame).await.unwrap();
            let mut answer = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
            assert!(ended.is_ok() && answer.starts_with(b"HTTP/1.1 101"), "{frame:?}");
        }
        let mut line = connect(port).await.greeted(Value::Null).await;
        line.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(line.said().await["payload"]["data"]["viewer"]["name"], "public");
    }

    async fn a_socket_has_only_so_many_operations_and_a_server_so_many_sockets(desk: Desk) {
        let desk = limited(desk, |limits| { limits.subscriptions = 3; limits.streams = 2; });
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        for id in 0..4 { line.subscribe(&id.to_string(), CHANGES).await; }
        let refused = line.said().await;
        assert_eq!((&refused["id"], &refused["payload"][0]["extensions"]["code"]), (&json!("3"), &json!("TOO_MANY_SUBSCRIPTIONS")));
        line.say(json!({ "id": "0", "type": "complete" })).await;
        line.subscribe("5", CHANGES).await;
        line.say(json!({ "type": "ping" })).await;
        assert_eq!(line.said().await, json!({ "type": "pong" }));
        desk.published(json!({ "headline": "To three" })).await;
        let mut ids: Vec<String> = Vec::new();
        for _ in 0..3 { ids.push(line.said().await["id"].as_str().unwrap().to_owned()); }
        ids.sort();
        assert_eq!(ids, ["1", "2", "5"]);
        let second = connect(port).await;
        let third = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
        assert!(third.err().unwrap().contains("429"));
        drop(second);
        // The place is given back when the server sees that the other end has gone.
        let mut tries = 0;
        while connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.is_err() {
            tries += 1;
            assert!(tries < 100);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn a_token_that_is_revoked_or_over_ends_its_socket(desk: Desk) {
        let port = desk.serve().await;
        let create = "mutation($until: DateTime) { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR, expiresAt: $until}) { token { id } secret userErrors { code } } }";
        let made = desk.done(Who::Admin, create, json!({ "until": null })).await;
        let over = desk.done(Who::Admin, create, json!({ "until": "2007-06-01T13:00:00Z" })).await;
        let payload = |made: &Value| json!({ "headers": { "Authorization": format!("Bearer {}", made["secret"].as_str().unwrap()) } });
        let (mut line, mut short) = (connect(port).await.greeted(payload(&made)).await, connect(port).await.greeted(payload(&over)).await);
        let mut public = connect(port).await.greeted(Value::Null).await;
        for line in [&mut line, &mut short, &mut public] {
            line.subscribe("1", CHANGES).await;
            line.say(json!({ "type": "ping" })).await;
            assert_eq!(line.said().await, json!({ "type": "pong" }));
        }
        desk.done(Who::Admin, "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }", json!({ "id": made["token"]["id"] })).await;
        desk.app.clock.set(crate::harness::noon() + chrono::TimeDelta::hours(2));
        desk.published(json!({ "headline": "Too late" })).await;
        let (code, reason) = line.hear().await.expect_err("closed before anything is told");
        assert!(code == 4403 && reason.contains("revoked"), "{code} {reason}");
        let (code, reason) = short.hear().await.expect_err("closed before anything is told");
        assert!(code == 4403 && reason.contains("ended"), "{code} {reason}");
        assert_eq!(public.said().await["payload"]["data"]["releaseChanged"]["release"]["headline"], "Too late");
    }

    async fn who_does_not_read_is_closed_and_can_go_on_later(desk: Desk) {
        let desk = limited(desk, |limits| limits.write_ms = 6000);
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        // Answers that nobody takes fill what the two ends hold; then the server waits no longer.
        desk.published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(20_000) })).await;
        let query = "{ release(ref: {slug: \"long\"}) { body { markdown } } }";
        let padding = "x".repeat(100_000);
        for id in 0..4000 {
            let payload = json!({ "query": query, "extensions": { "padding": padding } });
            let message = json!({ "id": id.to_string(), "type": "subscribe", "payload": payload });
            let sent = tokio::time::timeout(Duration::from_millis(500), line.0.send(Message::text(message.to_string())));
            if sent.await.is_err() { break; }
            assert!(id < 3999, "the server never waits");
        }
        // Nothing is read until the server has given up, after half its patience; then all of it, and why.
        tokio::time::sleep(Duration::from_millis(3500)).await;
        let (code, reason) = line.closed().await;
        assert!(code == 1013 && reason.contains("too slowly"), "{code} {reason}");
        let mut next = connect(port).await.greeted(Value::Null).await;
        next.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(next.said().await["payload"]["data"]["viewer"]["name"], "public");
    }

    async fn who_has_no_token_may_send_less_and_nobody_too_many_values(desk: Desk) {
        let desk = limited(desk, |limits| limits.public_body_bytes = 1000);
        let port = desk.serve().await;
        let long = format!("{{ viewer {{ name }} }} #{}", "x".repeat(1000));
        let token = format!("Bearer {}", desk.secret(Who::Editor).unwrap());
        let mut editor = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", &token)]).await.unwrap().greeted(Value::Null).await;
        editor.subscribe("1", &long).await;
        assert_eq!(editor.said().await["payload"]["data"]["viewer"]["name"], "Eda");
        let mut public = connect(port).await.greeted(Value::Null).await;
        public.subscribe("1", &long).await;
        let (code, reason) = public.closed().await;
        assert!(code == 1009 && reason.contains("limits.public_body_bytes"), "{code} {reason}");
        editor.say(json!({ "id": "2", "type": "subscribe", "payload": { "query": "{ viewer { name } }", "variables": { "a": vec![0; 30_000] } } })).await;
        let (code, reason) = editor.closed().await;
        assert!(code == 4400 && reason.contains("limits.values"), "{code} {reason}");
    }

    async fn what_is_followed_may_stand_in_a_fragment(desk: Desk) {
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        line.subscribe("1", "subscription { ...Changes } fragment Changes on Subscription { releaseChanged { ...Change } } fragment Change on ReleaseChange { kind }").await;
        line.subscribe("2", "subscription { ... on Subscription { a: releaseChanged { kind } } ...B } fragment B on Subscription { b: releaseChanged { kind } }").await;
        let refused = line.said().await;
        assert!(refused["id"] == "2" && refused["payload"][0]["message"].as_str().unwrap().contains("one field"), "{refused}");
        desk.published(json!({ "headline": "New" })).await;
        assert_eq!(line.said().await["payload"], json!({ "data": { "releaseChanged": { "kind": "APPEARED" } } }));
    }

    async fn pages_of_the_server_itself_may_connect_and_others_where_they_may(desk: Desk) {
        let desk = desk.with_http_config(HttpConfig { origins: dateline::http::config::AllowedOrigins::Only(Vec::new()), ..HttpConfig::default() });
        let port = desk.serve().await;
        let from = async |origin: &str| {
            connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws"), ("origin", origin)]).await.is_ok()
        };
        assert!(from(&format!("http://127.0.0.1:{port}")).await && from(&format!("https://127.0.0.1:{port}")).await);
        for other in ["https://example.org", "null", "http://127.0.0.1", &format!("http://127.0.0.1:{port}.example.org")] {
            assert!(!from(other).await, "{other}");
        }
    }

    async fn who_was_let_in_goes_on_while_others_try_tokens_in_vain(desk: Desk) {
        let desk = limited(desk, |limits| limits.failures_per_minute = 2);
        let port = desk.serve().await;
        let token = json!({ "authorization": format!("Bearer {}", desk.secret(Who::Editor).unwrap()) });
        let mut line = connect(port).await.greeted(token.clone()).await;
        for _ in 0..4 {
            let mut other = connect(port).await;
            other.say(json!({ "type": "connection_init", "payload": { "authorization": "Bearer dateline_nobody" } })).await;
            assert_eq!(other.closed().await.0, 4403);
        }
        let mut late = connect(port).await;
        late.say(json!({ "type": "connection_init", "payload": token })).await;
        assert!(late.closed().await.1.contains("rate.failures_per_minute"), "the address waits");
        line.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(line.said().await["payload"]["data"]["viewer"]["name"], "Eda");
    }

    async fn whatever_is_said_on_a_socket_is_counted(desk: Desk) {
        let desk = limited(desk, |limits| limits.public_per_minute = 20);
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        for _ in 0..60 {
            line.0.send(Message::Ping(Bytes::from_static(b"?"))).await.unwrap();
        }
        let (code, reason) = line.closed().await;
        assert!(code == 1008 && reason.contains("rate.public_per_minute"), "{code} {reason}");
        let refused = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
        assert!(refused.err().unwrap().contains("429"), "the address waits");
        // A token that nobody knows is no other caller.
        let invented = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", "Bearer invented")];
        assert!(connect_as(port, &invented).await.err().unwrap().contains("429"));
    }

    async fn who_does_not_read_holds_nobody_up(desk: Desk) {
        desk.published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(100_000) })).await;
        let desk = limited(desk, |limits| (limits.requests, limits.write_ms) = (32, 20_000));
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        let forms: String = (0..6).map(|n| format!("a{n}: body {{ markdown }} ")).collect();
        let query = format!("{{ release(ref: {{slug: \"long\"}}) {{ {forms} }} }}");
        for id in 0..18 {
            line.subscribe(&id.to_string(), &query).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut other = connect(port).await.greeted(Value::Null).await;
        for id in 0..5 {
            other.subscribe(&id.to_string(), "{ viewer { name } }").await;
            assert_eq!(other.said().await["payload"]["data"]["viewer"]["name"], "public");
            assert_eq!(other.said().await["type"], "complete");
        }
        drop(line);
    }

    async fn a_filter_that_is_followed_by_is_no_larger_than_it_may_be(desk: Desk) {
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        for (parts, taken) in [(190, true), (210, false)] {
            let query = format!("subscription {{ releaseChanged(filter: {{or: [{}]}}) {{ kind }} }}", "{} ".repeat(parts));
            line.subscribe(&parts.to_string(), &query).await;
            line.say(json!({ "type": "ping" })).await;
            let told = line.said().await;
            assert_eq!(told["type"] == "pong", taken, "{told}");
            if !taken {
                assert!(told["payload"][0]["message"].as_str().unwrap().contains("too large"), "{told}");
                assert_eq!(line.said().await["type"], "pong");
            }
        }
    }

    async fn who_goes_on_asking_beyond_its_rate_is_told_so_for_a_while(desk: Desk) {
        let desk = limited(desk, |limits| limits.public_per_minute = 10);
        let port = desk.serve().await;
        let mut line = connect(port).await.greeted(Value::Null).await;
        let mut refused = 0;
        for number in 0..40 {
            line.subscribe(&number.to_string(), "{ viewer { name } }").await;
            let told = loop {
                match line.hear().await {
                    Ok(told) if told["type"] == "complete" => {}
                    told => break told,
                }
            };
            match told {
                Ok(told) => refused += u32::from(told["type"] == "error" && told.to_string().contains("RATE_LIMITED")),
                Err((code, _)) => {
                    assert_eq!((code, refused), (1008, 20));
                    return;
                }
            }
        }
        panic!("it is never closed");
    }

    async fn changes_are_counted_as_requests_are_and_come_later_where_there_are_too_many(desk: Desk) {
        let desk = limited(desk, |limits| limits.public_per_minute = 6);
        let port = desk.serve().await;
        // The connection, the greeting, the subscription.
        let mut line = connect(port).await.greeted(Value::Null).await;
        line.subscribe("1", CHANGES).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        for number in 0..4 {
            desk.published(json!({ "headline": format!("Number {number}") })).await;
        }
        for number in 0..3 {
            assert_eq!(line.said().await["payload"]["data"]["releaseChanged"]["release"]["headline"], format!("Number {number}"));
        }
        assert!(tokio::time::timeout(Duration::from_secs(2), line.hear()).await.is_err(), "the fourth is early");
        assert_eq!(line.said().await["payload"]["data"]["releaseChanged"]["release"]["headline"], "Number 3");
    }
}
