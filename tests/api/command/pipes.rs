//! Tests of commands whose output is closed or cannot be written, and of import files in other formats.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{ExitStatus, Stdio},
};

use crate::harness::server_process::{dateline, run};

/// Commands that print to standard output.
const PRINTING: [&[&str]; 10] = [
    &["--help"],
    &["import", "--help"],
    &["--version"],
    &["schema"],
    &["migrate"],
    &["check"],
    &["export"],
    &["token", "list"],
    &["token", "create", "--subject", "Bo", "--name", "y", "--role", "EDITOR"],
    &["restored"],
];

/// Runs a command whose standard output is a pipe that the reader has already closed. Returns the exit status and
/// standard error.
fn run_with_closed_stdout(folder: &Path, arguments: &[&str]) -> (ExitStatus, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = dateline(folder).args(arguments).stdout(writer).output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Imports so many releases that their export does not fit into a pipe buffer.
fn seed_sample_data(folder: &Path) {
    let body = "words ".repeat(200);
    let line = |number: u32| {
        format!(
            "{{\"type\":\"release\",\"slug\":\"r{number}\",\"headline\":\"R\",\"releaseDate\":\"2006-05-01\",\"state\":\"PUBLISHED\",\"bodyMarkdown\":\"{body}\"}}\n"
        )
    };
    fs::write(folder.join("many.ndjson"), (0..600).map(line).collect::<String>()).unwrap();
    assert_eq!(run(folder, &["import", "many.ndjson"]).0, Some(0));
    let create = ["token", "create", "--subject", "Ana", "--name", "x", "--role", "EDITOR"];
    assert_eq!(run(folder, &create).0, Some(0));
}

#[test]
fn a_command_with_a_closed_stdout_finishes_quietly() {
    let folder = tempfile::tempdir().unwrap();
    seed_sample_data(folder.path());
    for arguments in PRINTING.into_iter().chain([&["purge", "r1", "--reason", "a test", "--yes"][..]]) {
        let (status, stderr) = run_with_closed_stdout(folder.path(), arguments);
        assert!(status.code() == Some(0) && !stderr.contains("panicked"), "{arguments:?}: {status} {stderr}");
    }
    let (_, tokens, _) = run(folder.path(), &["token", "list"]);
    assert!(tokens.contains("Bo") && tokens.lines().count() == 2, "{tokens}");
    let (_, lines, _) = run(folder.path(), &["export"]);
    assert!(!lines.contains("\"r1\"") && lines.lines().count() == 600);
    // The reader of the export closes the pipe after the first line.
    let mut child =
        dateline(folder.path()).arg("export").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(child.wait().unwrap().success() && first.contains("\"version\":1") && stderr.is_empty(), "{first}{stderr}");
}

#[test]
fn an_import_continues_with_a_closed_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let valid_line = |number: u32| format!("{{\"type\":\"topic\",\"slug\":\"t{number}\",\"name\":\"T\"}}\n");
    fs::write(
        folder.path().join("f.ndjson"),
        "{\"type\":7}\n".repeat(3000) + &(0..2000).map(valid_line).collect::<String>(),
    )
    .unwrap();
    for log in ["info", "debug"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = dateline(folder.path());
        command.args(["import", "f.ndjson", "--log", log]).stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(3));
        let (code, lines, _) = run(folder.path(), &["export"]);
        assert_eq!((code, lines.lines().count()), (Some(0), 2001));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    seed_sample_data(folder.path());
    let full_device = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in PRINTING {
        let output = dateline(folder.path()).args(arguments).stdout(full_device()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(1) && stderr.contains("No space left") && !stderr.contains("panicked"),
            "{arguments:?}: {stderr}"
        );
        // If `token create` cannot print the secret, the secret is lost. The error message must then give the command
        // that revokes the new token.
        let is_creation = arguments.starts_with(&["token", "create"]);
        assert_eq!(stderr.contains("dateline token revoke token_"), is_creation, "{arguments:?}: {stderr}");
    }
    let (code, _, stderr) = run(folder.path(), &["export", "--output", "/dev/full"]);
    assert!(code == Some(1) && stderr.contains("No space left"), "{stderr}");
    let demo = ["serve", "--demo", "--database", "sqlite://demo.db", "--listen", "127.0.0.1:0"];
    let output = dateline(folder.path()).args(demo).stdout(full_device()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let advice = "the demo newsroom was created nevertheless: create a token with `dateline token create`";
    assert!(output.status.code() == Some(1) && stderr.contains("No space left") && stderr.contains(advice), "{stderr}");
    // An import succeeds even if its messages cannot be written to standard error.
    let status = dateline(folder.path()).args(["import", "many.ndjson"]).stderr(full_device()).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_file_of_another_format_is_named_before_anything_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.ndjson"), "{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"A\"}\n").unwrap();
    fs::write(folder.path().join("feed.xml"), "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"/>\n").unwrap();
    fs::write(folder.path().join("empty.ndjson"), "\n\n").unwrap();
    fs::write(folder.path().join("newer.ndjson"), "{\"type\":\"dateline\",\"version\":2}\n").unwrap();
    for (file, message) in [
        ("feed.xml", "feed.xml: this is RSS, not ndjson"),
        ("empty.ndjson", "empty.ndjson: the file is empty"),
        (
            "newer.ndjson",
            "newer.ndjson: the file has format version 2, but this version of Dateline reads only version 1",
        ),
    ] {
        let (code, _, stderr) = run(folder.path(), &["import", "good.ndjson", file]);
        assert!(code == Some(1) && stderr.contains(message) && stderr.contains("nothing was imported"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert!(!folder.path().join("dateline.db").exists());
    let with_bom = "\u{FEFF}{\"type\":\"topic\",\"slug\":\"b\",\"name\":\"B\"}\r\n";
    fs::write(folder.path().join("marked.ndjson"), with_bom).unwrap();
    let (code, _, stderr) = run(folder.path(), &["import", "marked.ndjson"]);
    assert!(code == Some(0) && stderr.contains("1 new"), "{stderr}");
}

#[test]
fn rejections_are_summarized_by_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for number in 0..100 {
        lines += &format!(
            "{{\"type\":\"release\",\"headline\":\"A\",\"releaseDate\":\"2006-02-30\",\"kind\":\"K{number}\"}}\n"
        );
        lines += &format!("{{\"type\":\"topic\",\"slug\":\"t{number}\",\"name\":\"T\",\"broader\":\"b{number}\"}}\n");
    }
    lines += "{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"L\\u0092a\\u0000\"}\n";
    fs::write(folder.path().join("f.ndjson"), lines).unwrap();
    let (code, _, stderr) = run(folder.path(), &["import", "f.ndjson"]);
    assert_eq!(code, Some(3));
    let line_numbers: Vec<u64> =
        stderr.lines().filter_map(|line| line.strip_prefix("f.ndjson:")?.split(':').next()?.parse().ok()).collect();
    assert!(line_numbers.len() == 40 && line_numbers.is_sorted(), "{stderr}");
    for line in [
        "100 refused: kind: … is not a kind of release (the first 20 are shown above)",
        "100 refused: there is no topic with the slug … (the first 20 are shown above)",
        "imported: 1 new, 0 changed, 0 unchanged, 0 conflicts, 200 refused; control characters (records affected: 1): 1 converted from Windows-1252, 1 removed",
    ] {
        assert!(stderr.contains(line), "{line} in {stderr}");
    }
}
