//! Snapshot test of the lines that a server prints and logs at startup and for requests.

use std::{fs, process::Stdio};

use crate::harness::server_process::{dateline, post, serve_with_command};

#[test]
fn the_lines_at_the_start_and_for_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = serve_with_command(dateline(folder.path()), &["--demo"], Stdio::from(fs::File::create(&log).unwrap()));
    let (port, printed) = (server.port, server.startup_output.clone());
    post(port, None, "query Name { viewer { name } }");
    post(port, None, "{ nothing }");
    post(port, Some("dateline_unknown"), "{ viewer { name } }");
    drop(server);
    let lines = format!("-- standard output\n{printed}-- standard error\n{}", fs::read_to_string(&log).unwrap());
    insta::assert_snapshot!("log", lines.lines().map(|line| stable(line, port) + "\n").collect::<String>());
}

/// Replaces the parts of a log line that differ between runs (times, durations, ids, ports, the token and the
/// version) by placeholders.
fn stable(line: &str, port: u16) -> String {
    let mut words = Vec::new();
    for word in line.replace(&format!(":{port}"), ":PORT").split(' ') {
        let is = |prefix: &str| word.starts_with(prefix);
        words.push(if word.len() > 20 && word.ends_with('Z') && is("20") {
            "TIME".to_owned()
        } else if is("ms=") {
            "ms=MS".to_owned()
        } else if is("request{id=") {
            "request{id=ID}:".to_owned()
        } else if is("dateline_") && word.len() > 40 {
            "TOKEN".to_owned()
        } else {
            word.replace(env!("CARGO_PKG_VERSION"), "VERSION")
        });
    }
    words.join(" ")
}
