//! Connections that come slowly, take nothing, or never end; HTTP/1.1 and HTTP/2.

use std::time::{Duration, Instant};

use crate::harness::{Desk, Who};
use axum::http::Request;
use dateline::{http::config::HttpConfig, limits::Limits};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Bytes, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    time::timeout,
};

/// The patience of these servers, for each thing that they wait for.
const PATIENCE: Duration = Duration::from_millis(700);

/// A second more than what a server waits.
const AT_MOST: Duration = Duration::from_millis(1700);

const QUERY: &str = "/graphql?query=%7Bviewer%7Bname%7D%7D";

fn edge(change: impl Fn(&mut Limits)) -> HttpConfig {
    let wait = PATIENCE.as_millis() as u64;
    let mut limits = Limits { header_ms: wait, body_ms: wait, write_ms: wait, ..Limits::default() };
    change(&mut limits);
    HttpConfig { limits: limits.into(), ..HttpConfig::default() }
}

async fn desk(change: impl Fn(&mut Limits)) -> Desk {
    Desk::on_sqlite().await.with_http_config(edge(change))
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Reads until the server closes, which must be in time; what it said.
async fn closed(stream: &mut TcpStream) -> String {
    let (mut said, begun) = (Vec::new(), Instant::now());
    // A reset is an end, too.
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await.expect("it is closed");
    assert!(begun.elapsed() < AT_MOST, "{:?}", begun.elapsed());
    String::from_utf8_lossy(&said).into_owned()
}

/// Reads one answer of HTTP/1.1 to its end.
pub(crate) async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut said = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&said).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut chunk = [0; 4096];
        let read = timeout(Duration::from_secs(10), stream.read(&mut chunk)).await.expect("an answer").unwrap();
        assert!(read > 0, "closed after {text:?}");
        said.extend(&chunk[..read]);
    }
}

/// Sends a byte every so often, until the server has enough of it.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(PATIENCE / 7).await;
    }
}

#[tokio::test]
async fn who_says_nothing_or_never_ends_a_header_is_closed() {
    let desk = desk(|_| {}).await;
    let port = desk.serve().await;
    for said in ["", "G", "GET /graphql HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1", "PRI * HTTP/2.0\r\n\r\n"]
    {
        let mut stream = connect(port).await;
        stream.write_all(said.as_bytes()).await.unwrap();
        let told = closed(&mut stream).await;
        assert!(!told.contains(" 5"), "{said:?}: {told}");
    }
    let mut stream = connect(port).await;
    let begun = Instant::now();
    drip(&mut stream, &[b"GET / HTTP/1.1\r\n".as_slice(), &[b'a'; 60]].concat()).await;
    assert!(begun.elapsed() < PATIENCE + AT_MOST, "a header that comes byte by byte is cut off: {:?}", begun.elapsed());
    let mut stream = connect(port).await;
    stream.write_all(format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(closed(&mut stream).await, "", "idle");
}

#[tokio::test]
async fn a_body_that_comes_slowly_is_refused_in_time() {
    let desk = desk(|_| {}).await;
    let port = desk.serve().await;
    let mut stream = connect(port).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"query\":";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let dripping = async {
        for _ in 0..100 {
            tokio::time::sleep(PATIENCE / 7).await;
            if write.write_all(b" ").await.is_err() {
                break;
            }
        }
    };
    let mut said = Vec::new();
    let begun = Instant::now();
    tokio::select! {
        () = dripping => {}
        _ = read.read_to_end(&mut said) => {}
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("limits.body_ms"), "{said}");
    assert!(begun.elapsed() < AT_MOST + AT_MOST);
}

/// A query whose answer no socket has room for.
async fn large(desk: &Desk) -> String {
    desk.published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(180_000) })).await;
    let fields: String =
        (0..16).map(|n| format!("a{n}: release(ref: {{slug: \"long\"}}) {{ body {{ markdown }} }} ")).collect();
    form_urlencoded::byte_serialize(format!("{{ {fields} }}").as_bytes()).collect()
}

#[tokio::test]
async fn who_does_not_take_an_answer_is_cut_off() {
    let desk = desk(|limits| limits.connections = 2).await;
    let port = desk.serve().await;
    let query = large(&desk).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    stream.write_all(format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut some = [0; 100];
    stream.read_exact(&mut some).await.unwrap();
    assert!(some.starts_with(b"HTTP/1.1 200"));
    tokio::time::sleep(PATIENCE * 4).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 14_000_000, "all of it came: {}", rest.len());
}

