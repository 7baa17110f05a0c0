//! SIGTERM ends the server soon, whatever happens; a second one ends it at once.

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
    client::Caller,
    database_outage::{Locked, Paused},
    fault::{ENOSPC, Fault, Faults, Operations},
    load::Load,
    mutation::Kind,
    postgres::Cluster,
    program::{Program, Setup},
    proxy::Proxy,
    server_process::dateline,
    stored_rows,
};

/// Ten seconds are promised.
const END: Duration = Duration::from_secs(12);

/// "At once" is promised.
const AT_ONCE: Duration = Duration::from_secs(2);

const FULL: Fault =
    Fault { name: "ENOSPC", operations: Operations::Writes, error: ENOSPC, once: false, shortened: false };

/// A newsroom on SQLite, served.
fn on_sqlite(test: impl FnOnce(Setup, Program, Caller)) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    served(Setup { folder: folder.path(), url: &url, faults: None }, test);
}

fn served(setup: Setup, test: impl FnOnce(Setup, Program, Caller)) {
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let caller = Caller { port: program.port, token };
    test(setup, program, caller);
}

/// Tells it to stop, and sees how long that takes.
fn ends(name: &str, mut program: Program) {
    let begun = Instant::now();
    program.signal("TERM");
    let ended = program.ended_within(END + END);
    let took = begun.elapsed();
    println!("{name}: ended after {:.2} s: {ended:?}", took.as_secs_f64());
    let status = ended.unwrap_or_else(|| panic!("{name}: it has not ended after {:.0} s", took.as_secs_f64()));
    assert_eq!(status.code(), Some(0), "{name}: {status}");
    assert!(took < END, "{name}: it took {:.1} s", took.as_secs_f64());
}

#[test]
fn idle() {
    on_sqlite(|_, program, _| {
        thread::sleep(Duration::from_millis(500));
        ends("idle", program);
    });
}

/// Whoever reads that it serves may stop it.
#[test]
fn just_started() {
    on_sqlite(|_, program, _| ends("just started", program));
}

#[test]
fn under_load() {
    on_sqlite(|setup, program, caller| {
        let load = Load::begin(&caller, 2, 4, 300);
        thread::sleep(Duration::from_secs(1));
        ends("load", program);
        let report = load.end();
        // What was answered before it stopped is there.
        let again = setup.serve();
        let lost = report.lost(&Caller { port: again.port, ..caller }, setup.url);
        assert!(lost.is_empty(), "load: {lost:?}");
    });
}

/// What is not answered at once: a request of HTTP, sent.
fn send(port: u16, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Reads until a text has come.
fn hears(stream: &mut TcpStream, text: &str) {
    let (mut heard, mut bytes) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&heard).contains(text) {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "it ended after {:?}", String::from_utf8_lossy(&heard));
        heard.extend(&bytes[..count]);
    }
}

#[test]
fn socket_open() {
    on_sqlite(|_, program, caller| {
        let mut socket = send(
            caller.port,
            "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
        );
        hears(&mut socket, "101");
        // One text frame, masked with zeros.
        let init = b"{\"type\":\"connection_init\"}";
        let mut frame = vec![0x81, 0x80 | init.len() as u8, 0, 0, 0, 0];
        frame.extend(init);
        socket.write_all(&frame).unwrap();
        hears(&mut socket, "connection_ack");
        ends("WebSocket open", program);
    });
}

