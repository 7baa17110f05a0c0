//! Tests of graceful shutdown. SIGTERM must stop the server in time in every situation, and a second SIGTERM must
//! stop the server at once.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::{
    client::Client,
    database_outage::{PausedServer, WriteLock},
    fault::{ENOSPC, Fault, Faults, Operations},
    load::LoadGenerator,
    mutation::MutationKind,
    postgres::Cluster,
    program::{Program, Setup},
    proxy::Proxy,
    server_process::dateline,
    stored_rows,
};

/// Maximum time from SIGTERM to the exit. The documentation promises ten seconds; two more are allowed for a busy
/// machine.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(12);

/// Maximum time from a second SIGTERM to the exit. The documentation promises an exit "at once".
const IMMEDIATE: Duration = Duration::from_secs(2);

const DISK_FULL: Fault =
    Fault { name: "ENOSPC", operations: Operations::Writes, error: ENOSPC, only_once: false, shortened: false };

/// Starts a server on SQLite and runs a test with it.
fn on_sqlite(test: impl FnOnce(Setup, Program, Client)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    with_server(Setup { folder: folder.path(), url: &url, faults: None }, test);
}

fn with_server(setup: Setup, test: impl FnOnce(Setup, Program, Client)) {
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let client = Client { port: program.port, token };
    test(setup, program, client);
}

/// Sends SIGTERM and checks that the server exits with code 0 in time.
fn assert_stops(name: &str, mut program: Program) {
    let started = Instant::now();
    program.signal("TERM");
    let ended = program.wait_for_exit(SHUTDOWN_TIMEOUT + SHUTDOWN_TIMEOUT);
    let took = started.elapsed();
    println!("{name}: exited after {:.2} s: {ended:?}", took.as_secs_f64());
    let status = ended.unwrap_or_else(|| panic!("{name}: no exit after {:.0} s", took.as_secs_f64()));
    assert_eq!(status.code(), Some(0), "{name}: {status}");
    assert!(took < SHUTDOWN_TIMEOUT, "{name}: shutdown took {:.1} s", took.as_secs_f64());
}

#[test]
fn stops_when_idle() {
    on_sqlite(|_, program, _| {
        thread::sleep(Duration::from_millis(500));
        assert_stops("idle", program);
    });
}

/// SIGTERM must work as soon as the server has printed its address.
#[test]
fn stops_right_after_start() {
    on_sqlite(|_, program, _| assert_stops("just started", program));
}

#[test]
fn stops_under_load() {
    on_sqlite(|setup, program, client| {
        let load = LoadGenerator::start(&client, 2, 4, 300);
        thread::sleep(Duration::from_secs(1));
        assert_stops("load", program);
        let report = load.finish();
        // After a restart, all acknowledged writes must be present.
        let restarted = setup.serve();
        let inconsistencies = report.inconsistencies(&Client { port: restarted.port, ..client }, setup.url);
        assert!(inconsistencies.is_empty(), "load: {inconsistencies:?}");
    });
}

/// Sends an HTTP request without waiting for the response.
fn send(port: u16, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Reads from a connection until the received data contains a text.
fn read_until(stream: &mut TcpStream, text: &str) {
    let (mut received, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&received).contains(text) {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the connection closed after {:?}", String::from_utf8_lossy(&received));
        received.extend(&bytes[..count]);
    }
}

#[test]
fn stops_with_an_open_websocket() {
    on_sqlite(|_, program, client| {
        let mut socket = send(
            client.port,
            "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
        );
        read_until(&mut socket, "101");
        // A WebSocket text frame with the masking key 0, so the payload is unchanged.
        let init = b"{\"type\":\"connection_init\"}";
        let mut frame = vec![0x81, 0x80 | init.len() as u8, 0, 0, 0, 0];
        frame.extend(init);
        socket.write_all(&frame).unwrap();
        read_until(&mut socket, "connection_ack");
        assert_stops("WebSocket open", program);
    });
}

#[test]
fn stops_with_an_open_event_stream() {
    on_sqlite(|_, program, client| {
        let query = "subscription%20%7B%20releaseChanged%20%7B%20kind%20%7D%20%7D";
        let request = format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
        let mut events = send(client.port, &request);
        read_until(&mut events, "text/event-stream");
        assert_stops("event stream open", program);
    });
}

/// A child process. Dropping this value kills the process.
struct ChildProcess(Child);

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn import(folder: &Path, url: &str) -> ChildProcess {
    let line = |number: usize| {
        format!(
            "{{\"type\":\"release\",\"headline\":\"Imported {number}\",\"releaseDate\":\"2006-05-01\",\"state\":\"PUBLISHED\"}}\n"
        )
    };
    fs::write(folder.join("many.ndjson"), (0..5000).map(line).collect::<String>()).unwrap();
    let mut command = dateline(folder);
    command.args(["import", "many.ndjson", "--database", url]).stdout(Stdio::null()).stderr(Stdio::null());
    ChildProcess(command.spawn().unwrap())
}

#[test]
fn stops_during_an_import() {
    on_sqlite(|setup, program, _| {
        let _import = import(setup.folder, setup.url);
        thread::sleep(Duration::from_secs(1));
        assert_stops("concurrent import", program);
    });
}

fn on_postgres(test: impl FnOnce(&mut Cluster, Program, Client)) {
    let Some(mut cluster) = Cluster::private() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &database.url, faults: None };
    with_server(setup, |_, program, client| test(&mut cluster, program, client));
}