#[tokio::test]
async fn who_takes_answers_slowly_is_asked_to_take_them_first() {
    let desk = desk(|limits| (limits.bodies_bytes, limits.write_ms) = (20_000_000, 60_000)).await;
    let port = desk.serve().await;
    let query = large(&desk).await;
    let ask = |accept: &str| format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    slow.write_all(ask("application/json").as_bytes()).await.unwrap();
    let mut some = [0; 100];
    slow.read_exact(&mut some).await.unwrap();
    assert!(some.starts_with(b"HTTP/1.1 200"));
    // Fourteen megabytes wait to be taken, and five is what one address may have.
    for accept in ["application/json", "text/event-stream"] {
        let mut other = connect(port).await;
        other.write_all(ask(accept).as_bytes()).await.unwrap();
        let told = answer(&mut other).await;
        assert!(told.starts_with("HTTP/1.1 429") && told.contains("limits.bodies_bytes"), "{told}");
        assert!(told.to_lowercase().contains("retry-after: 1"), "{told}");
    }
    drop(slow);
    let ask = format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n");
    let begun = Instant::now();
    loop {
        let mut other = connect(port).await;
        other.write_all(ask.as_bytes()).await.unwrap();
        if answer(&mut other).await.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "the room is given back");
        tokio::time::sleep(PATIENCE / 7).await;
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_and_one_address_has_not_all_of_them() {
    let some = desk(|limits| limits.connections = 2).await;
    let port = some.serve().await;
    let ask = format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (mut first, _second, mut third) = (connect(port).await, connect(port).await, connect(port).await);
    first.write_all(ask.as_bytes()).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    third.write_all(ask.as_bytes()).await.unwrap();
    assert!(timeout(PATIENCE / 4, third.read_u8()).await.is_err(), "there is no place for it yet");
    drop(first);
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200"));

    let few = desk(|limits| limits.address_connections = 1).await;
    let port = few.serve().await;
    let mut first = connect(port).await;
    first.write_all(ask.as_bytes()).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    assert_eq!(closed(&mut connect(port).await).await, "");
    drop(first);
    tokio::time::sleep(PATIENCE / 4).await;
    let mut again = connect(port).await;
    again.write_all(ask.as_bytes()).await.unwrap();
    assert!(answer(&mut again).await.starts_with("HTTP/1.1 200"));
}

/// Speaks HTTP/2, with windows of this size.
async fn speak(port: u16, window: u32) -> (http2::SendRequest<Empty<Bytes>>, tokio::task::JoinHandle<bool>) {
    let (send, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(window.max(65_535))
        .handshake(TokioIo::new(connect(port).await))
        .await
        .unwrap();
    (send, tokio::spawn(async move { connection.await.is_ok() }))
}

#[tokio::test]
async fn http_2_is_spoken_and_has_the_same_limits() {
    let desk = desk(|_| {}).await;
    let port = desk.serve().await;
    let query = large(&desk).await;
    let ask = |path: &str| Request::get(format!("http://x{path}")).body(Empty::new()).unwrap();
    let (mut send, connection) = speak(port, 1 << 20).await;
    let answered = send.send_request(ask(QUERY)).await.unwrap();
    assert_eq!((answered.status().as_u16(), answered.version()), (200, axum::http::Version::HTTP_2));
    let body = answered.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"data":{"viewer":{"name":"public"}}}"#);
    let head = Request::get(format!("http://x{QUERY}")).header("x-a", "a".repeat(100_000)).body(Empty::new()).unwrap();
    assert_eq!(send.send_request(head).await.map_or(431, |answered| answered.status().as_u16()), 431);
    let over = timeout(Duration::from_secs(10), connection).await.expect("an idle connection is closed").unwrap();
    assert!(over, "with a goodbye");
    // Nothing of the answer is taken: the window never opens again.
    let (mut send, connection) = speak(port, 1000).await;
    let answered = send.send_request(ask(&format!("/graphql?query={query}"))).await.unwrap();
    assert_eq!(answered.status(), 200);
    // The patience, and a second for every eight kilobytes of the answer.
    let seconds = Duration::from_secs(16 * 900_000 / 8192);
    tokio::time::pause();
    let over = timeout(seconds * 2, connection).await;
    assert!(over.is_ok(), "it is cut off");
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn frames_that_ask_for_nothing_keep_no_connection() {
    let desk = desk(|_| {}).await;
    let port = desk.serve().await;
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[])].concat();
    let ping = frame(6, 0, 0, &[7; 8]);
    // :method GET, :scheme http, :path /health/live, :authority x (RFC 7541, appendix A); the end of both.
    let ask = frame(1, 5, 1, b"\x82\x86\x04\x0c/health/live\x01\x01x");
    // The beginning of a header that goes on in other frames, byte by byte.
    let header = frame(1, 1, 1, b"\x82\x86");
    let more = frame(9, 0, 1, &[0x84]);
    let begun_only = frame(1, 5, 1, &[0x82; 100]);
    for (name, first, again, patience) in [
        ("silence", &preface[..], &[][..], PATIENCE),
        ("pings", &preface, &ping, PATIENCE),
        ("a header in frames", &[preface.clone(), header].concat(), &more, PATIENCE),
        ("a header in bytes", &[preface.clone(), begun_only[..10].to_vec()].concat(), &[0x82], PATIENCE),
        // The end of the answer may have been on its way as long as a reader may take.
        ("pings after an answer", &[preface.clone(), ask].concat(), &ping, PATIENCE * 2),
    ] {
        let mut stream = connect(port).await;
        stream.write_all(first).await.unwrap();
        let begun = Instant::now();
        let (mut read, mut write) = stream.split();
        let sending = async {
            loop {
                tokio::time::sleep(PATIENCE / 7).await;
                if write.write_all(again).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let mut said = Vec::new();
        let reading = timeout(Duration::from_secs(10), read.read_to_end(&mut said));
        tokio::select! {
            () = sending => {}
            ended = reading => assert!(ended.is_ok(), "{name}: it is not closed"),
        }
        // A second, and the goodbye.
        let most = patience + Duration::from_millis(1500);
        assert!(begun.elapsed() < most, "{name}: {:?}", begun.elapsed());
        assert_eq!(said.windows(3).any(|bytes| bytes == b"ok\n"), patience > PATIENCE, "{name}: {said:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_finishes_what_is_under_way_and_ends_what_lasts() {
    let desk = desk(|_| {}).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (port, end) = desk.serve_with(None, async { drop(stopped.await) }).await;
    let mut events = connect(port).await;
    let follow = "/graphql?query=subscription%7BreleaseChanged%7Brelease%7Bheadline%7D%7D%7D";
    events
        .write_all(format!("GET {follow} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut head = [0; 15];
    events.read_exact(&mut head).await.unwrap();
    let mut half = connect(port).await;
    let body = json!({ "query": "{ viewer { name } }" }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(PATIENCE / 4).await;
    stop.send(()).unwrap();
    tokio::time::sleep(PATIENCE / 4).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "nobody else is let in");
    half.write_all(body.as_bytes()).await.unwrap();
    assert!(closed(&mut half).await.contains(r#"{"data":{"viewer":{"name":"public"}}}"#));
    let told = closed(&mut events).await;
    assert!(!told.contains("complete"), "{told}");
    timeout(Duration::from_secs(5), end).await.expect("it ends").unwrap();
    assert_eq!(desk.data(Who::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 0);
}

#[tokio::test]
async fn a_slow_reader_of_http_2_that_keeps_its_pace_gets_everything() {
    let desk = desk(|_| {}).await;
    let port = desk.serve().await;
    desk.published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(160_000) })).await;
    let query: String =
        form_urlencoded::byte_serialize(b"{ release(ref: {slug: \"long\"}) { body { markdown } } }").collect();
    let (mut send, connection) = speak(port, 32 * 1024).await;
    let ask = Request::get(format!("http://x/graphql?query={query}")).body(Empty::new()).unwrap();
    let mut body = send.send_request(ask).await.unwrap().into_body();
    let (mut taken, begun) = (0, Instant::now());
    while let Some(frame) = body.frame().await {
        taken += frame.expect("it is not cut off").into_data().unwrap().len();
        // Longer than the server waits for a reader who takes nothing, all in all.
        tokio::time::sleep(PATIENCE / 8).await;
    }
    assert!(taken > 800_000 && begun.elapsed() > PATIENCE * 3, "{taken} bytes in {:?}", begun.elapsed());
    drop(send);
    let _ = connection.await;
}
