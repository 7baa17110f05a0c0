//! The README does what it says: its queries are executed, its table of settings is the real one.

use dateline::{config, interchange, newsroom::import::ImportOptions, viewer::Viewer};
use entity::api_token::Role;
use serde_json::{Value, json};

use crate::desk::{Desk, Who, on_both};

const README: &str = include_str!("../../README.md");
const DEMO: &str = include_str!("../../src/cli/demo.ndjson");

/// The fenced blocks behind each marker: the first, and the one right after it.
fn blocks(marker: &str) -> Vec<(&'static str, Option<&'static str>)> {
    let fence = |text: &'static str, language: &str| {
        let start = text.find(&format!("```{language}\n"))? + language.len() + 4;
        let end = start + text[start..].find("\n```")?;
        Some((&text[start..end], &text[end + 4..]))
    };
    README
        .match_indices(&format!("<!-- {marker} -->"))
        .map(|(at, _)| {
            let (query, rest) = fence(&README[at..], "graphql").expect("a query");
            let follows = rest.trim_start().starts_with("```json");
            (query, fence(rest, "json").map(|(answer, _)| answer).filter(|_| follows))
        })
        .collect()
}

async fn furnished(desk: &Desk) {
    let viewer = Viewer::new(Role::Admin, "command line");
    let now = desk.app.clock.now();
    let report =
        interchange::import_text(&desk.app.room, &viewer, DEMO, "demo", ImportOptions::default(), now).await.unwrap();
    assert_eq!(report.refused, 0);
    desk.app.room.catalog.catch_up().await.unwrap();
}

on_both! {
    async fn the_queries_of_the_readme_answer_as_it_says(desk: Desk) {
        desk.app.clock.put(chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc());
        furnished(&desk).await;
        let queries = blocks("query");
        assert_eq!(queries.len(), 2);
        for (query, answer) in queries {
            let wanted: Value = serde_json::from_str(answer.expect("an answer")).unwrap();
            let found = desk.data(Who::Public, query, json!({})).await;
            assert_eq!(found, wanted, "the README should say:\n{}", serde_json::to_string_pretty(&found).unwrap());
        }
        let (create, _) = blocks("mutation")[0];
        let created = desk.done(Who::Editor, create, json!({})).await;
        assert_eq!(created["release"]["revision"], 1);
        let (publish, answer) = blocks("publish")[0];
        let wanted: Value = serde_json::from_str(answer.expect("an answer")).unwrap();
        assert_eq!(desk.data(Who::Editor, publish, json!({ "id": created["release"]["id"] })).await, wanted);
    }
}

#[test]
fn the_table_of_settings_is_the_real_one() {
    let table = config::table();
    let page = include_str!("../../docs/settings.md");
    assert!(page.contains(&table), "docs/settings.md should have:\n{table}");
}
