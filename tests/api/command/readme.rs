//! Tests of the documentation: the README queries and the query page examples run, and the settings table is current.

use dateline::{
    cli::demo,
    config::{self, HttpConfig},
    limits::{Limits, Profile},
};
use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

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
            let has_response = rest.trim_start().starts_with("```json");
            (query, fence(rest, "json").map(|(response, _)| response).filter(|_| has_response))
        })
        .collect()
}

async fn seed_sample_data(server: &TestServer) {
    demo::populate(&server.app).await.unwrap();
}

on_both_databases! {
    async fn the_queries_of_the_readme_return_the_documented_responses(server: TestServer) {
        server.app.clock.set(chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc());
        seed_sample_data(&server).await;
        let queries = blocks("query");
        assert_eq!(queries.len(), 2);
        for (query, response) in queries {
            let expected: Value = serde_json::from_str(response.expect("an answer")).unwrap();
            let actual = server.data(Caller::Public, query, json!({})).await;
            assert_eq!(actual, expected, "the README should say:\n{}", serde_json::to_string_pretty(&actual).unwrap());
        }
        let (create, _) = blocks("mutation")[0];
        let created = server.mutate(Caller::Editor, create, json!({})).await;
        assert_eq!(created["release"]["revision"], 1);
        let (publish, response) = blocks("publish")[0];
        let expected: Value = serde_json::from_str(response.expect("an answer")).unwrap();
        assert_eq!(server.data(Caller::Editor, publish, json!({ "id": created["release"]["id"] })).await, expected);
    }
}

on_both_databases! {
    async fn every_example_costs_less_than_half_of_the_strictest_limit(server: TestServer) {
        let hardened = Limits::of(Profile::Hardened);
        let half = Limits { cost: hardened.cost / 2, public_per_minute: 0, ..hardened };
        let server = server.with_http_config(HttpConfig { limits: half.into(), ..HttpConfig::default() });
        seed_sample_data(&server).await;
        let (queries, mutations): (Vec<_>, Vec<_>) = examples().into_iter().partition(|(query, _)| !query.starts_with("mutation"));
        assert!(queries.len() >= 6 && mutations.len() >= 3);
        let readme = blocks("query").into_iter().map(|(query, _)| (query.to_owned(), json!({})));
        for (query, variables) in queries.into_iter().chain(readme).chain([(DASHBOARD.to_owned(), json!({}))]) {
            let data = server.data(Caller::Public, &query, variables).await;
            assert!(data.as_object().unwrap().values().all(|value| !value.is_null()), "{query}: {data}");
        }
        for (query, variables) in mutations {
            let response = server.execute(Caller::Editor, &query, variables).await;
            let code = response["errors"][0]["extensions"]["code"].as_str();
            assert!(matches!(code, None | Some("BAD_USER_INPUT")), "{query}: {response}");
        }
    }
}

#[test]
fn the_query_page_reloads_the_schema_with_a_token_and_shows_user_errors() {
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
fn the_documented_settings_table_is_current() {
    let table = config::table();
    let page = include_str!("../../../docs/settings.md");
    assert!(page.contains(&table), "docs/settings.md should have:\n{table}");
}
