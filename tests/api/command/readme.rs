//! The README does what it says: its queries are executed, its table of settings is the real one.

use crate::harness::{Desk, Who, on_both};
use dateline::{
    cli::demo,
    config,
    http::config::HttpConfig,
    limits::{Limits, Profile},
};
use serde_json::{Value, json};

const README: &str = include_str!("../../../README.md");
const QUERY_PAGE: &str = include_str!("../../../src/http/graphiql.html");

/// A dashboard of twelve topics by ten places by 24 months.
const DASHBOARD: &str = "{ releaseStats { count facets { topics(input: {first: 12}) { buckets { key label count within { facets { \
    places(input: {first: 10}) { buckets { key label count within { timeline(interval: MONTH, range: {from: \"2005-01-01\", \
    until: \"2006-12-31\"}) { points { label count } } } } } } } } } } } }";

/// The examples of the query page: query and variables.
fn examples() -> Vec<(String, Value)> {
    let lines = QUERY_PAGE.lines().filter(|line| line.starts_with("  [\"") && line.contains('`'));
    let example = |line: &str| {
        let mut parts = line.split('`').skip(1);
        let (query, variables) = (parts.next().expect("a query"), parts.next().expect("variables"));
        let variables = variables.trim_start_matches(", ").trim_end_matches("],");
        (query.replace("\\n", "\n"), serde_json::from_str(&quoted(variables)).expect(variables))
    };
    lines.map(example).collect()
}

/// An object literal of JavaScript with its keys in quotes, as JSON has them.
fn quoted(literal: &str) -> String {
    let (mut json, mut text) = (String::new(), false);
    for (number, part) in literal.split_inclusive(['"', ':', '{', ',', ' ']).enumerate() {
        let key =
            part.strip_suffix(':').filter(|key| !text && !key.is_empty() && key.chars().all(char::is_alphanumeric));
        match key {
            Some(key) if number > 0 => json += &format!("\"{key}\":"),
            _ => json += part,
        }
        text ^= part.ends_with('"');
    }
    json
}

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
    demo::populate(&desk.app).await.unwrap();
}

on_both! {
    async fn the_queries_of_the_readme_answer_as_it_says(desk: Desk) {
        desk.app.clock.set(chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc());
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

on_both! {
    async fn every_example_costs_less_than_half_of_what_the_strictest_profile_allows(desk: Desk) {
        let hardened = Limits::of(Profile::Hardened);
        let half = Limits { cost: hardened.cost / 2, public_per_minute: 0, ..hardened };
        let desk = desk.with_http_config(HttpConfig { limits: half.into(), ..HttpConfig::default() });
        furnished(&desk).await;
        let (queries, mutations): (Vec<_>, Vec<_>) = examples().into_iter().partition(|(query, _)| !query.starts_with("mutation"));
        assert!(queries.len() >= 6 && mutations.len() >= 3);
        let readme = blocks("query").into_iter().map(|(query, _)| (query.to_owned(), json!({})));
        for (query, variables) in queries.into_iter().chain(readme).chain([(DASHBOARD.to_owned(), json!({}))]) {
            let data = desk.data(Who::Public, &query, variables).await;
            assert!(data.as_object().unwrap().values().all(|value| !value.is_null()), "{query}: {data}");
        }
        for (query, variables) in mutations {
            let answer = desk.ask(Who::Editor, &query, variables).await;
            let code = answer["errors"][0]["extensions"]["code"].as_str();
            assert!(matches!(code, None | Some("BAD_USER_INPUT")), "{query}: {answer}");
        }
    }
}

#[test]
fn the_query_page_loads_the_schema_anew_with_a_token_and_tells_refusals() {
    let handler = QUERY_PAGE.lines().find(|line| line.starts_with("$(\"token\").onchange")).expect("a handler");
    assert!(handler.contains("loadSchema()"), "{handler}");
    assert!(QUERY_PAGE.contains("refused = userErrors(json.data)") && QUERY_PAGE.contains("`Refused with ${refused}"));
    assert_eq!((QUERY_PAGE.matches("<main>").count(), QUERY_PAGE.matches("</main>").count()), (1, 1));
    // WCAG 2.2, 2.5.8: at least 24 pixels; 1.75rem of 15 pixels are 26.
    for target in ["button {", "summary {"] {
        let rule = QUERY_PAGE.lines().find(|line| line.contains(target)).expect(target);
        assert!(rule.contains("min-height: 1.75rem"), "{rule}");
    }
}

#[test]
fn the_table_of_settings_is_the_real_one() {
    let table = config::table();
    let page = include_str!("../../../docs/settings.md");
    assert!(page.contains(&table), "docs/settings.md should have:\n{table}");
}