#[test]
fn events_open() {
    on_sqlite(|_, program, caller| {
        let query = "subscription%20%7B%20releaseChanged%20%7B%20kind%20%7D%20%7D";
        let request = format!("GET /graphql?query={query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
        let mut events = send(caller.port, &request);
        hears(&mut events, "text/event-stream");
        ends("event stream open", program);
    });
}

/// A process beside the server; it ends with this value.
struct Beside(Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn import(folder: &Path, url: &str) -> Beside {
    let line = |number: usize| {
        format!(
            "{{\"type\":\"release\",\"headline\":\"Imported {number}\",\"releaseDate\":\"2006-05-01\",\"state\":\"PUBLISHED\"}}\n"
        )
    };
    fs::write(folder.join("many.ndjson"), (0..5000).map(line).collect::<String>()).unwrap();
    let mut command = dateline(folder);
    command.args(["import", "many.ndjson", "--database", url]).stdout(Stdio::null()).stderr(Stdio::null());
    Beside(command.spawn().unwrap())
}

#[test]
fn import_beside() {
    on_sqlite(|setup, program, _| {
        let _import = import(setup.folder, setup.url);
        thread::sleep(Duration::from_secs(1));
        ends("import beside it", program);
    });
}

fn on_postgres(test: impl FnOnce(&mut Cluster, Program, Caller)) {
    let Some(mut cluster) = Cluster::private() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &database.url, faults: None };
    served(setup, |_, program, caller| test(&mut cluster, program, caller));
}

/// A few requests that wait for the database.
fn asking(caller: &Caller) -> Vec<thread::JoinHandle<()>> {
    let ask = |number: usize| {
        let caller = caller.clone();
        thread::spawn(move || {
            let (create, list) =
                ("mutation { releaseCreate(input: {headline: \"x\"}) { userErrors { code } } }", "{ viewer { name } }");
            // It may be cut off.
            let _ = caller.ask(if number.is_multiple_of(2) { create } else { list }, &json!({}), None);
        })
    };
    let asking = (0..4).map(ask).collect();
    thread::sleep(Duration::from_millis(500));
    asking
}

#[test]
fn postgres_away() {
    on_postgres(|cluster, program, caller| {
        cluster.own().unwrap().control("stop fast");
        let _asking = asking(&caller);
        ends("PostgreSQL away", program);
        cluster.own().unwrap().control("start");
    });
}

#[test]
fn postgres_paused() {
    on_postgres(|cluster, program, caller| {
        let _paused = Paused::new(&cluster.own().unwrap().folder);
        let _asking = asking(&caller);
        ends("PostgreSQL paused", program);
    });
}

#[test]
fn sqlite_locked() {
    on_sqlite(|setup, program, caller| {
        let _locked = Locked::new(setup.url);
        let _asking = asking(&caller);
        ends("SQLite locked", program);
    });
}

#[test]
fn disk_full() {
    let folder = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::new(folder.path()) else { return };
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    served(Setup { folder: folder.path(), url: &url, faults: Some(&faults) }, |_, program, caller| {
        let act = Kind::ReleaseCreate.prepare(&caller).unwrap();
        faults.arm(&FULL, 0);
        println!("disk full: {}", act.reply(&caller));
        ends("disk full", program);
        faults.disarm();
    });
}

/// `serve` waits for somebody who has locked the database that it has to migrate. Any end will do, if it comes soon.
#[test]
fn during_a_migration() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("newsroom.db").display());
    stored_rows::runtime().block_on(async {
        let connection = stored_rows::connect(&url).await;
        connection.execute_unprepared("PRAGMA journal_mode = WAL").await.unwrap();
        connection.close().await.unwrap();
    });
    let url = url.trim_end_matches("?mode=rwc");
    let _locked = Locked::new(url);
    let (mut program, _port) = Setup { folder: folder.path(), url, faults: None }.begin();
    thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    program.signal("TERM");
    let ended = program.ended_within(END);
    println!("during a migration: ended after {:.2} s: {ended:?}", begun.elapsed().as_secs_f64());
    assert!(ended.is_some(), "during a migration: it has not ended");
}

/// A request hangs at a database that does not answer: the first signal waits for it, the second does not.
#[test]
fn a_second_time() {
    let Some(cluster) = crate::postgres::available() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let proxy = Proxy::new(&database.url);
    let (url, folder) = (proxy.url(&database.url), tempfile::tempdir().unwrap());
    served(Setup { folder: folder.path(), url: &url, faults: None }, |_, mut program, caller| {
        proxy.stall();
        let _asking = asking(&caller);
        program.signal("TERM");
        thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        program.signal("TERM");
        let ended = program.ended_within(END + END);
        let took = begun.elapsed();
        println!("a second time: ended after {:.2} s: {ended:?}", took.as_secs_f64());
        assert!(ended.is_some() && took < AT_ONCE, "it took {:.1} s after the second signal", took.as_secs_f64());
    });
}
