//! What the program tells the world of its secrets: nothing, in no log, error, or list of processes.

use std::{fs, io::Read, net::TcpStream, process::Stdio};

use serde_json::json;

use crate::harness::server_process::{dateline, exchange, post, run, serve_by};

const WORD: &str = "a-word-that-only-the-query-had";

#[test]
fn queries_that_are_not_trusted_are_logged_once_before_they_are_refused_one_day() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("documents.json"), r#"{"known": "{ viewer { name } }"}"#).unwrap();
    let log = folder.path().join("log");
    let mut command = dateline(folder.path());
    command.env("DATELINE_DOCUMENTS_MANIFEST", "documents.json").env("DATELINE_DOCUMENTS_TRUST", "log");
    let served = serve_by(command, &[], Stdio::from(fs::File::create(&log).unwrap()));
    let foreign = format!("{{ viewer {{ role }} }} # {WORD}");
    for (query, name) in [("{ viewer { name } }", "name"), (&foreign, "role"), (&foreign, "role")] {
        let answer = post(served.port, None, query);
        assert!(answer.contains(&format!("{{\"data\":{{\"viewer\":{{\"{name}\"")), "{answer}");
    }
    drop(served);
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.matches("not among the trusted documents").count() == 1 && !log.contains(WORD), "{log}");
}

#[test]
fn the_log_tells_of_requests_and_of_no_token_query_or_variable() {
    let folder = tempfile::tempdir().unwrap();
    let create = ["token", "create", "--subject", "Ana", "--name", "laptop", "--role", "EDITOR"];
    let (_, secret, _) = run(folder.path(), &create);
    let secret = secret.split_whitespace().find(|word| word.starts_with("dateline_")).expect("a token").to_owned();
    let log = folder.path().join("log");
    let mut command = dateline(folder.path());
    command.args(["--log", "debug"]);
    let served = serve_by(command, &[], Stdio::from(fs::File::create(&log).unwrap()));
    let say = |token: Option<&str>, body: &serde_json::Value| {
        exchange(&mut TcpStream::connect(("127.0.0.1", served.port)).unwrap(), token, body).unwrap()
    };
    let named = json!({
        "query": format!("query Named($slug: Slug!) {{ release(ref: {{slug: $slug}}) {{ id }} viewer {{ name }} }} # {WORD}"),
        "variables": { "slug": WORD }, "operationName": "Named"
    });
    assert!(say(Some(&secret), &named).contains("Ana"));
    assert!(say(None, &json!({ "query": "query OnlyInTheQuery { viewer { name } }" })).contains("\"viewer\""));
    let invented = format!("{}x", &secret[..secret.len() - 1]);
    let refused = say(Some(&invented), &named);
    assert!(refused.starts_with("HTTP/1.1 401") && !refused.contains(&invented), "{refused}");
    assert!(say(None, &json!({ "query": format!("{{ {} }}", WORD.replace('-', "_")) })).contains("there is no field"));
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!("GET /graphql?query=%7Bviewer%7Bname%7D%7D&variables=%7B%22a%22:%22{WORD}%22%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // As a list of processes shows it, on systems that have this file.
    let process = fs::read(format!("/proc/{}/cmdline", served.child.id())).unwrap_or_default();
    drop(served);
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
        assert!(time.parse::<f64>().is_ok() && decimals <= 3, "{time}");
    }
    for (what, text) in [("log", log), ("list of processes", String::from_utf8_lossy(&process).into_owned())] {
        for hidden in [secret.as_str(), &invented, WORD, &WORD.replace('-', "_")] {
            assert!(!text.contains(hidden), "the {what} has {hidden:?}: {text}");
        }
    }
}
