//! Executes the fenced code blocks in the Markdown documents. The language of a block decides what is tested:
//!
//! - `graphql`: an operation that is executed on the demo newsroom. The caller is the public, unless a comment such
//!   as `<!-- as EDITOR -->` before the block names a role. The variables `$id` and `$revision` get the values of the
//!   release that the previous mutation in the document returned. If a `json` block follows, it is the expected
//!   `data`.
//! - `json`: the expected response to the block before it, or, after `<!-- import -->`, the lines of an import file
//! - `listing`: a printed listing, which is imported
//! - `toml`: a settings file, which must be valid
//! - `sh`: command lines that must parse. The body of a `curl` request is also sent to the demo newsroom; the `json`
//!   block that follows is the expected response.
//! - `text`, `mermaid`: not tested

use std::path::Path;

use clap::Parser;
use dateline::{
    cli::{Cli, demo},
    config::Layers,
    newsroom::import::ImportOptions,
};
use serde_json::{Value, json};

use super::{Block, Document, documents, root};
use crate::{
    command::import,
    harness::{Caller, TestServer, on_both_databases},
};

/// Sets the clock to 1 January 2026 and creates the content of the demo newsroom.
async fn demo_newsroom(server: &TestServer) {
    server.app.clock.set(chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc());
    demo::populate(&server.app).await.unwrap();
}

/// Returns the caller that the marker of a code block names, such as `as EDITOR`. Without a marker it is the public.
fn caller(block: &Block) -> Caller {
    match block.marker.as_deref() {
        None => Caller::Public,
        Some("as AUTHOR") => Caller::Author,
        Some("as EDITOR") => Caller::Editor,
        Some("as ADMIN") => Caller::Admin,
        Some(other) => panic!("{}: the marker `{other}` does not name a caller", block.place),
    }
}

/// Returns the release in the payload of a mutation, if the example selects the release's id.
fn release(data: &Value) -> Option<&Value> {
    let release = &data.as_object()?.values().next()?["release"];
    release["id"].is_string().then_some(release)
}

on_both_databases! {
    async fn every_query_returns_the_documented_answer(server: TestServer) {
        demo_newsroom(&server).await;
        let mut executed = 0;
        for document in documents() {
            let blocks = document.blocks();
            let (mut id, mut revision) = (None, None);
            for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "graphql") {
                let mut variables = json!({});
                if block.text.contains("$id: ID!") { variables["id"] = json!(id); }
                if block.text.contains("$revision: Int!") { variables["revision"] = json!(revision); }
                if block.text.trim_start().starts_with("subscription") {
                    let body = json!({ "query": block.text, "variables": variables }).to_string();
                    let (_, response) = server.post(server.token(caller(block)), &body).await;
                    let code = &response["errors"][0]["extensions"]["code"];
                    assert_eq!(code, "SUBSCRIPTION_NEEDS_STREAM", "{}: {response}", block.place);
                    continue;
                }
                let data = server.data(caller(block), &block.text, variables).await;
                if let Some(release) = release(&data) {
                    (id, revision) = (Some(release["id"].clone()), Some(release["revision"].clone()));
                }
                if let Some(expected) = blocks.get(index + 1).filter(|next| next.language == "json" && next.marker.is_none()) {
                    let expected: Value = serde_json::from_str(&expected.text).unwrap();
                    let expected = expected.get("data").unwrap_or(&expected);
                    assert_eq!(&data, expected, "{} must be:\n{}", block.place, serde_json::to_string_pretty(&data).unwrap());
                }
                for payload in data.as_object().unwrap().values() {
                    assert!(payload.get("userErrors").is_none_or(|errors| errors == &json!([])), "{}: {payload}", block.place);
                }
                executed += 1;
            }
        }
        assert!(executed >= 4, "only {executed} queries in the documents");
    }

    async fn every_request_of_curl_gets_the_documented_response(server: TestServer) {
        demo_newsroom(&server).await;
        let mut executed = 0;
        for document in documents() {
            let blocks = document.blocks();
            for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "sh") {
                let Some((_, rest)) = block.text.split_once("curl ").and_then(|(_, line)| line.split_once(" -d '")) else { continue };
                let (_, response) = server.post(None, rest.split('\'').next().unwrap()).await;
                let expected: Value = serde_json::from_str(&blocks[index + 1].text).unwrap();
                assert_eq!(response, expected, "{}", block.place);
                executed += 1;
            }
        }
        assert!(executed >= 1, "no request of curl in the documents");
    }

    async fn import_files_are_imported_without_a_refusal(server: TestServer) {
        demo_newsroom(&server).await;
        let blocks: Vec<Block> = documents().iter().flat_map(Document::blocks).collect();
        let mut imported = 0;
        for block in blocks {
            let is_listing = block.language == "listing";
            if is_listing || block.marker.as_deref() == Some("import") {
                let (report, rejections) = import::run(&server, &block.text, ImportOptions::default(), is_listing).await;
                assert!(rejections.is_empty(), "{}: {rejections:?}, {report:?}", block.place);
                imported += 1;
            }
        }
        assert!(imported >= 2, "only {imported} import files in the documents");
    }
}

