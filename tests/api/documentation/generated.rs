//! Tests that the generated files are up to date: the GraphQL schema, the command reference, and the tables of
//! settings, error codes and the workflow.
//!
//! Each test compares a file with the text that the program generates. With `DATELINE_TEST_UPDATE=1` (`just update`)
//! the test rewrites the file instead.

use std::fs;

use dateline::{config, error_code, graphql, newsroom::workflow};

use super::root;
use crate::harness::server_process::run;

/// Compares a file with its generated content. With `DATELINE_TEST_UPDATE=1`, writes the content to the file instead.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
fn check(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("DATELINE_TEST_UPDATE").is_some() {
        fs::write(&file, generated).unwrap();
    } else if fs::read_to_string(&file).unwrap_or_default() != generated {
        panic!("{path} is out of date: run `just update`, review the difference and commit it");
    }
}

/// Like [`check`], but only for the table that is between the lines `<!-- table -->` and `<!-- end of table -->`.
#[track_caller]
fn check_table(path: &str, table: &str) {
    let (start, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let text = fs::read_to_string(root().join(path)).unwrap();
    let (before, rest) = text.split_once(start).expect("the document contains <!-- table -->");
    let (_, after) = rest.split_once(end).expect("the document contains <!-- end of table -->");
    check(path, &format!("{before}{start}{table}{end}{after}"));
}

#[test]
fn the_schema_is_current() {
    check("schema.graphql", &(graphql::sdl().trim_end().to_owned() + "\n"));
}

#[test]
fn the_settings_table_is_current() {
    check_table("docs/settings.md", &config::table());
}

#[test]
fn the_error_table_is_current() {
    check_table("docs/errors.md", &error_code::markdown_table());
}

#[test]
fn the_workflow_table_is_current() {
    check_table("docs/workflow.md", &workflow::markdown_table());
}

#[test]
fn the_command_reference_is_current() {
    let mut page = String::from(
        "# Commands\n\nThe help of every command, generated from the program. `-` as a file name is standard input.\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let mut commands = vec![String::new()];
    while let Some(command) = commands.pop() {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let (code, help, _) = run(folder.path(), &arguments);
        assert_eq!(code, Some(0), "dateline {command} --help");
        let name = format!("dateline {command}");
        page += &format!("\n## {}\n\n```text\n{}\n```\n", name.trim(), help.trim());
        commands.extend(commands_of(&help).into_iter().rev().map(|name| format!("{command} {name}").trim().to_owned()));
    }
    check("docs/commands.md", &page);
}

/// Returns the names of the commands that a `--help` text lists.
fn commands_of(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}
