//! Who may use whom. The table of `docs/architecture.md` as data, held against the sources: a floor that reaches up, or an edge
//! that reaches past the newsroom, fails here with the line and what to do instead. Also how long a file may be.

mod paths;
mod table;

use std::{fmt::Write, fs, path::Path};

use paths::{Used, UsedPath, used_paths};
use table::{FREE, May, Rule, TABLE};

/// From 300 lines on ask whether a file is two; beyond this it is.
const LONGEST: usize = 400;

/// A file: its path from the workspace's root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// True for the file of that room, and for those in its folder.
    fn is_in(&self, room: &str) -> bool {
        let rest = self.path.strip_prefix(room);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// Every breach of the table, as `file:line: what, why, what to do`.
fn breaches(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let used = used_paths(&source.path, &source.text);
        for rule in TABLE {
            let holds = |rooms: &[&str]| rooms.iter().any(|room| source.is_in(room));
            if !holds(rule.rooms) || holds(rule.except) {
                continue;
            }
            for path in used.paths.iter().filter(|path| !allowed(rule, path, &used)) {
                let rooms = rule.rooms.join(", ");
                let (file, line, name) = (&source.path, path.line, path.segments.join("::"));
                found.push(format!("{file}:{line}: uses {name}, which {rooms} may not; {}", rule.instead));
            }
        }
    }
    found
}

fn allowed(rule: &Rule, path: &UsedPath, used: &Used) -> bool {
    let named = |patterns: &[&str]| patterns.iter().any(|pattern| names(path, pattern));
    match rule.may {
        May::NotUse(patterns) => !named(patterns),
        May::UseOnly(patterns) => used.is_own(path) || named(patterns),
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
    let long = measured.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(path, lines)| format!("{path}: {lines} lines, at most {LONGEST}: split it by a noun")).collect()
}

/// Files of the product that no rule knows: a room that is renamed would slip out of the table.
fn in_no_room(sources: &[Source]) -> Vec<String> {
    let rooms: Vec<&str> =
        TABLE.iter().flat_map(|rule| rule.rooms).chain(FREE).copied().filter(|room| *room != "src").collect();
    let known = |source: &&Source| rooms.iter().any(|room| source.is_in(room));
    let stray = sources.iter().filter(|source| source.path.contains("src/") && !known(source));
    stray.map(|source| format!("{}: in no room of the table: add its room to TABLE, or to FREE", source.path)).collect()
}

/// The Rust files of the workspace.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders = ["src", "entity", "migration", "tests", "benches"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                let path = path.strip_prefix(root).expect("the folders are the root's").to_string_lossy().into_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

#[track_caller]
fn assert_none(found: &[String]) {
    let list = found.iter().fold(String::new(), |mut list, line| {
        let _ = write!(list, "\n  {line}");
        list
    });
    assert!(found.is_empty(), "{} breaches:{list}", found.len());
}

#[test]
fn every_room_uses_only_what_it_may() {
    let sources = sources();
    for expected in ["src/lib.rs", "entity/src/lib.rs", "migration/src/lib.rs"] {
        assert!(sources.iter().any(|source| source.path == expected), "{expected} was not read");
    }
    assert_none(&breaches(&sources));
}

#[test]
fn every_file_is_in_a_room_of_the_table() {
    assert_none(&in_no_room(&sources()));
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    assert_none(&too_long(&sources()));
}

/// The lines on which this text, in this file, breaks the table.
#[cfg(test)]
fn lines(path: &str, text: &str) -> Vec<String> {
    let found = breaches(&[Source { path: path.to_owned(), text: text.to_owned() }]);
    found.iter().map(|breach| breach.split(':').nth(1).expect("file:line: text").to_owned()).collect()
}

