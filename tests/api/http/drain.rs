//! Tests that a client receives the response if the server rejects a request before reading the whole body, over
//! HTTP/1.1, TLS, and HTTP/2. The server drains (reads and discards) the rest of the body within limits. It cuts off
//! a client that never stops sending.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::http::Request;
use dateline::{config::HttpConfig, http::transport::tls::Tls, limits::Limits};
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

use super::{
    connections::{frame, read_response},
    tls,
};
use crate::harness::{Caller, TestServer};

/// Body size in bytes. It exceeds `limits.public_body_bytes` and the capacity of socket buffers.
const BODY: usize = 4 * 1024 * 1024;

/// How often a test sends each request. A response is lost only at an unlucky time, so one attempt would prove
/// little.
const REPETITIONS: usize = 3;

/// Requests that every server rejects: request line and headers, expected status, and expected error code (or text in
/// the response).
const REJECTED_REQUESTS: &[(&str, u16, &str)] = &[
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
    ("POST /nowhere HTTP/1.1", 404, "Not found"),
];

/// A request that [`rate_limited_server`] accepts once and then rejects, with the expected status and error code.
const RATE_LIMITED_REQUESTS: &[(&str, u16, &str)] =
    &[("POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer often", 429, "RATE_LIMITED")];

async fn server_with_limits(change: impl Fn(&mut Limits)) -> TestServer {
    let mut limits = Limits { public_body_bytes: 262_144, failures_per_minute: 0, ..Limits::default() };
    change(&mut limits);
    TestServer::on_sqlite().await.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() })
}