#[test]
fn settings_files_are_valid() {
    for block in documents().iter().flat_map(Document::blocks).filter(|block| block.language == "toml") {
        let mut layers = Layers::defaults();
        layers.file(Path::new(&block.place), &block.text).unwrap();
    }
}

/// Checks that a line in a shell example is a command that exists and, for `dateline`, has valid arguments. Returns
/// the error otherwise.
fn check_command(line: &str) -> Result<(), String> {
    let words = shell_words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["dateline", ..] => parse(&words),
        ["cargo", "run", ..] if words.contains(&"--") => {
            let start = words.iter().position(|word| *word == "--").unwrap();
            parse(&[&["dateline"], &words[start + 1..]].concat())
        }
        ["just", recipe, ..] => {
            let recipes = std::fs::read_to_string(root().join("justfile")).unwrap();
            let is_known =
                recipes.lines().any(|line| line.split([':', ' ']).next() == Some(recipe) && line.contains(':'));
            if is_known { Ok(()) } else { Err(format!("justfile has no recipe {recipe}")) }
        }
        ["curl", ..] => Ok(()),
        ["cargo", "test" | "bench" | "clippy" | "fuzz" | "install" | "doc", ..] | ["cd", "fuzz"] => Ok(()),
        [program, ..] if root().join(program).is_file() => Ok(()),
        ["bash", script] if root().join(script).is_file() => Ok(()),
        _ => Err("unknown command: add it to check_command".to_owned()),
    }
}

/// Parses a `dateline` command line. Returns the parser's message if it is invalid.
fn parse(words: &[&str]) -> Result<(), String> {
    Cli::try_parse_from(words).map(drop).map_err(|error| error.to_string())
}

/// Splits a shell command line into words. Stops at a pipe, a redirection or a comment. A quoted text such as `"a b"`
/// is one word.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            let end = part.find([';', '|', '>', '<', '#', '&']).unwrap_or(part.len());
            words.extend(part[..end].split_whitespace().map(str::to_owned));
            if end < part.len() {
                break;
            }
        }
    }
    words
}

#[test]
fn commands_parse() {
    let mut unknown = Vec::new();
    for block in documents().iter().flat_map(Document::blocks).filter(|block| block.language == "sh") {
        for line in block.text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if let Err(reason) = check_command(line) {
                unknown.push(format!("{}: {line}: {reason}", block.place));
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(check_command("dateline serve --no-such-flag").is_err());
    assert!(check_command("dateline token create --subject \"Ana Lim\" --name laptop --role EDITOR").is_ok());
}

#[test]
fn every_block_has_a_language_that_is_tested() {
    for block in documents().iter().flat_map(Document::blocks) {
        // tests/browser/csv_files.py executes Python.
        let is_known = ["graphql", "json", "listing", "toml", "sh", "text", "mermaid", "python"]
            .contains(&block.language.as_str());
        assert!(is_known, "{}: no test executes `{}`", block.place, block.language);
    }
}
