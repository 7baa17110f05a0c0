//! Architecture tests: which module may use which other modules (see `docs/architecture.md`), the sizes of files and
//! folders, and the paths that documents mention. The tests report each violation with its line and with advice.
//!
//! - `graph`: the import graph of a crate, and its cycles
//! - `paths`: extracts the paths that a source file uses
//! - `table`: the rules for dependencies between modules

mod graph;
mod paths;
mod table;

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use graph::Graph;
use paths::{FilePaths, UsedPath, file_paths};
use table::{Access, FREE, Rule, TABLE};

/// Maximum number of lines of a Rust file. Consider splitting a file of more than 300 lines.
const MAX_LINES: usize = 400;

/// Maximum width of a comment line, in characters.
const MAX_WIDTH: usize = 120;

/// Maximum number of files in a folder.
const MAX_FILES: usize = 16;

/// A source file, with its path relative to the workspace root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Returns true if this file is the file of a module, or is in the folder of the module.
    fn is_in(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix(module);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// Returns every violation of the dependency rules, as `file:line: what, why, what to do`.
fn violations(sources: &[Source]) -> Vec<String> {
    let mut violations = Vec::new();
    for source in sources {
        let file_paths = file_paths(&source.path, &source.text);
        for rule in TABLE {
            let applies_to = |modules: &[&str]| modules.iter().any(|module| source.is_in(module));
            if !applies_to(rule.modules) || applies_to(rule.except) {
                continue;
            }
            for path in file_paths.paths.iter().filter(|path| !allowed(rule, path, &file_paths)) {
                let modules = rule.modules.join(", ");
                let (file, line, name) = (&source.path, path.line, path.segments.join("::"));
                violations.push(format!("{file}:{line}: {modules} must not use {name}; {}", rule.advice));
            }
        }
    }
    violations
}

fn allowed(rule: &Rule, path: &UsedPath, file_paths: &FilePaths) -> bool {
    let named = |patterns: &[&str]| patterns.iter().any(|pattern| names(path, pattern));
    match rule.access {
        Access::Forbid(patterns) => !named(patterns),
        Access::AllowOnly(patterns) => file_paths.is_own(path) || named(patterns),
    }
}

fn names(path: &UsedPath, pattern: &str) -> bool {
    let pattern: Vec<&str> = pattern.split("::").collect();
    let mut windows = path.segments.windows(pattern.len());
    if pattern[0].starts_with(char::is_uppercase) {
        windows.any(|window| window == pattern)
    } else {
        windows.next().is_some_and(|window| window == pattern)
    }
}

fn too_long(sources: &[Source]) -> Vec<String> {
    let measured = sources.iter().map(|source| (&source.path, source.text.lines().count()));
    let long = measured.filter(|(_, lines)| *lines > MAX_LINES);
    long.map(|(path, lines)| format!("{path}: {lines} lines, limit {MAX_LINES}: split the file")).collect()
}

/// Returns the files of the program that no dependency rule covers. Without this check, a module would escape its
/// rule when it is renamed.
fn files_without_rule(sources: &[Source]) -> Vec<String> {
    let modules: Vec<&str> =
        TABLE.iter().flat_map(|rule| rule.modules).chain(FREE).copied().filter(|module| *module != "src").collect();
    let known = |source: &&Source| modules.iter().any(|module| source.is_in(module));
    let stray = sources.iter().filter(|source| source.path.contains("src/") && !known(source));
    stray
        .map(|source| format!("{}: no rule covers this file: add its module to TABLE or to FREE", source.path))
        .collect()
}

/// Reads all Rust files of the workspace.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders =
        ["src", "entity", "markup", "migration", "search", "tests", "benches"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                let path =
                    path.strip_prefix(root).expect("the folder is below the root").to_string_lossy().into_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

#[track_caller]
fn assert_none(violations: &[String]) {
    let list = violations.iter().fold(String::new(), |mut list, line| {
        let _ = write!(list, "\n  {line}");
        list
    });
    assert!(violations.is_empty(), "{} violations:{list}", violations.len());
}

#[test]
fn every_module_uses_only_allowed_modules() {
    let sources = sources();
    for expected in
        ["src/lib.rs", "entity/src/lib.rs", "markup/src/lib.rs", "migration/src/lib.rs", "search/src/lib.rs"]
    {
        assert!(sources.iter().any(|source| source.path == expected), "{expected} was not found");
    }
    assert_none(&violations(&sources));
}

#[test]
fn every_file_is_covered_by_a_rule() {
    assert_none(&files_without_rule(&sources()));
}

#[test]
fn no_file_exceeds_the_line_limit() {
    assert_none(&too_long(&sources()));
}

/// Returns the paths of all handwritten files in the source folders of the workspace.
fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders =
        ["src", "entity", "markup", "migration", "search", "tests", "benches"].map(|folder| root.join(folder)).to_vec();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if !path.is_dir() {
                files.push(
                    path.strip_prefix(root).expect("the folder is below the root").to_string_lossy().into_owned(),
                );
            } else if !name.starts_with('.')
                && !["node_modules", "target", "__pycache__", "__generated__"].contains(&name.as_str())
            {
                folders.push(path);
            }
        }
    }
    files
}

