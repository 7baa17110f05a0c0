//! Benchmark of the whole server: HTTP over loopback, 16 connections, varying requests.
//!
//! Prints for each workload the requests per second, relative to the smallest query and to the previous size of the
//! newsroom. Also prints the rate of cached responses relative to a server that sends constant bytes. Only the
//! ratios are meaningful, because server and clients share the machine.
//!
//! cargo bench --bench server                        # 10,000 and 100,000 releases
//! cargo bench --bench server -- 10000 1000000       # other sizes
//! cargo bench --bench server -- --url postgres://user@127.0.0.1/empty 100000

#![expect(clippy::print_stdout, reason = "a benchmark prints its results as a table")]

mod newsroom;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, http::header, routing::post};
use dateline::{app::App, config::HttpConfig, http::transport::server};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::newsroom::{Newsroom, Random, TOPICS, arguments};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Number of connections, each with one request in flight.
const CONNECTIONS: usize = 16;
/// Measurement time of each workload. A warm-up of `WARM_UP` precedes it and is not counted.
const SPAN: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_millis(700);
/// Number of different requests of each workload.
const REQUESTS: usize = 400;

const ROW: &str =
    "slug headline summary releaseDate dateline { places { name } } topics { slug name } places { slug name }";

/// A workload: its name, its query, and a generator of the variables of one request. Without a query, the generator
/// returns the address of a page.
type Workload = (&'static str, String, fn(&mut Random) -> Value);

fn workloads() -> Vec<Workload> {
    let topic: fn(&mut Random) -> Value = |random| json!({ "t": format!("topic-{}", random.below(TOPICS)) });
    vec![
        ("the smallest query", "{ __typename }".to_owned(), |_| json!({})),
        ("newest 20", format!("{{ releases {{ nodes {{ {ROW} }} }} }}"), |_| json!({})),
        (
            "20 of a topic from a date",
            format!("query($t: Slug!, $f: Date!) {{ releases(filter: {{topics: {{any: [{{slug: $t}}]}}, releaseDate: {{from: $f}}}}) {{ nodes {{ {ROW} }} }} }}"),
            |random| json!({ "t": format!("topic-{}", random.below(TOPICS)), "f": format!("{}-01-01", 2000 + random.below(20)) }),
        ),
        (
            "one by slug, with its body",
            "query($s: Slug!) { release(ref: {slug: $s}) { slug headline body { markdown } topics { slug name } places { slug name } } }".to_owned(),
            |random| json!({ "s": format!("release-{}", random.below(9000)) }),
        ),
        ("top 20 topics", "{ topicAggregates(rollUp: false) { count topic { slug name } } }".to_owned(), |_| json!({})),
        (
            "top 20 topics, kind and dates",
            "query($f: Date!, $u: Date!) { topicAggregates(rollUp: false, filter: {kinds: [SPEECH, OPINION], releaseDate: {from: $f, until: $u}}) { count topic { slug name } } }".to_owned(),
            |random| json!({ "f": format!("{}-03-05", 2000 + random.below(20)), "u": format!("{}-02-10", 2021 + random.below(4)) }),
        ),
        (
            "months of a topic, ten years",
            "query($t: Slug!) { releaseStats(filter: {topics: {any: [{slug: $t}], includeNarrower: false}}) { timeline(interval: MONTH, range: {from: \"2010-01-01\", until: \"2019-12-31\"}) { points { label count } } } }".to_owned(),
            topic,
        ),
        ("count of a topic", "query($t: Slug!) { releases(filter: {topics: {any: [{slug: $t}]}}) { totalCount } }".to_owned(), topic),
        (
            "20 best matches of two words",
            format!("query($q: String!) {{ releases(search: {{text: $q}}) {{ nodes {{ {ROW} }} }} }}"),
            |random| json!({ "q": format!("measure {}", random.below(9000)) }),
        ),
        ("home page, of a topic", String::new(), |random| json!(format!("/?topic=topic-{}", random.below(TOPICS)))),
        ("page of a release", String::new(), |random| json!(format!("/releases/release-{}", random.below(9000)))),
        ("Atom feed of a topic", String::new(), |random| json!(format!("/feed.atom?topic=topic-{}", random.below(TOPICS)))),
    ]
}

/// Sends requests over one connection until `until`. Returns the number of responses since `count_from`, so that
/// the warm-up is not counted.
async fn client(
    address: SocketAddr,
    requests: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    count_from: Instant,
    until: Instant,
) -> usize {
    let mut stream = TcpStream::connect(address).await.expect("connect to the server");
    stream.set_nodelay(true).expect("set a socket option");
    let (mut answered, mut buffer) = (0, Vec::with_capacity(64 * 1024));
    while Instant::now() < until {
        let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
        stream.write_all(request.as_bytes()).await.expect("send the request");
        let length = read_answer(&mut stream, &mut buffer).await;
        let answer = &buffer[buffer.len() - length..];
        // One release in twenty is a draft, whose page says that nothing is there.
        let is_page = [&b"HTTP/1.1 200"[..], b"HTTP/1.1 404"].iter().any(|start| buffer.starts_with(start))
            && answer.starts_with(b"<");
        assert!(is_page || answer.starts_with(b"{\"data\""), "{request}: {}", String::from_utf8_lossy(answer));
        answered += usize::from(Instant::now() >= count_from);
    }
    answered
}

/// Builds a complete HTTP request.
fn request(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Reads a complete response into the buffer. The buffer then ends with the response body, whose length is
/// returned.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> usize {
    buffer.clear();
    loop {
        assert!(
            stream.read_buf(buffer).await.expect("receive a response") > 0,
            "the server closed the connection before the response"
        );
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let length = length.expect("a response with Content-Length");
        while buffer.len() < end + 4 + length {
            assert!(
                stream.read_buf(buffer).await.expect("receive a response") > 0,
                "the server closed the connection during the response"
            );
        }
        return length;
    }
}

async fn requests_a_second(address: SocketAddr, (_, query, variables): &Workload) -> f64 {
    let mut random = Random(3);
    let request = |_| match variables(&mut random) {
        Value::String(path) => format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        variables => request(&json!({ "query": query, "variables": variables }).to_string()),
    };
    let requests: Arc<Vec<String>> = Arc::new((0..REQUESTS).map(request).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let count_from = Instant::now() + WARM_UP;
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(client(address, requests.clone(), next.clone(), count_from, count_from + SPAN)))
        .collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await.expect("a client task panicked");
    }
    answered as f64 / SPAN.as_secs_f64()
}

