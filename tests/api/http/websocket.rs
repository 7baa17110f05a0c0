//! Tests of the WebSocket protocol `graphql-transport-ws`: messages, raw frames, close codes, and limits.

use std::time::Duration;

use dateline::{config::HttpConfig, limits::Limits};
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::harness::{
    Caller, TestServer, on_both_databases,
    websocket_client::{connect, connect_as},
};

const CHANGES: &str = "subscription { releaseChanged { kind release { headline state } } }";

fn with_limits(server: TestServer, change: impl Fn(&mut Limits)) -> TestServer {
    let mut limits = Limits::default();
    change(&mut limits);
    server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() })
}

on_both_databases! {
    async fn queries_mutations_and_subscriptions_share_a_websocket(server: TestServer) {
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(json!({ "authorization": format!("Bearer {}", server.token(Caller::Editor).unwrap()) })).await;
        client.subscribe("changes", CHANGES).await;
        client.subscribe("who", "{ viewer { name role } }").await;
        assert_eq!(client.expect_message().await, json!({ "id": "who", "type": "next", "payload": { "data": { "viewer": { "name": "Eda", "role": "EDITOR" } } } }));
        assert_eq!(client.expect_message().await, json!({ "id": "who", "type": "complete" }));
        // After `complete`, the client can use the operation id again.
        client.subscribe("who", "mutation { releaseCreate(input: {headline: \"By socket\"}) { release { headline } userErrors { code } } }").await;
        let mut messages_received = [client.expect_message().await, client.expect_message().await, client.expect_message().await];
        messages_received.sort_by_key(ToString::to_string);
        assert_eq!(messages_received[0], json!({ "id": "changes", "type": "next", "payload": { "data": { "releaseChanged": { "kind": "APPEARED", "release": { "headline": "By socket", "state": "DRAFT" } } } } }));
        assert_eq!(messages_received[1]["payload"]["data"]["releaseCreate"]["userErrors"], json!([]));
        assert_eq!(messages_received[2], json!({ "id": "who", "type": "complete" }));
        client.send(json!({ "id": "changes", "type": "complete" })).await;
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.expect_message().await, json!({ "type": "pong" }));
        server.create_draft(json!({ "headline": "Unheard" })).await;
        client.subscribe("changes", "{ viewer { name } }").await;
        assert_eq!(client.expect_message().await["payload"]["data"]["viewer"]["name"], "Eda", "a completed subscription sends nothing more");
    }

    async fn rejected_operations_do_not_close_the_websocket(server: TestServer) {
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        let deep = format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(2000), "]".repeat(2000));
        let mut doubling = "{ ...F0 } ".to_owned();
        for number in 0..40 { doubling += &format!("fragment F{number} on Query {{ ...F{next} ...F{next} }} ", next = number + 1); }
        doubling += "fragment F40 on Query { viewer { name } }";
        let unterminated = format!("{{ nodes(ids: [\"\"\"a\" {}{}]) {{ id }} }}", "[".repeat(1500), "]".repeat(1500));
        for (query, code) in [(unterminated.as_str(), "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED"), (&deep, "GRAPHQL_VALIDATION_FAILED"), (&doubling, "GRAPHQL_VALIDATION_FAILED"), ("subscription { a: releaseChanged { kind } b: releaseChanged { kind } }", "GRAPHQL_VALIDATION_FAILED"), ("subscription { releaseChanged(after: \"x\") { kind } }", "BAD_USER_INPUT")] {
            client.subscribe("1", query).await;
            let response = client.expect_message().await;
            assert_eq!((&response["type"], &response["payload"][0]["extensions"]["code"]), (&json!("error"), &json!(code)), "{query:.60}: {response}");
        }
        client.subscribe("1", "mutation { releaseCreate(input: {headline: \"Nobody\"}) { userErrors { code } } }").await;
        let response = client.expect_message().await;
        assert_eq!((&response["type"], &response["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("UNAUTHENTICATED")), "{response}");
    }

    async fn each_protocol_violation_has_its_close_code(server: TestServer) {
        let server = with_limits(server, |limits| { limits.init_ms = 500; limits.message_bytes = 10_000; });
        let port = server.serve().await;
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
            let mut client = connect(port).await;
            for message in &messages { client.send(message.clone()).await; }
            let (actual_code, reason) = client.wait_for_close().await;
            assert_eq!(actual_code, code, "{messages:?}: {reason}");
            assert!(!reason.is_empty() && reason.len() <= 123);
        }
        for (frame, code) in [(Message::text("{"), 4400), (Message::binary(Bytes::from_static(b"\0\x01rubbish")), 4400), (Message::text("7"), 4400)] {
            let mut client = connect(port).await.with_connection_init(Value::Null).await;
            client.0.send(frame).await.unwrap();
            assert_eq!(client.wait_for_close().await.0, code);
        }
        assert_eq!(connect_as(port, &[]).await.unwrap().wait_for_close().await.0, 4406);
        let other = connect_as(port, &[("sec-websocket-protocol", "graphql-ws")]).await;
        assert!(other.is_err() || other.unwrap().wait_for_close().await.0 == 4406);
    }

    async fn invalid_frames_close_only_their_websocket(server: TestServer) {
        let port = server.serve().await;
        let head = "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
        for frame in [
            // Invalid frames: unmasked, reserved bit set, unknown opcode, fragmented control frame, invalid UTF-8,
            // excessive length, and invalid close frame.
            &b"\x81\x02{}"[..], b"\xF1\x80\0\0\0\0", b"\x83\x80\0\0\0\0", b"\x09\x80\0\0\0\0", b"\x81\x82\0\0\0\0\xff\xfe", b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", b"\x88\x81\0\0\0\0\x01",
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(frame).await.unwrap();
            let mut response = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut response)).await;
            assert!(ended.is_ok() && response.starts_with(b"HTTP/1.1 101"), "{frame:?}");
        }
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        client.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(client.expect_message().await["payload"]["data"]["viewer"]["name"], "public");
    }

    async fn websockets_and_their_operations_are_limited(server: TestServer) {
        let server = with_limits(server, |limits| { limits.subscriptions = 3; limits.streams = 2; });
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        for id in 0..4 { client.subscribe(&id.to_string(), CHANGES).await; }
        let rejected = client.expect_message().await;
        assert_eq!((&rejected["id"], &rejected["payload"][0]["extensions"]["code"]), (&json!("3"), &json!("TOO_MANY_SUBSCRIPTIONS")));
        client.send(json!({ "id": "0", "type": "complete" })).await;
        client.subscribe("5", CHANGES).await;
        client.send(json!({ "type": "ping" })).await;
        assert_eq!(client.expect_message().await, json!({ "type": "pong" }));
        server.create_published(json!({ "headline": "To three" })).await;
        let mut ids: Vec<String> = Vec::new();
        for _ in 0..3 { ids.push(client.expect_message().await["id"].as_str().unwrap().to_owned()); }
        ids.sort();
        assert_eq!(ids, ["1", "2", "5"]);
        let second = connect(port).await;
        let third = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
        assert!(third.err().unwrap().contains("429"));
        drop(second);
        // A dropped connection counts towards `limits.streams` until the server has detected that the client is gone.
        let mut attempts = 0;
        while connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.is_err() {
            attempts += 1;
            assert!(attempts < 100);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn a_revoked_or_expired_token_closes_its_websocket(server: TestServer) {
        let port = server.serve().await;
        let create = "mutation($until: DateTime) { tokenCreate(input: {subject: \"Guest\", name: \"one\", role: EDITOR, expiresAt: $until}) { token { id } secret userErrors { code } } }";
        let created = server.mutate(Caller::Admin, create, json!({ "until": null })).await;
        let expiring_token = server.mutate(Caller::Admin, create, json!({ "until": "2007-06-01T13:00:00Z" })).await;
        let payload = |created: &Value| json!({ "headers": { "Authorization": format!("Bearer {}", created["secret"].as_str().unwrap()) } });
        let (mut client, mut expiring_client) = (connect(port).await.with_connection_init(payload(&created)).await, connect(port).await.with_connection_init(payload(&expiring_token)).await);
        let mut public_client = connect(port).await.with_connection_init(Value::Null).await;
        for client in [&mut client, &mut expiring_client, &mut public_client] {
            client.subscribe("1", CHANGES).await;
            client.send(json!({ "type": "ping" })).await;
            assert_eq!(client.expect_message().await, json!({ "type": "pong" }));
        }
        server.mutate(Caller::Admin, "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code } } }", json!({ "id": created["token"]["id"] })).await;
        server.app.clock.set(crate::harness::noon() + chrono::TimeDelta::hours(2));
        server.create_published(json!({ "headline": "Too late" })).await;
        let (code, reason) = client.next_message().await.expect_err("closed before the change is sent");
        assert!(code == 4403 && reason.contains("revoked"), "{code} {reason}");
        let (code, reason) = expiring_client.next_message().await.expect_err("closed before the change is sent");
        assert!(code == 4403 && reason.contains("expired"), "{code} {reason}");
        assert_eq!(public_client.expect_message().await["payload"]["data"]["releaseChanged"]["release"]["headline"], "Too late");
    }

    async fn a_client_that_does_not_read_is_closed_and_can_reconnect(server: TestServer) {
        let server = with_limits(server, |limits| limits.write_ms = 6000);
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        // The client sends queries and reads nothing, until the unread responses have filled the buffers of both
        // ends.
        server.create_published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(20_000) })).await;
        let query = "{ release(ref: {slug: \"long\"}) { body { markdown } } }";
        let padding = "x".repeat(100_000);
        for id in 0..4000 {
            let payload = json!({ "query": query, "extensions": { "padding": padding } });
            let message = json!({ "id": id.to_string(), "type": "subscribe", "payload": payload });
            let sent = tokio::time::timeout(Duration::from_millis(500), client.0.send(Message::text(message.to_string())));
            if sent.await.is_err() { break; }
            assert!(id < 3999, "the server never stopped reading");
        }
        // The client waits until the server gives up, after half of `write_ms`. Then the client reads the buffered
        // responses and the close frame.
        tokio::time::sleep(Duration::from_millis(3500)).await;
        let (code, reason) = client.wait_for_close().await;
        assert!(code == 1013 && reason.contains("too slowly"), "{code} {reason}");
        let mut reconnected = connect(port).await.with_connection_init(Value::Null).await;
        reconnected.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(reconnected.expect_message().await["payload"]["data"]["viewer"]["name"], "public");
    }

    async fn message_size_and_value_limits_apply_to_websockets(server: TestServer) {
        let server = with_limits(server, |limits| limits.public_body_bytes = 1000);
        let port = server.serve().await;
        let long = format!("{{ viewer {{ name }} }} #{}", "x".repeat(1000));
        let token = format!("Bearer {}", server.token(Caller::Editor).unwrap());
        let mut editor_client = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", &token)]).await.unwrap().with_connection_init(Value::Null).await;
        editor_client.subscribe("1", &long).await;
        assert_eq!(editor_client.expect_message().await["payload"]["data"]["viewer"]["name"], "Eda");
        let mut public_client = connect(port).await.with_connection_init(Value::Null).await;
        public_client.subscribe("1", &long).await;
        let (code, reason) = public_client.wait_for_close().await;
        assert!(code == 1009 && reason.contains("limits.public_body_bytes"), "{code} {reason}");
        editor_client.send(json!({ "id": "2", "type": "subscribe", "payload": { "query": "{ viewer { name } }", "variables": { "a": vec![0; 30_000] } } })).await;
        let (code, reason) = editor_client.wait_for_close().await;
        assert!(code == 4400 && reason.contains("limits.values"), "{code} {reason}");
    }

    async fn a_subscription_field_may_be_in_a_fragment(server: TestServer) {
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        client.subscribe("1", "subscription { ...Changes } fragment Changes on Subscription { releaseChanged { ...Change } } fragment Change on ReleaseChange { kind }").await;
        client.subscribe("2", "subscription { ... on Subscription { a: releaseChanged { kind } } ...B } fragment B on Subscription { b: releaseChanged { kind } }").await;
        let rejected = client.expect_message().await;
        assert!(rejected["id"] == "2" && rejected["payload"][0]["message"].as_str().unwrap().contains("one field"), "{rejected}");
        server.create_published(json!({ "headline": "New" })).await;
        assert_eq!(client.expect_message().await["payload"], json!({ "data": { "releaseChanged": { "kind": "APPEARED" } } }));
    }

    async fn only_allowed_origins_may_open_a_websocket(server: TestServer) {
        let server = server.with_http_config(HttpConfig { origins: dateline::config::AllowedOrigins::Only(Vec::new()), ..HttpConfig::default() });
        let port = server.serve().await;
        let connects_from = async |origin: &str| {
            connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws"), ("origin", origin)]).await.is_ok()
        };
        assert!(connects_from(&format!("http://127.0.0.1:{port}")).await && connects_from(&format!("https://127.0.0.1:{port}")).await);
        for other in ["https://example.org", "null", "http://127.0.0.1", &format!("http://127.0.0.1:{port}.example.org")] {
            assert!(!connects_from(other).await, "{other}");
        }
    }

    async fn an_authenticated_websocket_continues_during_an_auth_lockout(server: TestServer) {
        let server = with_limits(server, |limits| limits.failures_per_minute = 2);
        let port = server.serve().await;
        let token = json!({ "authorization": format!("Bearer {}", server.token(Caller::Editor).unwrap()) });
        let mut client = connect(port).await.with_connection_init(token.clone()).await;
        for _ in 0..4 {
            let mut other = connect(port).await;
            other.send(json!({ "type": "connection_init", "payload": { "authorization": "Bearer dateline_nobody" } })).await;
            assert_eq!(other.wait_for_close().await.0, 4403);
        }
        let mut rejected_client = connect(port).await;
        rejected_client.send(json!({ "type": "connection_init", "payload": token })).await;
        assert!(rejected_client.wait_for_close().await.1.contains("rate.failures_per_minute"), "the address is locked out");
        client.subscribe("1", "{ viewer { name } }").await;
        assert_eq!(client.expect_message().await["payload"]["data"]["viewer"]["name"], "Eda");
    }

    async fn every_websocket_frame_counts_towards_the_rate_limit(server: TestServer) {
        let server = with_limits(server, |limits| limits.public_per_minute = 20);
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        for _ in 0..60 {
            client.0.send(Message::Ping(Bytes::from_static(b"?"))).await.unwrap();
        }
        let (code, reason) = client.wait_for_close().await;
        assert!(code == 1008 && reason.contains("rate.public_per_minute"), "{code} {reason}");
        let rejected = connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await;
        assert!(rejected.err().unwrap().contains("429"), "the address is rate limited");
        // A client cannot avoid the rate limit by sending an unknown token.
        let unknown_token = [("sec-websocket-protocol", "graphql-transport-ws"), ("authorization", "Bearer invented")];
        assert!(connect_as(port, &unknown_token).await.err().unwrap().contains("429"));
    }

    async fn a_client_that_does_not_read_blocks_no_other(server: TestServer) {
        server.create_published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(100_000) })).await;
        let server = with_limits(server, |limits| (limits.requests, limits.write_ms) = (32, 20_000));
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        let aliases: String = (0..6).map(|n| format!("a{n}: body {{ markdown }} ")).collect();
        let query = format!("{{ release(ref: {{slug: \"long\"}}) {{ {aliases} }} }}");
        for id in 0..18 {
            client.subscribe(&id.to_string(), &query).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut other = connect(port).await.with_connection_init(Value::Null).await;
        for id in 0..5 {
            other.subscribe(&id.to_string(), "{ viewer { name } }").await;
            assert_eq!(other.expect_message().await["payload"]["data"]["viewer"]["name"], "public");
            assert_eq!(other.expect_message().await["type"], "complete");
        }
        drop(client);
    }

    async fn the_size_of_a_subscription_filter_is_limited(server: TestServer) {
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        for (condition_count, is_accepted) in [(190, true), (210, false)] {
            let query = format!("subscription {{ releaseChanged(filter: {{or: [{}]}}) {{ kind }} }}", "{} ".repeat(condition_count));
            client.subscribe(&condition_count.to_string(), &query).await;
            client.send(json!({ "type": "ping" })).await;
            let response = client.expect_message().await;
            assert_eq!(response["type"] == "pong", is_accepted, "{response}");
            if !is_accepted {
                assert!(response["payload"][0]["message"].as_str().unwrap().contains("too large"), "{response}");
                assert_eq!(client.expect_message().await["type"], "pong");
            }
        }
    }

    async fn a_client_over_its_rate_limit_gets_errors_and_is_then_closed(server: TestServer) {
        let server = with_limits(server, |limits| limits.public_per_minute = 10);
        let port = server.serve().await;
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        let mut rejected = 0;
        for number in 0..40 {
            client.subscribe(&number.to_string(), "{ viewer { name } }").await;
            let response = loop {
                match client.next_message().await {
                    Ok(response) if response["type"] == "complete" => {}
                    response => break response,
                }
            };
            match response {
                Ok(response) => rejected += u32::from(response["type"] == "error" && response.to_string().contains("RATE_LIMITED")),
                Err((code, _)) => {
                    assert_eq!((code, rejected), (1008, 20));
                    return;
                }
            }
        }
        panic!("the connection was never closed");
    }

    async fn changes_count_towards_the_rate_limit_and_are_delayed(server: TestServer) {
        let server = with_limits(server, |limits| limits.public_per_minute = 6);
        let port = server.serve().await;
        // Opening the connection, `connection_init` and the subscription also count towards the six messages per
        // minute.
        let mut client = connect(port).await.with_connection_init(Value::Null).await;
        client.subscribe("1", CHANGES).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        for number in 0..4 {
            server.create_published(json!({ "headline": format!("Number {number}") })).await;
        }
        for number in 0..3 {
            assert_eq!(client.expect_message().await["payload"]["data"]["releaseChanged"]["release"]["headline"], format!("Number {number}"));
        }
        assert!(tokio::time::timeout(Duration::from_secs(2), client.next_message()).await.is_err(), "the fourth change must be delayed");
        assert_eq!(client.expect_message().await["payload"]["data"]["releaseChanged"]["release"]["headline"], "Number 3");
    }
}