#[test]
fn no_folder_has_too_many_files() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for file in files() {
        *counts.entry(file.rsplit_once('/').expect("the path has a folder").0.to_owned()).or_default() += 1;
    }
    assert!(counts.len() > 30, "expected more than 30 folders");
    let full = counts.iter().filter(|(_, count)| **count > MAX_FILES);
    assert_none(
        &full
            .map(|(folder, count)| format!("{folder}: {count} files, limit {MAX_FILES}: split it into subfolders"))
            .collect::<Vec<_>>(),
    );
}

/// This test enforces the width of comments, because rustfmt does not wrap them.
#[test]
fn comments_fit_the_line_width() {
    let mut long = Vec::new();
    for source in sources() {
        let lines = source.text.lines().enumerate();
        let comments =
            lines.filter(|(_, line)| line.trim_start().starts_with("//") && line.chars().count() > MAX_WIDTH);
        long.extend(comments.map(|(index, _)| format!("{}:{}: more than {MAX_WIDTH} columns", source.path, index + 1)));
    }
    assert_none(&long);
}

/// The module head of each `mod.rs` in `src` must name every file and folder that is in the same folder.
#[test]
fn every_mod_rs_maps_its_files() {
    let sources = sources();
    let mut missing = Vec::new();
    for map in sources.iter().filter(|source| source.path.starts_with("src/") && source.path.ends_with("/mod.rs")) {
        let folder = map.path.trim_end_matches("mod.rs");
        let head: String = map.text.lines().take_while(|line| line.starts_with("//!")).collect();
        for source in &sources {
            let name = source.path.strip_prefix(folder).and_then(|rest| rest.split('/').next()).unwrap_or("mod.rs");
            let name = name.trim_end_matches(".rs");
            if !["mod", "tests"].contains(&name) && !head.contains(&format!("`{name}`")) {
                missing.push(format!("{}: the module head does not name `{name}`", map.path));
            }
        }
    }
    missing.dedup();
    assert_none(&missing);
}