/// Starts threads that each send a request and wait for the database.
fn send_waiting_requests(client: &Client) -> Vec<thread::JoinHandle<()>> {
    let send_request = |number: usize| {
        let client = client.clone();
        thread::spawn(move || {
            let (create, list) =
                ("mutation { releaseCreate(input: {headline: \"x\"}) { userErrors { code } } }", "{ viewer { name } }");
            // The result is ignored, because the shutdown may close the connection without a response.
            let _ = client.execute(if number.is_multiple_of(2) { create } else { list }, &json!({}), None);
        })
    };
    let requests = (0..4).map(send_request).collect();
    thread::sleep(Duration::from_millis(500));
    requests
}

#[test]
fn stops_while_postgres_is_down() {
    on_postgres(|cluster, program, client| {
        cluster.owned_server().unwrap().control("stop fast");
        let _requests = send_waiting_requests(&client);
        assert_stops("PostgreSQL stopped", program);
        cluster.owned_server().unwrap().control("start");
    });
}

#[test]
fn stops_while_postgres_is_paused() {
    on_postgres(|cluster, program, client| {
        let _paused = PausedServer::new(&cluster.owned_server().unwrap().folder);
        let _requests = send_waiting_requests(&client);
        assert_stops("PostgreSQL paused", program);
    });
}

#[test]
fn stops_while_sqlite_is_locked() {
    on_sqlite(|setup, program, client| {
        let _locked = WriteLock::new(setup.url);
        let _requests = send_waiting_requests(&client);
        assert_stops("SQLite locked", program);
    });
}

#[test]
fn stops_with_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::new(folder.path()) else { return };
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    with_server(Setup { folder: folder.path(), url: &url, faults: Some(&faults) }, |_, program, client| {
        let mutation = MutationKind::ReleaseCreate.prepare(&client).unwrap();
        faults.arm(&DISK_FULL, 0);
        println!("disk full: {}", mutation.result(&client));
        assert_stops("disk full", program);
        faults.disarm();
    });
}

/// Sends SIGTERM while `serve` waits for a lock on the database before it migrates. The server may exit with any
/// status, but must exit in time.
#[test]
fn stops_during_a_migration() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("newsroom.db").display());
    stored_rows::runtime().block_on(async {
        let connection = stored_rows::connect(&url).await;
        connection.execute_unprepared("PRAGMA journal_mode = WAL").await.unwrap();
        connection.close().await.unwrap();
    });
    let url = url.trim_end_matches("?mode=rwc");
    let _locked = WriteLock::new(url);
    let (mut program, _port) = Setup { folder: folder.path(), url, faults: None }.spawn();
    thread::sleep(Duration::from_secs(2));
    let started = Instant::now();
    program.signal("TERM");
    let ended = program.wait_for_exit(SHUTDOWN_TIMEOUT);
    println!("during a migration: exited after {:.2} s: {ended:?}", started.elapsed().as_secs_f64());
    assert!(ended.is_some(), "during a migration: no exit in time");
}

/// Sends two SIGTERM signals while requests wait for a database that does not respond. After the first signal the
/// server waits for the requests; after the second signal it must exit at once.
#[test]
fn a_second_signal_stops_at_once() {
    let Some(cluster) = crate::postgres::available() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let proxy = Proxy::new(&database.url);
    let (url, folder) = (proxy.url(&database.url), tempfile::tempdir().unwrap());
    with_server(Setup { folder: folder.path(), url: &url, faults: None }, |_, mut program, client| {
        proxy.stall();
        let _requests = send_waiting_requests(&client);
        program.signal("TERM");
        thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        program.signal("TERM");
        let ended = program.wait_for_exit(SHUTDOWN_TIMEOUT + SHUTDOWN_TIMEOUT);
        let took = started.elapsed();
        println!("second signal: exited after {:.2} s: {ended:?}", took.as_secs_f64());
        assert!(ended.is_some() && took < IMMEDIATE, "exit took {:.1} s after the second signal", took.as_secs_f64());
    });
}
