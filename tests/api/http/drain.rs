//! Requests that are refused before their body was read: the answer reaches a client that sends the whole body before it reads,
//! over HTTP/1.1, TLS and HTTP/2. A client that sends without end is cut off.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use super::{
    connections::{answer, frame},
    tls,
};
use crate::harness::{Desk, Who};
use axum::http::Request;
use dateline::{
    http::{config::HttpConfig, transport::tls::Tls},
    limits::Limits,
};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Bytes, Frame},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::timeout,
};

/// Bytes of a body: more than `limits.public_body_bytes`, and more than a socket buffers.
const BODY: usize = 4 * 1024 * 1024;

/// How often each request is sent: whether an answer is lost depends on the timing.
const TIMES: usize = 3;

/// Requests that are refused: request line and headers, status, and code of the error (or text of the answer).
const REFUSED: &[(&str, u16, &str)] = &[
    (
        "POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer invented",
        401,
        "UNAUTHENTICATED",
    ),
    ("POST /graphql HTTP/1.1\r\nContent-Type: application/json", 413, "PAYLOAD_TOO_LARGE"),
    ("POST /graphql HTTP/1.1\r\nContent-Type: text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAccept: text/html", 406, "NOT_ACCEPTABLE"),
    ("PUT /graphql HTTP/1.1\r\nContent-Type: application/json", 405, "METHOD_NOT_ALLOWED"),
    ("POST /health/ready HTTP/1.1", 405, ""),
    ("POST /nowhere HTTP/1.1", 404, "There is nothing here"),
];

/// A request that is refused by [`rated`] after the first.
const TOO_OFTEN: &[(&str, u16, &str)] =
    &[("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer often", 429, "RATE_LIMITED")];

async fn desk(change: impl Fn(&mut Limits)) -> Desk {
    let mut limits = Limits { public_body_bytes: 262_144, failures_per_minute: 0, ..Limits::default() };
    change(&mut limits);
    Desk::on_sqlite().await.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() })
}