/// Every path that a document mentions must exist. A missing path is reported as `document:line: path`.
#[test]
fn paths_in_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents =
        vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned(), "tests/fixtures/README.md".to_owned()];
    for entry in fs::read_dir(root.join("docs")).expect("read docs").flatten() {
        documents.push(format!("docs/{}", entry.file_name().to_string_lossy()));
    }
    let mut missing = Vec::new();
    for document in
        documents.iter().filter(|document| Path::new(document).extension().is_some_and(|extension| extension == "md"))
    {
        let text = fs::read_to_string(root.join(document)).expect("a document is text");
        for (number, line) in text.lines().enumerate() {
            for word in line.split(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c))) {
                let path = word.trim_end_matches(['.', '/']);
                let top = path.split('/').next().unwrap_or_default();
                if path.contains('/')
                    && ["src", "entity", "markup", "migration", "search", "tests", "benches", "fuzz", "docs"]
                        .contains(&top)
                    && !root.join(path).exists()
                {
                    missing.push(format!("{document}:{}: {path}", number + 1));
                }
            }
        }
    }
    assert_none(&missing);
}

/// Files that are allowed to import each other: entities with SeaORM relations in both directions, and GraphQL object
/// types that have fields of each other's type.
const RECURSIVE: [&str; 4] = [
    "entity/src/concepts/place.rs",
    "entity/src/concepts/topic.rs",
    "entity/src/releases/release.rs",
    "src/graphql/types/release.rs",
];

#[test]
fn files_import_each_other_only_where_the_data_is_recursive() {
    let sources = sources();
    let mut found = Vec::new();
    for member in ["src/", "entity/src/", "markup/src/", "migration/src/", "search/src/"] {
        let files = sources.iter().filter(|source| source.path.starts_with(member));
        let graph = Graph::new(files.map(|source| (source.path.as_str(), source.text.as_str())));
        for circle in graph.circles() {
            if !RECURSIVE.iter().any(|file| circle.contains(file)) {
                found.push(format!(
                    "an import cycle of {} files:\n    {}",
                    circle.len(),
                    graph.imports_among(&circle).join("\n    ")
                ));
            }
        }
    }
    assert_none(&found);
}

/// Returns the lines that would violate the dependency rules if the file at `path` had the content `text`.
#[cfg(test)]
fn violating_lines(path: &str, text: &str) -> Vec<String> {
    let violations = violations(&[Source { path: path.to_owned(), text: text.to_owned() }]);
    violations.iter().map(|violation| violation.split(':').nth(1).expect("file:line: text").to_owned()).collect()
}

#[test]
fn a_forbidden_path_is_found_however_it_is_written() {
    let text = "use std::fmt;\n\
                use sea_orm::{EntityTrait, QueryFilter};\n\
                use {serde::Serialize, sea_orm as orm};\n\
                extern crate sea_orm;\n\
                fn f() -> Result<(), sea_orm::DbErr> { g::<::sea_orm::DbErr>(x as sea_orm::Y) }\n\
                use crate::{\n    catalog::Catalog,\n    http::{self, health},\n};\n\
                use super::super::super::cli::serve;\n\
                mod tests { use super::super::super::super::cli; use super::super::cli; }\n";
    let expected = ["2", "2", "3", "4", "5", "5", "5", "8", "8", "10", "11"];
    assert_eq!(violating_lines("src/graphql/types/topic.rs", text), expected);
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "//! sea_orm::DbErr\n/* crate::http::x /* nested */ sea_orm::Y */\n\
                const A: &str = \"sea_orm::DbErr \\\" sea_orm::X\";\n\
                const B: &str = r#\"sea_orm::X \" sea_orm::X\"#;\nconst C: [char; 3] = ['\"', '\\'', '/'];\n\
                fn f<'a>(r#type: &'a str) -> &'a str { r#type } // crate::http::x\n";
    assert_eq!(violating_lines("src/graphql/types/topic.rs", text), [""; 0]);
    assert_eq!(
        violating_lines("src/graphql/types/topic.rs", &format!("{text}use sea_orm::X;")),
        ["7"],
        "the lexer must find the first code after the literals"
    );
}

