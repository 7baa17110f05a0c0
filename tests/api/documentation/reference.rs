//! Tests of names in the Markdown documents. Each setting and error code that a document mentions must exist, and
//! each WebSocket close code that the server uses, and each direct dependency, must be documented.

use std::{collections::BTreeSet, fs};

use dateline::{config, error_code};

use super::{documents, root};

/// Returns the texts between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_setting_that_a_document_names_exists() {
    let table = config::table();
    let settings: BTreeSet<&str> = code_spans(&table).collect();
    let prefixes = ["cache.", "clock.", "documents.", "limits.", "rate.", "tls.", "workflow.", "DATELINE_", "oidc_"];
    let mut unknown = Vec::new();
    for document in documents() {
        for span in code_spans(&document.text) {
            let name = span.split([' ', '=']).next().unwrap_or_default();
            let is_setting = prefixes.iter().any(|prefix| name.starts_with(prefix));
            if is_setting && !name.starts_with("DATELINE_TEST_") && !settings.contains(name) {
                unknown.push(format!("{}: {name}", document.path));
            }
        }
    }
    assert!(unknown.is_empty(), "documents name settings that do not exist:\n{}", unknown.join("\n"));
}

#[test]
fn every_error_code_that_a_document_names_exists() {
    let table = error_code::markdown_table();
    let schema = dateline::graphql::sdl();
    let known: BTreeSet<&str> = code_spans(&table).chain(schema.split_whitespace()).collect();
    let is_code = |span: &str| {
        span.contains('_') && span.chars().all(|c| c.is_ascii_uppercase() || c == '_') && !span.starts_with("DATELINE_")
    };
    // Names of other programs that look like error codes: SQLite result codes, an HTTP/2 error code, and environment
    // variables.
    let foreign =
        ["SQLITE_FULL", "SQLITE_IOERR", "HTTPS_PROXY", "NO_PROXY", "NO_ERROR", "FUZZ_SEED", "MIMALLOC_PURGE_DELAY"];
    let mut unknown = Vec::new();
    for document in documents().iter().filter(|document| document.path != "CHANGELOG.md") {
        for span in code_spans(&document.text).filter(|span| is_code(span)) {
            if !known.contains(span) && !foreign.contains(&span) {
                unknown.push(format!("{}: {span}", document.path));
            }
        }
    }
    assert!(unknown.is_empty(), "documents name codes that do not exist:\n{}", unknown.join("\n"));
}

#[test]
fn every_close_code_of_a_websocket_is_documented() {
    let page = fs::read_to_string(root().join("docs/wire.md")).unwrap();
    let mut codes = BTreeSet::new();
    for file in ["websocket.rs", "websocket_message.rs"] {
        let source = fs::read_to_string(root().join("src/http/streaming").join(file)).unwrap();
        for (at, _) in source.match_indices("Close::new(") {
            let code: String = source[at + 11..].chars().take_while(char::is_ascii_digit).collect();
            codes.extend(Some(code).filter(|code| code.len() == 4));
        }
    }
    assert!(codes.len() >= 8, "only {codes:?} were found in the source");
    let missing: Vec<&String> = codes.iter().filter(|code| !page.contains(&format!("| {code} |"))).collect();
    assert!(missing.is_empty(), "docs/wire.md lacks the close codes {missing:?}");
}

#[test]
fn every_direct_dependency_is_described() {
    let mut dependencies = BTreeSet::new();
    for manifest in
        ["Cargo.toml", "entity/Cargo.toml", "markup/Cargo.toml", "migration/Cargo.toml", "search/Cargo.toml"]
    {
        let manifest: toml::Table = fs::read_to_string(root().join(manifest)).unwrap().parse().unwrap();
        for table in ["dependencies", "dev-dependencies"] {
            let table = manifest.get(table).and_then(toml::Value::as_table);
            dependencies.extend(table.into_iter().flat_map(toml::Table::keys).cloned());
        }
    }
    for member in ["entity", "markup", "migration", "search"] {
        dependencies.remove(member);
    }
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    let described: BTreeSet<String> = cells.flat_map(|cell| cell.split('`').step_by(2)).map(str::to_owned).collect();
    let described: BTreeSet<String> = described.into_iter().filter(|name| !name.trim().is_empty()).collect();
    assert_eq!(described, dependencies, "docs/dependencies.md must describe each direct dependency");
}
