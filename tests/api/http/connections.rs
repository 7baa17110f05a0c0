//! Tests of connections over HTTP/1.1 and HTTP/2: header, body, write, and idle timeouts, connection limits, and
//! graceful shutdown.

use std::time::{Duration, Instant};

use axum::http::Request;
use dateline::{config::HttpConfig, limits::Limits};
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

use crate::harness::{Caller, TestServer};

/// Value of the header, body and write timeouts (`limits.header_ms`, `body_ms`, `write_ms`) of the servers in this
/// file.
const SERVER_TIMEOUT: Duration = Duration::from_millis(700);

/// Maximum time until a test server acts on a timeout: the timeout and one second.
const MAX_WAIT: Duration = Duration::from_millis(1700);

const QUERY: &str = "/graphql?query=%7Bviewer%7Bname%7D%7D";

fn http_config_with(change: impl Fn(&mut Limits)) -> HttpConfig {
    let wait = SERVER_TIMEOUT.as_millis() as u64;
    let mut limits = Limits { header_ms: wait, body_ms: wait, write_ms: wait, ..Limits::default() };
    change(&mut limits);
    HttpConfig { limits: limits.into(), ..HttpConfig::default() }
}

async fn server_with_limits(change: impl Fn(&mut Limits)) -> TestServer {
    TestServer::on_sqlite().await.with_http_config(http_config_with(change))
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

/// Reads until the server closes the connection, which must happen within [`MAX_WAIT`]. Returns the received text.
async fn read_until_closed(stream: &mut TcpStream) -> String {
    let (mut received, started) = (Vec::new(), Instant::now());
    // A connection reset, which is a read error, also counts as closed.
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut received))
        .await
        .expect("the server closes the connection");
    assert!(started.elapsed() < MAX_WAIT, "{:?}", started.elapsed());
    String::from_utf8_lossy(&received).into_owned()
}

/// Reads one HTTP/1.1 response, up to the length in `Content-Length`.
pub(crate) async fn read_response(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut chunk = [0; 4096];
        let read = timeout(Duration::from_secs(10), stream.read(&mut chunk))
            .await
            .expect("a response within 10 seconds")
            .unwrap();
        assert!(read > 0, "closed after {text:?}");
        received.extend(&chunk[..read]);
    }
}

/// Sends bytes one by one with pauses. Stops when the server has closed the connection.
async fn send_slowly(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(SERVER_TIMEOUT / 7).await;
    }
}