#[test]
fn each_rule_applies_only_to_its_modules() {
    let sea_orm = "use sea_orm::EntityTrait;";
    assert_eq!(violating_lines("src/catalog/query/page.rs", sea_orm), ["1"]);
    assert_eq!(violating_lines("src/catalog/sync/load/mod.rs", sea_orm), [""; 0]);
    assert_eq!(violating_lines("src/newsroom/taxonomy/topic.rs", sea_orm), [""; 0]);

    let graphql = "use crate::graphql::schema;";
    assert_eq!(violating_lines("src/cli/schema.rs", graphql), [""; 0]);
    assert_eq!(violating_lines("src/http/graphql/handler.rs", graphql), [""; 0]);
    for path in ["src/cli/serve.rs", "src/jobs.rs", "src/newsroom/taxonomy/topic.rs", "src/catalog/sync/load/mod.rs"] {
        assert_eq!(violating_lines(path, graphql), ["1"], "{path}");
    }
    assert_eq!(violating_lines("migration/src/lib.rs", "use entity::topic;"), ["1"]);
    assert_eq!(violating_lines("migration/src/lib.rs", "use sea_orm_migration::sea_orm::entity::prelude;"), [""; 0]);
    assert_eq!(violating_lines("entity/src/topic.rs", "fn f() { axum::x() }"), ["1"]);
}

#[test]
fn only_the_clock_module_reads_the_system_time() {
    let now = "fn f() { let t = chrono::Utc::now(); }\nfn g() { Utc::now() }";
    assert_eq!(violating_lines("src/http/health.rs", now), ["1", "2"]);
    assert_eq!(violating_lines("src/app.rs", now), [""; 0]);
    assert_eq!(violating_lines("src/clock/mod.rs", now), [""; 0]);
}

#[test]
fn shared_value_types_use_only_listed_modules() {
    let text = "use entity::release::{self, ReleaseKind};\nuse serde::Serialize;\n\
                fn f() { release::x(); u32::from_str(\"1\"); self::g(); Self::h(); ReleaseKind::X; }\n\
                mod tests { use super::*; use super::Y; }\n";
    assert_eq!(violating_lines("src/journal.rs", text), [""; 0]);
    assert_eq!(violating_lines("src/journal.rs", "use crate::viewer::Viewer;\nfn f() { serde_json::x() }"), ["1", "2"]);
}

#[test]
fn overlong_and_uncovered_files_are_found() {
    let source = |path: &str, lines| Source { path: path.to_owned(), text: "\n".repeat(lines) };
    assert_eq!(too_long(&[source("src/a.rs", MAX_LINES), source("tests/b.rs", MAX_LINES + 1)]).len(), 1);
    assert_eq!(
        files_without_rule(&[source("src/utils.rs", 1), source("src/app.rs", 1), source("src/http/a.rs", 1)]).len(),
        1
    );
}

#[test]
fn circles_are_found_through_re_exports_and_not_in_tests() {
    let circles = |files: &[(&str, &str)]| -> usize { Graph::new(files.iter().copied()).circles().len() };
    let map = ("src/a/mod.rs", "mod b;\nmod c;\npub use b::B as D;\n");
    let b = ("src/a/b.rs", "pub(super) use super::c::C;\npub struct B;\n");
    assert_eq!(
        circles(&[map, b, ("src/a/c.rs", "use crate::a::D;\npub struct C;\n")]),
        0,
        "a re-export is not an import"
    );
    let b = ("src/a/b.rs", "use super::c;\npub struct B(c::C);\n");
    assert_eq!(circles(&[map, b, ("src/a/c.rs", "use crate::a::D;\npub struct C;\n")]), 1);
    assert_eq!(circles(&[map, b, ("src/a/c.rs", "pub struct C;\nmod tests {\n    use crate::a::D;\n}\n")]), 0);
    let map = ("src/a/mod.rs", "mod b;\npub struct A;\nfn f() { b::g() }\n");
    assert_eq!(
        circles(&[map, ("src/a/b.rs", "pub(in crate::a) fn g(_: super::A) {}\n")]),
        1,
        "a module that uses its child"
    );
}