#[tokio::main]
async fn main() {
    let (sizes, folder, url) = arguments();
    let log = std::fs::File::create(folder.join("access.log")).expect("create the log");
    tracing_subscriber::fmt().with_writer(log).with_ansi(false).init();
    let mut before: Vec<f64> = Vec::new();
    for releases in sizes {
        let newsroom = Newsroom::prepare(releases, &folder, url.as_deref()).await;
        // Disable the response cache, so that every request is executed.
        let (address, server) =
            serve(newsroom.app.clone().with_http_config(HttpConfig { cache_bytes: 0, ..HttpConfig::default() })).await;
        let background = tokio::spawn({
            let app = newsroom.app.clone();
            async move { app.run_background_tasks().await }
        });
        while newsroom.app.search_progress() != Some(100) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        println!("\n## {releases} releases\n");
        println!("load {:.2} s, {:.0} MB", newsroom.loaded.as_secs_f64(), newsroom.memory as f64 / 1e6);
        if !newsroom.imported.is_zero() {
            println!("import {:.1} s", newsroom.imported.as_secs_f64());
        }
        println!(
            "\n| workload | requests per second | relative to the smallest query | relative to the previous size |\n|---|---|---|---|"
        );
        let mut measured: Vec<f64> = Vec::new();
        for (number, workload) in workloads().iter().enumerate() {
            let rate = requests_a_second(address, workload).await;
            let smallest = measured.first().copied().unwrap_or(rate);
            let growth =
                before.get(number).map_or_else(|| "–".to_owned(), |previous| format!("{:.2}", rate / previous));
            println!("| {} | {rate:.0} | {:.3} | {growth} |", workload.0, rate / smallest);
            measured.push(rate);
        }
        before = measured;
        server.abort();
        measure_cached(&newsroom).await;
        background.abort();
    }
}

/// Starts a server like the one of `dateline serve`.
async fn serve(app: Arc<App>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a port");
    let address = listener.local_addr().expect("read the local address");
    (address, tokio::spawn(server::serve(app, listener, None, std::future::pending())))
}

/// Starts a server that sends the same bytes in response to every request.
async fn constant_server(answer: String) -> (SocketAddr, JoinHandle<()>) {
    let bytes = Bytes::from(answer);
    let router = Router::new()
        .route("/graphql", post(async move || ([(header::CONTENT_TYPE, "application/json")], bytes.clone())));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a port");
    let address = listener.local_addr().expect("read the local address");
    (address, tokio::spawn(async move { axum::serve(listener, router).await.expect("the server failed") }))
}

/// Measures cached public responses, with the access log on, relative to a server that sends the same bytes as a
/// constant.
async fn measure_cached(newsroom: &Newsroom) {
    let (address, server) = serve(newsroom.app.clone()).await;
    println!("\n| cached response | bytes | requests per second | relative to constant bytes |\n|---|---|---|---|");
    for workload in workloads().into_iter().filter(|(name, ..)| ["the smallest query", "newest 20"].contains(name)) {
        let mut stream = TcpStream::connect(address).await.expect("connect to the server");
        let mut buffer = Vec::new();
        let body = json!({ "query": workload.1, "variables": {} }).to_string();
        stream.write_all(request(&body).as_bytes()).await.expect("send the request");
        let length = read_answer(&mut stream, &mut buffer).await;
        let answer = String::from_utf8_lossy(&buffer[buffer.len() - length..]).into_owned();
        let (baseline_address, constant_server) = constant_server(answer).await;
        let (mut cached, mut baseline) = (0.0, 0.0);
        for _ in 0..3 {
            baseline += requests_a_second(baseline_address, &workload).await / 3.0;
            cached += requests_a_second(address, &workload).await / 3.0;
        }
        println!("| {} | {length} | {cached:.0} | {:.2} |", workload.0, cached / baseline);
        constant_server.abort();
    }
    server.abort();
}