#[tokio::test]
async fn connections_without_a_complete_header_are_closed() {
    let server = server_with_limits(|_| {}).await;
    let port = server.serve().await;
    for sent in ["", "G", "GET /graphql HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1", "PRI * HTTP/2.0\r\n\r\n"]
    {
        let mut stream = connect(port).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let received = read_until_closed(&mut stream).await;
        assert!(!received.contains(" 5"), "{sent:?}: {received}");
    }
    let mut stream = connect(port).await;
    let started = Instant::now();
    send_slowly(&mut stream, &[b"GET / HTTP/1.1\r\n".as_slice(), &[b'a'; 60]].concat()).await;
    assert!(
        started.elapsed() < SERVER_TIMEOUT + MAX_WAIT,
        "a header sent byte by byte must time out: {:?}",
        started.elapsed()
    );
    let mut stream = connect(port).await;
    stream.write_all(format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    assert!(read_response(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(read_until_closed(&mut stream).await, "", "an idle connection is closed without a response");
}

#[tokio::test]
async fn a_slow_request_body_times_out() {
    let server = server_with_limits(|_| {}).await;
    let port = server.serve().await;
    let mut stream = connect(port).await;
    let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{\"query\":";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let slow_sender = async {
        for _ in 0..100 {
            tokio::time::sleep(SERVER_TIMEOUT / 7).await;
            if write.write_all(b" ").await.is_err() {
                break;
            }
        }
    };
    let mut response = Vec::new();
    let started = Instant::now();
    tokio::select! {
        () = slow_sender => {}
        _ = read.read_to_end(&mut response) => {}
    }
    let response = String::from_utf8_lossy(&response).into_owned();
    assert!(response.starts_with("HTTP/1.1 408") && response.contains("limits.body_ms"), "{response}");
    assert!(started.elapsed() < MAX_WAIT + MAX_WAIT);
}

/// Publishes a long release. Returns a query, encoded for a URL, whose response of 14 MB is larger than the socket
/// buffers.
async fn large_query(server: &TestServer) -> String {
    server.create_published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(180_000) })).await;
    let fields: String =
        (0..16).map(|n| format!("a{n}: release(ref: {{slug: \"long\"}}) {{ body {{ markdown }} }} ")).collect();
    form_urlencoded::byte_serialize(format!("{{ {fields} }}").as_bytes()).collect()
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_is_cut_off() {
    let server = server_with_limits(|limits| limits.connections = 2).await;
    let port = server.serve().await;
    let query = large_query(&server).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    stream.write_all(format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut beginning = [0; 100];
    stream.read_exact(&mut beginning).await.unwrap();
    assert!(beginning.starts_with(b"HTTP/1.1 200"));
    tokio::time::sleep(SERVER_TIMEOUT * 4).await;
    let mut remaining = Vec::new();
    let _ = stream.read_to_end(&mut remaining).await;
    assert!(remaining.len() < 14_000_000, "the whole response was received: {} bytes", remaining.len());
}

#[tokio::test]
async fn unread_responses_count_towards_the_memory_limit_of_an_address() {
    let server = server_with_limits(|limits| (limits.bodies_bytes, limits.write_ms) = (20_000_000, 60_000)).await;
    let port = server.serve().await;
    let query = large_query(&server).await;
    let request = |accept: &str| format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow_stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    slow_stream.write_all(request("application/json").as_bytes()).await.unwrap();
    let mut beginning = [0; 100];
    slow_stream.read_exact(&mut beginning).await.unwrap();
    assert!(beginning.starts_with(b"HTTP/1.1 200"));
    // The first client has not read its response of 14 MB. One address may use a quarter of `limits.bodies_bytes`,
    // here 5 MB.
    for accept in ["application/json", "text/event-stream"] {
        let mut other = connect(port).await;
        other.write_all(request(accept).as_bytes()).await.unwrap();
        let response = read_response(&mut other).await;
        assert!(response.starts_with("HTTP/1.1 429") && response.contains("limits.bodies_bytes"), "{response}");
        assert!(response.to_lowercase().contains("retry-after: 1"), "{response}");
    }
    drop(slow_stream);
    let request = format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n");
    let started = Instant::now();
    loop {
        let mut other = connect(port).await;
        other.write_all(request.as_bytes()).await.unwrap();
        if read_response(&mut other).await.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the memory is released when the client disconnects");
        tokio::time::sleep(SERVER_TIMEOUT / 7).await;
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_and_are_limited_per_ip_address() {
    let server = server_with_limits(|limits| limits.connections = 2).await;
    let port = server.serve().await;
    let request = format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n");
    let (mut first, _second, mut third) = (connect(port).await, connect(port).await, connect(port).await);
    first.write_all(request.as_bytes()).await.unwrap();
    assert!(read_response(&mut first).await.starts_with("HTTP/1.1 200"));
    third.write_all(request.as_bytes()).await.unwrap();
    assert!(timeout(SERVER_TIMEOUT / 4, third.read_u8()).await.is_err(), "the third connection must wait");
    drop(first);
    assert!(read_response(&mut third).await.starts_with("HTTP/1.1 200"));

    let address_limited = server_with_limits(|limits| limits.address_connections = 1).await;
    let port = address_limited.serve().await;
    let mut first = connect(port).await;
    first.write_all(request.as_bytes()).await.unwrap();
    assert!(read_response(&mut first).await.starts_with("HTTP/1.1 200"));
    assert_eq!(read_until_closed(&mut connect(port).await).await, "");
    drop(first);
    tokio::time::sleep(SERVER_TIMEOUT / 4).await;
    let mut reconnected = connect(port).await;
    reconnected.write_all(request.as_bytes()).await.unwrap();
    assert!(read_response(&mut reconnected).await.starts_with("HTTP/1.1 200"));
}

/// Opens an HTTP/2 connection whose flow control windows have `window` bytes.
async fn connect_http2(port: u16, window: u32) -> (http2::SendRequest<Empty<Bytes>>, tokio::task::JoinHandle<bool>) {
    let (send, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .initial_connection_window_size(window.max(65_535))
        .handshake(TokioIo::new(connect(port).await))
        .await
        .unwrap();
    (send, tokio::spawn(async move { connection.await.is_ok() }))
}

#[tokio::test]
async fn http_2_is_supported_with_the_same_limits() {
    let server = server_with_limits(|_| {}).await;
    let port = server.serve().await;
    let query = large_query(&server).await;
    let request = |path: &str| Request::get(format!("http://x{path}")).body(Empty::new()).unwrap();
    let (mut send, connection) = connect_http2(port, 1 << 20).await;
    let response = send.send_request(request(QUERY)).await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, axum::http::Version::HTTP_2));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, r#"{"data":{"viewer":{"name":"public"}}}"#);
    let long_header_request =
        Request::get(format!("http://x{QUERY}")).header("x-a", "a".repeat(100_000)).body(Empty::new()).unwrap();
    assert_eq!(send.send_request(long_header_request).await.map_or(431, |response| response.status().as_u16()), 431);
    let closed_cleanly =
        timeout(Duration::from_secs(10), connection).await.expect("an idle connection is closed").unwrap();
    assert!(closed_cleanly, "the server must send GOAWAY before it closes");
    // This client does not read the response body, so the flow control window stays closed after the first 1,000
    // bytes.
    let (mut send, connection) = connect_http2(port, 1000).await;
    let response = send.send_request(request(&format!("/graphql?query={query}"))).await.unwrap();
    assert_eq!(response.status(), 200);
    // The server extends the write timeout by one second for every 8 KiB of the response.
    let seconds = Duration::from_secs(16 * 900_000 / 8192);
    tokio::time::pause();
    let closed_cleanly = timeout(seconds * 2, connection).await;
    assert!(closed_cleanly.is_ok(), "the connection must be closed");
}

/// Encodes an HTTP/2 frame (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn frames_without_requests_do_not_keep_a_connection_alive() {
    let server = server_with_limits(|_| {}).await;
    let port = server.serve().await;
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[])].concat();
    let ping = frame(6, 0, 0, &[7; 8]);
    // A HEADERS frame with END_STREAM and END_HEADERS. HPACK encodes (RFC 7541, appendix A) :method GET, :scheme
    // http, :path /health/live, :authority x.
    let request = frame(1, 5, 1, b"\x82\x86\x04\x0c/health/live\x01\x01x");
    // A HEADERS frame without END_HEADERS. The header block continues in CONTINUATION frames of one byte each.
    let header = frame(1, 1, 1, b"\x82\x86");
    let continuation = frame(9, 0, 1, &[0x84]);
    let unfinished_header = frame(1, 5, 1, &[0x82; 100]);
    for (name, first, repeated, server_timeout) in [
        ("silence", &preface[..], &[][..], SERVER_TIMEOUT),
        ("pings", &preface, &ping, SERVER_TIMEOUT),
        ("a header in frames", &[preface.clone(), header].concat(), &continuation, SERVER_TIMEOUT),
        ("a header in bytes", &[preface.clone(), unfinished_header[..10].to_vec()].concat(), &[0x82], SERVER_TIMEOUT),
        // After the response, the server first waits for the write timeout, because the client may still be reading.
        ("pings after an answer", &[preface.clone(), request].concat(), &ping, SERVER_TIMEOUT * 2),
    ] {
        let mut stream = connect(port).await;
        stream.write_all(first).await.unwrap();
        let started = Instant::now();
        let (mut read, mut write) = stream.split();
        let sending = async {
            loop {
                tokio::time::sleep(SERVER_TIMEOUT / 7).await;
                if write.write_all(repeated).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let mut received = Vec::new();
        let reading = timeout(Duration::from_secs(10), read.read_to_end(&mut received));
        tokio::select! {
            () = sending => {}
            ended = reading => assert!(ended.is_ok(), "{name}: the connection was not closed"),
        }
        // The server may take one second more than its timeout, and half a second to close the connection with
        // GOAWAY.
        let max_wait = server_timeout + Duration::from_millis(1500);
        assert!(started.elapsed() < max_wait, "{name}: {:?}", started.elapsed());
        assert_eq!(
            received.windows(3).any(|bytes| bytes == b"ok\n"),
            server_timeout > SERVER_TIMEOUT,
            "{name}: {received:?}"
        );
    }
}

#[tokio::test]
async fn graceful_shutdown_finishes_requests_and_ends_streams() {
    let server = server_with_limits(|_| {}).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (port, end) = server.serve_with(None, async { drop(stopped.await) }).await;
    let mut events = connect(port).await;
    let subscription_path = "/graphql?query=subscription%7BreleaseChanged%7Brelease%7Bheadline%7D%7D%7D";
    events
        .write_all(
            format!("GET {subscription_path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
    let mut head = [0; 15];
    events.read_exact(&mut head).await.unwrap();
    let mut half_sent = connect(port).await;
    let body = json!({ "query": "{ viewer { name } }" }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    half_sent.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(SERVER_TIMEOUT / 4).await;
    stop.send(()).unwrap();
    tokio::time::sleep(SERVER_TIMEOUT / 4).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "new connections are refused");
    half_sent.write_all(body.as_bytes()).await.unwrap();
    assert!(read_until_closed(&mut half_sent).await.contains(r#"{"data":{"viewer":{"name":"public"}}}"#));
    let received = read_until_closed(&mut events).await;
    assert!(!received.contains("complete"), "{received}");
    timeout(Duration::from_secs(5), end).await.expect("the server stops").unwrap();
    assert_eq!(
        server.data(Caller::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"],
        0
    );
}

#[tokio::test]
async fn a_slow_but_steady_http_2_reader_gets_the_whole_response() {
    let server = server_with_limits(|_| {}).await;
    let port = server.serve().await;
    server.create_published(json!({ "headline": "Long", "bodyMarkdown": "word ".repeat(160_000) })).await;
    let query: String =
        form_urlencoded::byte_serialize(b"{ release(ref: {slug: \"long\"}) { body { markdown } } }").collect();
    let (mut send, connection) = connect_http2(port, 32 * 1024).await;
    let request = Request::get(format!("http://x/graphql?query={query}")).body(Empty::new()).unwrap();
    let mut body = send.send_request(request).await.unwrap().into_body();
    let (mut received, started) = (0, Instant::now());
    while let Some(frame) = body.frame().await {
        received += frame.expect("the response is not cut off").into_data().unwrap().len();
        // The client takes longer than the write timeout for the whole response, but never stops reading for so long.
        tokio::time::sleep(SERVER_TIMEOUT / 8).await;
    }
    assert!(
        received > 800_000 && started.elapsed() > SERVER_TIMEOUT * 3,
        "{received} bytes in {:?}",
        started.elapsed()
    );
    drop(send);
    let _ = connection.await;
}
