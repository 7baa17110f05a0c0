//! Tests that neither the log nor the process list contains a token, a query text, or a variable.

use std::{fs, io::Read, net::TcpStream, process::Stdio};

use serde_json::json;

use crate::harness::server_process::{dateline, exchange, post, run, serve_with_command};

const QUERY_MARKER: &str = "a-word-that-only-the-query-had";

#[test]
fn untrusted_queries_are_logged_once_in_log_mode() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("documents.json"), r#"{"known": "{ viewer { name } }"}"#).unwrap();
    let log = folder.path().join("log");
    let mut command = dateline(folder.path());
    command.env("DATELINE_DOCUMENTS_MANIFEST", "documents.json").env("DATELINE_DOCUMENTS_TRUST", "log");
    let server = serve_with_command(command, &[], Stdio::from(fs::File::create(&log).unwrap()));
    let untrusted = format!("{{ viewer {{ role }} }} # {QUERY_MARKER}");
    for (query, name) in [("{ viewer { name } }", "name"), (&untrusted, "role"), (&untrusted, "role")] {
        let response = post(server.port, None, query);
        assert!(response.contains(&format!("{{\"data\":{{\"viewer\":{{\"{name}\"")), "{response}");
    }
    drop(server);
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.matches("untrusted query").count() == 1 && !log.contains(QUERY_MARKER), "{log}");
    let warning = log.lines().find(|line| line.contains("untrusted query")).unwrap();
    let (_, id) = warning.split_once("request{id=").expect("the line has the id of its request");
    let id = &id[..id.find('}').unwrap()];
    assert!(log.lines().any(|line| line.contains("dateline::access") && line.contains(id)), "{log}");
}

#[test]
fn the_log_has_requests_but_no_token_query_or_variable() {
    let folder = tempfile::tempdir().unwrap();
    let create = ["token", "create", "--subject", "Ana", "--name", "laptop", "--role", "EDITOR"];
    let (_, secret, _) = run(folder.path(), &create);
    let secret = secret
        .split_whitespace()
        .find(|word| word.starts_with("dateline_"))
        .expect("the command prints a token")
        .to_owned();
    let log = folder.path().join("log");
    let mut command = dateline(folder.path());
    command.args(["--log", "debug"]);
    let server = serve_with_command(command, &[], Stdio::from(fs::File::create(&log).unwrap()));
    let send_request = |token: Option<&str>, body: &serde_json::Value| {
        exchange(&mut TcpStream::connect(("127.0.0.1", server.port)).unwrap(), token, body).unwrap()
    };
    let named_query = json!({
        "query": format!("query Named($slug: Slug!) {{ release(ref: {{slug: $slug}}) {{ id }} viewer {{ name }} }} # {QUERY_MARKER}"),
        "variables": { "slug": QUERY_MARKER }, "operationName": "Named"
    });
    assert!(send_request(Some(&secret), &named_query).contains("Ana"));
    assert!(send_request(None, &json!({ "query": "query OnlyInTheQuery { viewer { name } }" })).contains("\"viewer\""));
    let forged_token = format!("{}x", &secret[..secret.len() - 1]);
    let rejected = send_request(Some(&forged_token), &named_query);
    assert!(rejected.starts_with("HTTP/1.1 401") && !rejected.contains(&forged_token), "{rejected}");
    assert!(
        send_request(None, &json!({ "query": format!("{{ {} }}", QUERY_MARKER.replace('-', "_")) }))
            .contains("there is no field")
    );
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!("GET /graphql?query=%7Bviewer%7Bname%7D%7D&variables=%7B%22a%22:%22{QUERY_MARKER}%22%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    // Reads the command line of the server as a process list shows it. Empty on systems without `/proc`.
    let process = fs::read(format!("/proc/{}/cmdline", server.child.id())).unwrap_or_default();
    drop(server);
    let log = fs::read_to_string(&log).unwrap();
    assert!(
        log.matches("status=200").count() >= 2 && log.contains("status=401") && log.contains("operation=\"Named\""),
        "{log}"
    );
    assert!(log.contains("operation=\"OnlyInTheQuery\"") && log.contains("address=127.0.0.1"), "{log}");
    let times: Vec<&str> = log.split(" ms=").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
    assert!(times.len() >= 5, "{log}");
    for time in times {
        let decimals = time.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert!(time.parse::<f64>().is_ok() && decimals <= 1, "{time}");
    }
    for (source, text) in [("log", log), ("process list", String::from_utf8_lossy(&process).into_owned())] {
        for sensitive in [secret.as_str(), &forged_token, QUERY_MARKER, &QUERY_MARKER.replace('-', "_")] {
            assert!(!text.contains(sensitive), "the {source} contains {sensitive:?}: {text}");
        }
    }
}
