//! What the command prints: the help of every command, and what a server writes at its start and for a request.

use std::{fs, process::Stdio};

use crate::harness::server_process::{dateline, post, run, serve_with_command};

#[test]
fn the_help_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (_, top, _) = run(folder.path(), &["--help"]);
    let mut help = format!("$ dateline --help\n{top}");
    let mut commands = vec![commands_of(&top, "")];
    while let Some(level) = commands.pop() {
        for command in level {
            let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
            let (code, text, _) = run(folder.path(), &arguments);
            assert_eq!(code, Some(0), "{command}");
            help += &format!("\n$ dateline {command} --help\n{text}");
            commands.push(commands_of(&text, &format!("{command} ")));
        }
    }
    insta::assert_snapshot!("help", help);
}

/// The commands that a help text lists.
fn commands_of(help: &str, prefix: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(|name| format!("{prefix}{name}"))
        .collect()
}

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

/// A line without what differs from run to run: times, durations, ports, the token, the version and colours.
fn stable(line: &str, port: u16) -> String {
    let mut words = Vec::new();
    for word in line.replace(&format!(":{port}"), ":PORT").split(' ') {
        let is = |prefix: &str| word.starts_with(prefix);
        words.push(if word.len() > 20 && word.ends_with('Z') && is("20") {
            "TIME".to_owned()
        } else if is("ms=") {
            "ms=MS".to_owned()
        } else if is("id=") {
            "id=ID".to_owned()
        } else if is("dateline_") && word.len() > 40 {
            "TOKEN".to_owned()
        } else {
            word.replace(env!("CARGO_PKG_VERSION"), "VERSION")
        });
    }
    words.join(" ")
}
