//! Sends malicious requests over TCP to servers with the profiles `open` and `hardened`. The server must respond or
//! close the connection in time, and must never respond with a server error. Memory use must not grow.
//!
//! - `documents`: malicious GraphQL documents

mod documents;

use std::time::{Duration, Instant};

use dateline::{
    config::HttpConfig,
    limits::{Limits, Profile},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Caller, TestServer};
use documents::nested;

/// Value of each timeout of the test servers. A response may take one second longer.
const LIMIT: Duration = Duration::from_secs(2);

/// The name of an attack, and the bytes that it sends.
type Attack = (String, Vec<u8>);

fn request(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    bytes
}

fn post(body: &[u8]) -> Vec<u8> {
    request("POST /graphql HTTP/1.1\r\nContent-Type: application/json", body)
}

fn get(parameters: &str) -> Vec<u8> {
    request(&format!("GET /graphql?{parameters} HTTP/1.1"), b"")
}

/// Returns all attacks: the malicious documents, and malicious HTTP requests.
#[expect(clippy::too_many_lines, reason = "a list")]
fn attacks() -> Vec<Attack> {
    let mut all: Vec<Attack> = documents::all()
        .into_iter()
        .map(|(name, query)| (name, post(json!({ "query": query }).to_string().as_bytes())))
        .collect();
    let query = "{ viewer { name } }";
    let body_with = |extra: &str| format!("{{\"query\":\"{query}\",{extra}}}");
    let aliased_filters = |topics: usize, aliases: usize| {
        let fields: String = (0..aliases).map(|n| format!("a{n}: releases(filter: $f) {{ totalCount }} ")).collect();
        let filter = json!({ "topics": { "any": vec![json!({ "slug": "a" }); topics] } });
        json!({ "query": format!("query($f: ReleaseFilter) {{ {fields} }}"), "variables": { "f": filter } }).to_string()
    };
    for (name, body) in [
        ("variables of nested arrays", body_with(&format!("\"variables\":{{\"a\":{}}}", nested("[", "", "]", 100_000)))),
        ("variables of nested objects", body_with(&format!("\"variables\":{}", nested("{\"a\":", "1", "}", 100_000)))),
        ("variables with many values", body_with(&format!("\"variables\":{{\"a\":[{}1]}}", "1,".repeat(500_000)))),
        (
            "variables with many names",
            body_with(&format!(
                "\"variables\":{{{}\"z\":1}}",
                (0..100_000).map(|n| format!("\"a{n}\":1,")).collect::<String>()
            )),
        ),
        ("extensions of nested arrays", body_with(&format!("\"extensions\":{{\"a\":{}}}", nested("[", "", "]", 100_000)))),
        ("huge integers", body_with("\"variables\":{\"a\":123456789012345678901234567890123456789012345678901234567890}")),
        ("a number out of range", body_with("\"variables\":{\"a\":1e999999}")),
        ("NaN", body_with("\"variables\":{\"a\":NaN}")),
        ("an unpaired surrogate", body_with("\"operationName\":\"\\ud800\"")),
        ("a long operationName", body_with(&format!("\"operationName\":\"{}\"", "a".repeat(1_000_000)))),
        ("the same key twice", body_with("\"query\":\"{ viewer { role } }\"")),
        ("an invalid digest", body_with("\"extensions\":{\"persistedQuery\":{\"version\":1,\"sha256Hash\":\"é\"}}")),
        (
            "a digest of a megabyte",
            body_with(&format!("\"extensions\":{{\"persistedQuery\":{{\"sha256Hash\":\"{}\"}}}}", "a".repeat(1_000_000))),
        ),
        ("an invalid document id", "{\"documentId\":\"../../etc/passwd\"}".to_owned()),
        ("a batch", format!("[{}]", vec![body_with("\"variables\":{}"); 1000].join(","))),
        ("a megabyte of empty lists", format!("[{}[]]", "[],".repeat(340_000))),
        ("a megabyte of nameless fields", format!("{{{}\"\":0}}", "\"\":0,".repeat(200_000))),
        ("a filter of 900 topics under 90 aliases", aliased_filters(900, 90)),
        ("a filter of 9000 topics under 990 aliases", aliased_filters(9000, 990)),
        (
            "doubling fragments that use one variable",
            json!({
                "query": format!(
                    "query($i: [ID!]!) {{ ...F0 }} {} fragment F11 on Query {{ nodes(ids: $i) {{ id }} }}",
                    (0..11).map(|n| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1)).collect::<String>()
                ),
                "variables": { "i": vec!["a"; 1900] }
            })
            .to_string(),
        ),
        (
            "one long text in many positions",
            json!({
                "query": format!("query($f: ID!) {{ __typename }} fragment F on Query {{ nodes(ids: [{}]) {{ id }} }}", "$f ".repeat(2400)),
                "variables": { "f": "x".repeat(240_000) }
            })
            .to_string(),
        ),
        ("only nested arrays", nested("[", "", "]", 1_000_000)),
        ("a JSON string", "\"query\"".to_owned()),
        ("an empty body", String::new()),
        ("an overlong body", format!("{{\"query\":\"{}\"}}", " ".repeat(9 << 20))),
    ] {
        all.push((name.to_owned(), post(body.as_bytes())));
    }
    all.push(("bytes that are not UTF-8".to_owned(), post(b"{\"query\":\"{ viewer { name } } # \xff\xfe\"}")));
    all.push((
        "random bytes".to_owned(),
        post(&(0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>()),
    ));
    let plain =
        json!({ "query": "mutation { releaseCreate(input: {headline: \"CSRF\"}) { release { id } } }" }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonp",
        "application/json; charset=utf-16",
        "",
        "a\tb",
    ] {
        all.push((
            format!("as {kind:?}"),
            request(&format!("POST /graphql HTTP/1.1\r\nContent-Type: {kind}"), plain.as_bytes()),
        ));
    }
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "G\u{0}T"] {
        all.push((
            format!("by {method:?}"),
            request(&format!("{method} /graphql HTTP/1.1\r\nContent-Type: application/json"), plain.as_bytes()),
        ));
    }
    for (name, parameters) in [
        ("a mutation with GET", "query=mutation%20%7B%20releaseCreate(input:%20%7Bheadline:%20%22G%22%7D)%20%7B%20release%20%7B%20id%20%7D%20%7D%20%7D".to_owned()),
        ("a query twice", "query=%7Bviewer%7Bname%7D%7D&query=%7Bviewer%7Brole%7D%7D".to_owned()),
        ("percent signs", "query=%%%%25%ff%fe%00".to_owned()),
        ("invalid variables", "query=%7Bviewer%7Bname%7D%7D&variables=%5B%5B%5B".to_owned()),
        ("a long URL", format!("query={}", "%7B".repeat(5000))),
        ("a very long URL", format!("query={}", "a".repeat(200_000))),
        ("ten thousand parameters", "a=1&".repeat(10_000)),
    ] {
        all.push((name.to_owned(), get(&parameters)));
    }
    let header = |name: &str, value: &str| {
        request(
            &format!("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n{name}: {value}"),
            br#"{"query":"{ viewer { name } }"}"#,
        )
    };
    for (name, bytes) in [
        ("a header of 200 kB", header("X-A", &"a".repeat(200_000))),
        ("a thousand headers", header("X-A", &"1\r\nX-A: ".repeat(1000))),
        ("a token of 50 kB", header("Authorization", &format!("Bearer {}", "a".repeat(50_000)))),
        ("a token with control characters", header("Authorization", "Bearer \u{fffd}\u{1}")),
        ("a thousand media types", header("Accept", &"a/b;q=0.1,".repeat(1000))),
        ("an invalid quality value", header("Accept", "application/json;q=NaN")),
        ("a thousand content codings", header("Accept-Encoding", &"br;q=inf,".repeat(1000))),
        ("a thousand ETags", header("If-None-Match", &"\"a\",".repeat(1000))),
        ("an idempotency key with control characters", header("Idempotency-Key", "\u{7f}\u{fffd}")),
        ("a long X-Forwarded-For", header("X-Forwarded-For", &"1.2.3.4,".repeat(2000))),
        ("two Content-Length headers", header("Content-Length", "5")),
        ("Content-Length with chunked encoding", header("Transfer-Encoding", "chunked")),
        ("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("an unknown HTTP version", b"GET / HTTP/9.9\r\n\r\n".to_vec()),
        ("a URL with null bytes", b"GET /\0\0\0 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("a path traversal", request("GET /../../../../etc/passwd HTTP/1.1", b"")),
        ("an incomplete upgrade", request("GET /graphql HTTP/1.1\r\nUpgrade: websocket", b"")),
        ("an upgrade without a key", request("GET /graphql HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13", b"")),
        ("invalid chunks", b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec()),
        ("an incomplete body", b"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"query\"".to_vec()),
    ] {
        all.push((name.to_owned(), bytes));
    }
    all
}

/// Sends an attack and reads until the server closes the connection. Returns the response and how long the exchange
/// took.
async fn send_attack(port: u16, attack: &[u8]) -> (Vec<u8>, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut response = Vec::new();
    let exchange = async {
        let (mut read, mut write) = stream.split();
        // Write errors are ignored, because the server may respond and close the connection before it has read the
        // whole request.
        let ((), _) = tokio::join!(
            async {
                let _ = write.write_all(attack).await;
            },
            read.read_to_end(&mut response)
        );
    };
    let _ = tokio::time::timeout(LIMIT + Duration::from_secs(10), exchange).await;
    (response, started.elapsed())
}

fn status(response: &[u8]) -> Option<u16> {
    std::str::from_utf8(response.get(9..12)?).ok()?.parse().ok()
}

/// Returns the resident memory of this process in kilobytes; 0 if the system does not report it.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

async fn assert_withstands(profile: Profile) {
    let mut limits = Limits::of(profile);
    (limits.execution_ms, limits.body_ms, limits.header_ms) = (2000, 2000, 2000);
    (limits.public_per_minute, limits.failures_per_minute) = (0, 0);
    let introspection = profile == Profile::Open;
    let server = TestServer::on_sqlite().await.with_http_config(HttpConfig {
        limits: limits.into(),
        introspection,
        ..HttpConfig::default()
    });
    server.create_published(json!({ "headline": "Still here" })).await;
    let port = server.serve().await;
    let attacks = attacks();
    assert!(attacks.len() >= 100);
    let mut memory_by_round = Vec::new();
    for round in 0..3 {
        for (name, attack) in &attacks {
            let (response, took) = send_attack(port, attack).await;
            let status = status(&response);
            let excerpt = String::from_utf8_lossy(&response[..response.len().min(400)]).into_owned();
            assert!(took < LIMIT + Duration::from_secs(1), "{name}: {took:?}");
            assert!(status.is_none_or(|status| status < 500), "{name}: {excerpt}");
            assert!(response.len() < 100_000, "{name}: a response of {} bytes", response.len());
            if !introspection {
                assert!(!excerpt.contains("did you mean"), "{name}: {excerpt}");
            }
        }
        let data = server.data(Caller::Public, "{ releases { nodes { headline } } }", json!({})).await;
        assert_eq!(data["releases"]["nodes"], json!([{ "headline": "Still here" }]), "round {round}");
        memory_by_round.push(memory());
    }
    assert!(memory_by_round[2] < memory_by_round[0] + 64 * 1024, "memory grew by round: {memory_by_round:?} kB");
    let all = server.data(Caller::Editor, "{ releases { totalCount } }", Value::Null).await;
    assert_eq!(all["releases"]["totalCount"], 1, "no attack may write anything");
}

#[tokio::test]
async fn a_server_with_the_open_profile_withstands_attacks() {
    assert_withstands(Profile::Open).await;
}

#[tokio::test]
async fn a_hardened_server_withstands_attacks_and_reveals_no_schema() {
    assert_withstands(Profile::Hardened).await;
}