#[test]
fn a_forbidden_path_is_found_however_it_is_written() {
    let text = "use std::fmt;\n\
                use sea_orm::{EntityTrait, QueryFilter};\n\
                use {serde::Serialize, sea_orm as orm};\n\
                extern crate sea_orm;\n\
                fn f() -> Result<(), sea_orm::DbErr> { g::<::sea_orm::DbErr>(x as sea_orm::Y) }\n\
                use crate::{\n    catalog::Catalog,\n    http::{self, health},\n};\n\
                use super::super::cli::serve;\n\
                mod tests { use super::super::super::cli; use super::super::cli; }\n";
    let expected = ["2", "2", "3", "4", "5", "5", "5", "8", "8", "10", "11"];
    assert_eq!(lines("src/graphql/topic.rs", text), expected);
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "//! sea_orm::DbErr\n/* crate::http::x /* nested */ sea_orm::Y */\n\
                const A: &str = \"sea_orm::DbErr \\\" sea_orm::X\";\n\
                const B: &str = r#\"sea_orm::X \" sea_orm::X\"#;\nconst C: [char; 3] = ['\"', '\\'', '/'];\n\
                fn f<'a>(r#type: &'a str) -> &'a str { r#type } // crate::http::x\n";
    assert_eq!(lines("src/graphql/topic.rs", text), [""; 0]);
    assert_eq!(lines("src/graphql/topic.rs", &format!("{text}use sea_orm::X;")), ["7"], "the lexer lost its way");
}

#[test]
fn each_rule_binds_its_rooms_and_no_others() {
    let sea_orm = "use sea_orm::EntityTrait;";
    assert_eq!(lines("src/catalog/set.rs", sea_orm), ["1"]);
    assert_eq!(lines("src/catalog/load.rs", sea_orm), [""; 0]);
    assert_eq!(lines("src/newsroom/topic.rs", sea_orm), [""; 0]);

    let graphql = "use crate::graphql::schema;";
    assert_eq!(lines("src/cli/schema.rs", graphql), [""; 0]);
    assert_eq!(lines("src/http/graphql.rs", graphql), [""; 0]);
    for path in ["src/cli/serve.rs", "src/jobs.rs", "src/newsroom/topic.rs", "src/catalog/load.rs"] {
        assert_eq!(lines(path, graphql), ["1"], "{path}");
    }
    assert_eq!(lines("migration/src/lib.rs", "use entity::topic;"), ["1"]);
    assert_eq!(lines("migration/src/lib.rs", "use sea_orm_migration::sea_orm::entity::prelude;"), [""; 0]);
    assert_eq!(lines("entity/src/topic.rs", "fn f() { axum::x() }"), ["1"]);
}

#[test]
fn the_clock_is_asked_in_one_place() {
    let now = "fn f() { let t = chrono::Utc::now(); }\nfn g() { Utc::now() }";
    assert_eq!(lines("src/http/health.rs", now), ["1", "2"]);
    assert_eq!(lines("src/app.rs", now), [""; 0]);
    assert_eq!(lines("src/clock.rs", now), [""; 0]);
}

#[test]
fn shared_values_use_what_is_listed_alone() {
    let text = "use entity::release::{self, ReleaseKind};\nuse serde::Serialize;\n\
                fn f() { release::x(); u32::from_str(\"1\"); self::g(); Self::h(); ReleaseKind::X; }\n\
                mod tests { use super::*; use super::Y; }\n";
    assert_eq!(lines("src/journal.rs", text), [""; 0]);
    assert_eq!(lines("src/journal.rs", "use crate::viewer::Viewer;\nfn f() { serde_json::x() }"), ["1", "2"]);
}

#[test]
fn a_long_file_and_a_stray_one_are_found() {
    let source = |path: &str, lines| Source { path: path.to_owned(), text: "\n".repeat(lines) };
    assert_eq!(too_long(&[source("src/a.rs", LONGEST), source("tests/b.rs", LONGEST + 1)]).len(), 1);
    assert_eq!(in_no_room(&[source("src/utils.rs", 1), source("src/app.rs", 1), source("src/http/a.rs", 1)]).len(), 1);
}