/// A newsroom that allows each token one request a minute.
async fn rated() -> Desk {
    desk(|limits| limits.token_per_minute = 1).await
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// A request with a body, chunked (a multiple of 64 kB) or with its length.
fn request(head: &str, body: usize, chunked: bool) -> Vec<u8> {
    let mut bytes = format!("{head}\r\nHost: x\r\n").into_bytes();
    if chunked {
        bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        for _ in 0..body / 65_536 {
            bytes.extend(b"10000\r\n");
            bytes.resize(bytes.len() + 65_536, b' ');
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
    } else {
        bytes.extend(format!("Content-Length: {body}\r\n\r\n").as_bytes());
        bytes.resize(bytes.len() + body, b' ');
    }
    bytes
}

/// Sends a whole request, then reads the whole answer.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> Result<String, String> {
    stream.write_all(request).await.map_err(|error| format!("sending: {error}"))?;
    stream.flush().await.map_err(|error| format!("sending: {error}"))?;
    Ok(answer(stream).await)
}

fn check(told: Result<String, String>, status: u16, code: &str, name: &str) {
    let told = told.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(told.starts_with(&format!("HTTP/1.1 {status}")) && told.contains(code), "{name}: {told}");
}

async fn answered(port: u16, requests: &[(&str, u16, &str)]) {
    for (head, status, code) in requests {
        for chunked in [false, true] {
            let request = request(head, BODY, chunked);
            for time in 0..TIMES {
                let mut stream = connect(port).await;
                let name = format!("{head}, chunked: {chunked}, {time}");
                check(exchange(&mut stream, &request).await, *status, code, &name);
                // The body was drained, so the connection can be used again.
                stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
                assert!(answer(&mut stream).await.ends_with("ok\n"), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_everything_before_it_reads_gets_the_answer() {
    let desk = desk(|_| {}).await;
    answered(desk.serve().await, REFUSED).await;
    let port = rated().await.serve().await;
    exchange(&mut connect(port).await, &request(TOO_OFTEN[0].0, 0, false)).await.unwrap();
    answered(port, TOO_OFTEN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls::files(folder.path());
    let certificate = tls::certify(&files);
    let all = [(desk(|_| {}).await, REFUSED), (rated().await, TOO_OFTEN)];
    for (desk, requests) in &all {
        let (port, _) = desk.serve_with(Some(Tls::open(files.clone()).unwrap()), std::future::pending()).await;
        let connect = async || tls::connect(port, &certificate, &["http/1.1"]).await.expect("a handshake");
        exchange(&mut connect().await, &request(TOO_OFTEN[0].0, 0, false)).await.unwrap();
        for (head, status, code) in *requests {
            for chunked in [false, true] {
                let mut stream = connect().await;
                let told = exchange(&mut stream, &request(head, BODY / 2, chunked)).await;
                check(told, *status, code, &format!("{head}, chunked: {chunked}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_that_is_too_long_is_answered_too() {
    let port = desk(|_| {}).await.serve().await;
    for _ in 0..TIMES {
        let mut stream = connect(port).await;
        let head = format!("GET / HTTP/1.1\r\nX-A: {}", "a".repeat(BODY));
        check(exchange(&mut stream, &request(&head, 0, false)).await, 431, "", "a long header");
        // The end of the stream does not wait for the lingering close.
        let begun = Instant::now();
        assert_eq!(stream.read(&mut [0; 10]).await.unwrap_or(0), 0);
        assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_that_cannot_be_parsed_is_answered() {
    let port = desk(|_| {}).await.serve().await;
    for (head, status) in [(REFUSED[1].0, 400), ("POST /nowhere HTTP/1.1", 404)] {
        for _ in 0..TIMES {
            let mut request = format!("{head}\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").into_bytes();
            request.resize(BODY, b' ');
            check(exchange(&mut connect(port).await, &request).await, status, "", head);
        }
    }
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_answered_while_it_is_sent() {
    let port = desk(|limits| limits.body_ms = 500).await.serve().await;
    let mut stream = connect(port).await;
    stream.write_all(format!("{}\r\nHost: x\r\nContent-Length: 100\r\n\r\n", REFUSED[1].0).as_bytes()).await.unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b" ").await.unwrap();
    }
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("limits.body_ms"), "{told}");
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_answered_at_once() {
    let port = desk(|_| {}).await.serve().await;
    let mut stream = connect(port).await;
    let head = format!("{}\r\nExpect: 100-continue", REFUSED[2].0);
    stream.write_all(format!("{head}\r\nHost: x\r\nContent-Length: {BODY}\r\n\r\n").as_bytes()).await.unwrap();
    let (mut told, begun) = (String::new(), Instant::now());
    stream.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 415") && told.contains("connection: close"), "{told}");
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    // A client may send the body without waiting.
    let mut stream = connect(port).await;
    check(exchange(&mut stream, &request(&head, BODY, false)).await, 415, "UNSUPPORTED_MEDIA_TYPE", "expects");
}

/// Sends zeros until the connection fails; returns how many, and how long that took.
async fn send_forever(mut stream: TcpStream, each: usize, pause: Duration) -> (usize, Duration) {
    let (mut sent, begun, zeros) = (0, Instant::now(), vec![b'0'; each]);
    while let Ok(bytes) = stream.write(&zeros).await {
        sent += bytes;
        assert!(begun.elapsed() < Duration::from_secs(20), "not cut off after {sent} bytes");
        tokio::time::sleep(pause).await;
    }
    (sent, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_without_end_is_cut_off() {
    let desk = desk(|limits| (limits.body_bytes, limits.body_ms) = (1_000_000, 500)).await;
    let port = desk.serve().await;
    let begin = async |framing: &str| {
        let mut stream = connect(port).await;
        stream.write_all(format!("POST /nowhere HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n").as_bytes()).await.unwrap();
        stream
    };
    // Fast, in one chunk without end: 8 MB are drained (eight times `body_bytes`), 16 MiB are discarded by the lingering close,
    // and some are in socket buffers.
    let endless = "Transfer-Encoding: chunked\r\n\r\nfffffffffffff";
    let (sent, _) = send_forever(begin(endless).await, 65_536, Duration::ZERO).await;
    assert!(sent > 8_000_000 && sent < 50_000_000, "{sent} bytes");
    // A body that is known to exceed the limit is not drained.
    let mut stream = begin("Content-Length: 8000001").await;
    let told = answer(&mut stream).await;
    assert!(told.starts_with("HTTP/1.1 404") && told.contains("connection: close"), "{told}");
    // Slowly: `body_ms`, then two seconds of the lingering close.
    let (_, took) = send_forever(begin(endless).await, 1, Duration::from_millis(50)).await;
    assert!(took > Duration::from_millis(2400) && took < Duration::from_secs(4), "{took:?}");
    // A client that sends nothing more is closed after `body_ms`.
    let mut stream = begin("Content-Length: 100").await;
    let (mut told, begun) = (String::new(), Instant::now());
    stream.read_to_string(&mut told).await.unwrap();
    let took = begun.elapsed();
    assert!(told.starts_with("HTTP/1.1 404") && took < Duration::from_secs(2), "{took:?}: {told}");
}

#[tokio::test]
async fn a_drain_does_not_delay_the_stop_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls::files(folder.path());
    let certificate = tls::certify(&files);
    for (name, most) in [("idle", 1000), ("idle over TLS", 1000), ("a body without end", 3000)] {
        let desk = desk(|_| {}).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let encrypted = (name == "idle over TLS").then(|| Tls::open(files.clone()).unwrap());
        let (port, end) = desk.serve_with(encrypted, async { drop(stopped.await) }).await;
        let (mut sending, mut idle, mut stream) = (None, None, connect(port).await);
        if name == "a body without end" {
            stream.write_all(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
            assert!(answer(&mut stream).await.starts_with("HTTP/1.1 404"));
            sending = Some(tokio::spawn(send_forever(stream, 1, Duration::from_millis(50))));
        } else if name == "idle" {
            stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            assert!(answer(&mut stream).await.ends_with("ok\n"));
            idle = Some(stream);
        } else {
            idle = Some(tls::connect(port, &certificate, &["http/1.1"]).await.unwrap().into_inner().0);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        // The client does not close its side.
        timeout(Duration::from_millis(most), end).await.unwrap_or_else(|_| panic!("{name}: it does not end")).unwrap();
        drop(idle);
        if let Some(sending) = sending {
            sending.await.unwrap();
        }
    }
}

/// A body whose frames are sent through a channel.
type Sent = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

fn body() -> (mpsc::Sender<Bytes>, Sent) {
    let (send, receive) = mpsc::channel(1);
    let frames = stream::unfold(receive, async |mut receive: mpsc::Receiver<Bytes>| {
        Some((Ok(Frame::data(receive.recv().await?)), receive))
    });
    (send, StreamBody::new(frames.boxed()))
}

async fn speak(port: u16) -> http2::SendRequest<Sent> {
    let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(connect(port).await)).await.unwrap();
    tokio::spawn(connection);
    send
}

/// A request with this request line and these headers, over HTTP/2.
fn ask(head: &str, body: Sent) -> Request<Sent> {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let request = Request::builder().method(first.next().unwrap()).uri(format!("http://x{}", first.next().unwrap()));
    let headers = lines.filter_map(|line| line.split_once(": "));
    headers.fold(request, |request, (name, value)| request.header(name, value)).body(body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_over_http_2_is_drained_after_the_answer() {
    let all = [(desk(|_| {}).await, REFUSED), (rated().await, TOO_OFTEN)];
    for (desk, requests) in &all {
        let mut send = speak(desk.serve().await).await;
        let _ = send.send_request(ask(TOO_OFTEN[0].0, body().1)).await.unwrap();
        for (head, status, code) in *requests {
            let (sender, body) = body();
            let sending = tokio::spawn(async move {
                for _ in 0..25 {
                    if sender.send(Bytes::from(vec![b' '; 32_768])).await.is_err() {
                        return false;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                true
            });
            let answered = send.send_request(ask(head, body)).await.unwrap_or_else(|error| panic!("{head}: {error}"));
            assert_eq!(answered.status(), *status, "{head}");
            let told = answered.into_body().collect().await.unwrap_or_else(|error| panic!("{head}: {error}"));
            let told = String::from_utf8(told.to_bytes().to_vec()).unwrap();
            assert!(told.contains(code), "{head}: {told}");
            assert!(sending.await.unwrap(), "{head}: its body was reset");
        }
    }
}

#[tokio::test]
async fn a_stream_is_reset_without_an_error_after_the_answer() {
    let port = desk(|limits| limits.body_ms = 300).await.serve().await;
    let mut stream = connect(port).await;
    // :method POST, :scheme http, :path /nowhere, :authority x (RFC 7541, appendix A); the end of the headers only.
    let headers = frame(1, 4, 1, b"\x83\x86\x04\x08/nowhere\x01\x01x");
    let sent = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[]), &headers].concat();
    stream.write_all(&sent).await.unwrap();
    let (mut told, reset) = (Vec::new(), frame(3, 0, 1, &[0; 4]));
    let ended = async {
        while !told.windows(reset.len()).any(|bytes| bytes == reset) {
            assert!(stream.read_buf(&mut told).await.unwrap() > 0, "{told:?}");
        }
    };
    timeout(Duration::from_secs(2), ended).await.expect("a reset");
    let text = String::from_utf8_lossy(&told);
    assert!(text.contains("There is nothing here"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_http_2_without_end_are_reset() {
    let desk = desk(|limits| limits.body_ms = 500).await;
    let mut send = speak(desk.serve().await).await;
    let begun = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..100 {
        let (sender, body) = body();
        let answered = send.send_request(ask("POST /nowhere HTTP/1.1", body)).await.unwrap();
        assert_eq!(answered.status(), 404);
        streams.push(sender);
    }
    for sender in streams {
        while sender.send(Bytes::from_static(b" ")).await.is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(5), "not reset");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // The connection can still be used.
    let (sender, body) = body();
    drop(sender);
    let answered = send.send_request(ask("GET /health/live HTTP/1.1", body)).await.unwrap();
    assert_eq!(answered.status(), 200);
    let query = "{ viewer { name } }";
    assert_eq!(desk.data(Who::Public, query, serde_json::json!({})).await["viewer"]["name"], "public");
}