/// Creates a newsroom that allows each token one request per minute.
async fn rate_limited_server() -> TestServer {
    server_with_limits(|limits| limits.token_per_minute = 1).await
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Returns the bytes of a request with a body of `body` bytes. The body has either a `Content-Length` or, if
/// `chunked`, chunks of 64 KiB; `body` must then be a multiple of 64 KiB.
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

/// Sends the whole request, then reads the response.
async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> Result<String, String> {
    stream.write_all(request).await.map_err(|error| format!("sending: {error}"))?;
    stream.flush().await.map_err(|error| format!("sending: {error}"))?;
    Ok(read_response(stream).await)
}

fn assert_response(response: Result<String, String>, status: u16, code: &str, name: &str) {
    let response = response.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(response.starts_with(&format!("HTTP/1.1 {status}")) && response.contains(code), "{name}: {response}");
}

async fn assert_responses(port: u16, requests: &[(&str, u16, &str)]) {
    for (head, status, code) in requests {
        for chunked in [false, true] {
            let request = request(head, BODY, chunked);
            for time in 0..REPETITIONS {
                let mut stream = connect(port).await;
                let name = format!("{head}, chunked: {chunked}, {time}");
                assert_response(exchange(&mut stream, &request).await, *status, code, &name);
                // The server has drained the body, so the connection accepts the next request.
                stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
                assert!(read_response(&mut stream).await.ends_with("ok\n"), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_everything_before_it_reads_gets_the_response() {
    let server = server_with_limits(|_| {}).await;
    assert_responses(server.serve().await, REJECTED_REQUESTS).await;
    let port = rate_limited_server().await.serve().await;
    exchange(&mut connect(port).await, &request(RATE_LIMITED_REQUESTS[0].0, 0, false)).await.unwrap();
    assert_responses(port, RATE_LIMITED_REQUESTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_everything_before_it_reads_gets_the_response_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls::certificate_files(folder.path());
    let certificate = tls::write_new_certificate(&files);
    let all =
        [(server_with_limits(|_| {}).await, REJECTED_REQUESTS), (rate_limited_server().await, RATE_LIMITED_REQUESTS)];
    for (server, requests) in &all {
        let (port, _) = server.serve_with(Some(Tls::open(files.clone()).unwrap()), std::future::pending()).await;
        let connect = async || tls::connect(port, &certificate, &["http/1.1"]).await.expect("TLS handshake");
        exchange(&mut connect().await, &request(RATE_LIMITED_REQUESTS[0].0, 0, false)).await.unwrap();
        for (head, status, code) in *requests {
            for chunked in [false, true] {
                let mut stream = connect().await;
                let response = exchange(&mut stream, &request(head, BODY / 2, chunked)).await;
                assert_response(response, *status, code, &format!("{head}, chunked: {chunked}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlong_header_gets_a_response() {
    let port = server_with_limits(|_| {}).await.serve().await;
    for _ in 0..REPETITIONS {
        let mut stream = connect(port).await;
        let head = format!("GET / HTTP/1.1\r\nX-A: {}", "a".repeat(BODY));
        assert_response(exchange(&mut stream, &request(&head, 0, false)).await, 431, "", "a long header");
        // The server sends the end of the stream at once, before its lingering close (reading and discarding) ends.
        let started = Instant::now();
        assert_eq!(stream.read(&mut [0; 10]).await.unwrap_or(0), 0);
        assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_chunk_gets_a_response() {
    let port = server_with_limits(|_| {}).await.serve().await;
    for (head, status) in [(REJECTED_REQUESTS[1].0, 400), ("POST /nowhere HTTP/1.1", 404)] {
        for _ in 0..REPETITIONS {
            let mut request = format!("{head}\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").into_bytes();
            request.resize(BODY, b' ');
            assert_response(exchange(&mut connect(port).await, &request).await, status, "", head);
        }
    }
}

#[tokio::test]
async fn a_slow_body_gets_a_timeout_response_while_it_is_sent() {
    let port = server_with_limits(|limits| limits.body_ms = 500).await.serve().await;
    let mut stream = connect(port).await;
    stream
        .write_all(format!("{}\r\nHost: x\r\nContent-Length: 100\r\n\r\n", REJECTED_REQUESTS[1].0).as_bytes())
        .await
        .unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b" ").await.unwrap();
    }
    let response = read_response(&mut stream).await;
    assert!(response.starts_with("HTTP/1.1 408") && response.contains("limits.body_ms"), "{response}");
}

#[tokio::test]
async fn a_client_waiting_for_100_continue_gets_the_response_at_once() {
    let port = server_with_limits(|_| {}).await.serve().await;
    let mut stream = connect(port).await;
    let head = format!("{}\r\nExpect: 100-continue", REJECTED_REQUESTS[2].0);
    stream.write_all(format!("{head}\r\nHost: x\r\nContent-Length: {BODY}\r\n\r\n").as_bytes()).await.unwrap();
    let (mut response, started) = (String::new(), Instant::now());
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 415") && response.contains("connection: close"), "{response}");
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    // A client that sends `Expect: 100-continue` may still send the body without waiting for the response.
    let mut stream = connect(port).await;
    assert_response(
        exchange(&mut stream, &request(&head, BODY, false)).await,
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Expect: 100-continue with a body",
    );
}

/// Sends zeros until the connection fails. Returns the number of bytes sent and the duration.
async fn send_forever(mut stream: TcpStream, chunk_size: usize, pause: Duration) -> (usize, Duration) {
    let (mut sent, started, zeros) = (0, Instant::now(), vec![b'0'; chunk_size]);
    while let Ok(bytes) = stream.write(&zeros).await {
        sent += bytes;
        assert!(started.elapsed() < Duration::from_secs(20), "the connection is still open after {sent} bytes");
        tokio::time::sleep(pause).await;
    }
    (sent, started.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_without_end_is_cut_off() {
    let server = server_with_limits(|limits| (limits.body_bytes, limits.body_ms) = (1_000_000, 500)).await;
    let port = server.serve().await;
    let begin_request = async |framing: &str| {
        let mut stream = connect(port).await;
        stream.write_all(format!("POST /nowhere HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n").as_bytes()).await.unwrap();
        stream
    };
    // A fast client sends one endless chunk. The server drains 8 MB (eight times `body_bytes`) and discards another
    // 16 MiB during the lingering close. The socket buffers hold the rest of what was sent.
    let endless_chunk = "Transfer-Encoding: chunked\r\n\r\nfffffffffffff";
    let (sent, _) = send_forever(begin_request(endless_chunk).await, 65_536, Duration::ZERO).await;
    assert!(sent > 8_000_000 && sent < 50_000_000, "{sent} bytes");
    // A body whose `Content-Length` exceeds the 8 MB limit is not drained; the server closes the connection.
    let mut stream = begin_request("Content-Length: 8000001").await;
    let response = read_response(&mut stream).await;
    assert!(response.starts_with("HTTP/1.1 404") && response.contains("connection: close"), "{response}");
    // A slow client sends one byte every 50 ms. The server cuts it off after `body_ms` and two seconds of lingering
    // close.
    let (_, took) = send_forever(begin_request(endless_chunk).await, 1, Duration::from_millis(50)).await;
    assert!(took > Duration::from_millis(2400) && took < Duration::from_secs(4), "{took:?}");
    // A client announces a body of 100 bytes and sends nothing. The server disconnects it after `body_ms`.
    let mut stream = begin_request("Content-Length: 100").await;
    let (mut response, started) = (String::new(), Instant::now());
    stream.read_to_string(&mut response).await.unwrap();
    let took = started.elapsed();
    assert!(response.starts_with("HTTP/1.1 404") && took < Duration::from_secs(2), "{took:?}: {response}");
}

#[tokio::test]
async fn a_drain_does_not_delay_the_stop_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls::certificate_files(folder.path());
    let certificate = tls::write_new_certificate(&files);
    for (name, max_millis) in [("idle", 1000), ("idle over TLS", 1000), ("a body without end", 3000)] {
        let server = server_with_limits(|_| {}).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let encrypted = (name == "idle over TLS").then(|| Tls::open(files.clone()).unwrap());
        let (port, end) = server.serve_with(encrypted, async { drop(stopped.await) }).await;
        let (mut sender_task, mut idle, mut stream) = (None, None, connect(port).await);
        if name == "a body without end" {
            stream.write_all(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
            assert!(read_response(&mut stream).await.starts_with("HTTP/1.1 404"));
            sender_task = Some(tokio::spawn(send_forever(stream, 1, Duration::from_millis(50))));
        } else if name == "idle" {
            stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            assert!(read_response(&mut stream).await.ends_with("ok\n"));
            idle = Some(stream);
        } else {
            idle = Some(tls::connect(port, &certificate, &["http/1.1"]).await.unwrap().into_inner().0);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        // The server must stop although the client keeps its side of the connection open.
        timeout(Duration::from_millis(max_millis), end)
            .await
            .unwrap_or_else(|_| panic!("{name}: the server does not stop"))
            .unwrap();
        drop(idle);
        if let Some(sender_task) = sender_task {
            sender_task.await.unwrap();
        }
    }
}

/// A request body that a test sends piece by piece through a channel.
type ChannelBody = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

fn body() -> (mpsc::Sender<Bytes>, ChannelBody) {
    let (send, receive) = mpsc::channel(1);
    let frames = stream::unfold(receive, async |mut receive: mpsc::Receiver<Bytes>| {
        Some((Ok(Frame::data(receive.recv().await?)), receive))
    });
    (send, StreamBody::new(frames.boxed()))
}

async fn connect_http2(port: u16) -> http2::SendRequest<ChannelBody> {
    let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(connect(port).await)).await.unwrap();
    tokio::spawn(connection);
    send
}

/// Converts an HTTP/1.1 request line and headers to an HTTP/2 request with a body.
fn http2_request(head: &str, body: ChannelBody) -> Request<ChannelBody> {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let request = Request::builder().method(first.next().unwrap()).uri(format!("http://x{}", first.next().unwrap()));
    let headers = lines.filter_map(|line| line.split_once(": "));
    headers.fold(request, |request, (name, value)| request.header(name, value)).body(body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_over_http_2_is_drained_after_the_response() {
    let all =
        [(server_with_limits(|_| {}).await, REJECTED_REQUESTS), (rate_limited_server().await, RATE_LIMITED_REQUESTS)];
    for (server, requests) in &all {
        let mut send = connect_http2(server.serve().await).await;
        let _ = send.send_request(http2_request(RATE_LIMITED_REQUESTS[0].0, body().1)).await.unwrap();
        for (head, status, code) in *requests {
            let (sender, body) = body();
            let sender_task = tokio::spawn(async move {
                for _ in 0..25 {
                    if sender.send(Bytes::from(vec![b' '; 32_768])).await.is_err() {
                        return false;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                true
            });
            let response =
                send.send_request(http2_request(head, body)).await.unwrap_or_else(|error| panic!("{head}: {error}"));
            assert_eq!(response.status(), *status, "{head}");
            let response = response.into_body().collect().await.unwrap_or_else(|error| panic!("{head}: {error}"));
            let text = String::from_utf8(response.to_bytes().to_vec()).unwrap();
            assert!(text.contains(code), "{head}: {text}");
            assert!(sender_task.await.unwrap(), "{head}: the body was reset");
        }
    }
}

#[tokio::test]
async fn an_http_2_stream_is_reset_without_an_error_after_the_response() {
    let port = server_with_limits(|limits| limits.body_ms = 300).await.serve().await;
    let mut stream = connect(port).await;
    // A HEADERS frame with END_HEADERS but not END_STREAM, so a body should follow. HPACK encodes (RFC 7541, appendix
    // A) :method POST, :scheme http, :path /nowhere, :authority x.
    let headers = frame(1, 4, 1, b"\x83\x86\x04\x08/nowhere\x01\x01x");
    let sent = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[]), &headers].concat();
    stream.write_all(&sent).await.unwrap();
    let (mut response, reset) = (Vec::new(), frame(3, 0, 1, &[0; 4]));
    let ended = async {
        while !response.windows(reset.len()).any(|bytes| bytes == reset) {
            assert!(stream.read_buf(&mut response).await.unwrap() > 0, "{response:?}");
        }
    };
    timeout(Duration::from_secs(2), ended).await.expect("RST_STREAM with NO_ERROR");
    let text = String::from_utf8_lossy(&response);
    assert!(text.contains("Not found"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_http_2_streams_are_reset() {
    let server = server_with_limits(|limits| limits.body_ms = 500).await;
    let mut send = connect_http2(server.serve().await).await;
    let started = Instant::now();
    let mut streams = Vec::new();
    for _ in 0..100 {
        let (sender, body) = body();
        let response = send.send_request(http2_request("POST /nowhere HTTP/1.1", body)).await.unwrap();
        assert_eq!(response.status(), 404);
        streams.push(sender);
    }
    for sender in streams {
        while sender.send(Bytes::from_static(b" ")).await.is_ok() {
            assert!(started.elapsed() < Duration::from_secs(5), "the streams were not reset");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // The server has reset the streams but not the connection, so the client can send another request.
    let (sender, body) = body();
    drop(sender);
    let response = send.send_request(http2_request("GET /health/live HTTP/1.1", body)).await.unwrap();
    assert_eq!(response.status(), 200);
    let query = "{ viewer { name } }";
    assert_eq!(server.data(Caller::Public, query, serde_json::json!({})).await["viewer"]["name"], "public");
}
