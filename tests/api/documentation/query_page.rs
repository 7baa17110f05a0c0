//! Tests of the query page (`/graphiql`). The example queries on the page and in the documents must cost less than
//! half of `limits.cost` in the hardened profile, which is the strictest.

use dateline::{
    cli::demo,
    config::HttpConfig,
    limits::{Limits, Profile},
};
use serde_json::{Value, json};

use super::{Block, Document, documents};
use crate::harness::{Caller, TestServer, on_both_databases};

const QUERY_PAGE: &str = include_str!("../../../src/http/graphiql.html");

/// A dashboard query: 12 topics, 10 places for each topic, 24 months for each place.
const DASHBOARD: &str = "{ releaseStats { count facets { topics(input: {first: 12}) { buckets { key label count stats { facets { \
    places(input: {first: 10}) { buckets { key label count stats { timeline(interval: MONTH, range: {from: \"2005-01-01\", \
    until: \"2006-12-31\"}) { points { label count } } } } } } } } } } } }";

/// Returns the query and the variables of each example on the query page.
fn examples() -> Vec<(String, Value)> {
    let lines = QUERY_PAGE.lines().filter(|line| line.starts_with("  [\"") && line.contains('`'));
    let example = |line: &str| {
        let mut parts = line.split('`').skip(1);
        let (query, variables) =
            (parts.next().expect("an example has a query"), parts.next().expect("an example has variables"));
        let variables = variables.trim_start_matches(", ").trim_end_matches("],");
        (query.replace("\\n", "\n"), serde_json::from_str(&quoted(variables)).expect(variables))
    };
    lines.map(example).collect()
}

/// Converts a JavaScript object literal to JSON by quoting its keys.
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

async fn seed_sample_data(server: &TestServer) {
    demo::populate(&server.app).await.unwrap();
}

on_both_databases! {
    async fn every_example_costs_less_than_half_of_the_strictest_limit(server: TestServer) {
        let hardened = Limits::of(Profile::Hardened);
        let half = Limits { cost: hardened.cost / 2, public_per_minute: 0, ..hardened };
        let server = server.with_http_config(HttpConfig { limits: half.into(), ..HttpConfig::default() });
        seed_sample_data(&server).await;
        let (queries, mutations): (Vec<_>, Vec<_>) = examples().into_iter().partition(|(query, _)| !query.starts_with("mutation"));
        assert!(queries.len() >= 6 && mutations.len() >= 3);
        let documented: Vec<Block> = documents().iter().flat_map(Document::blocks).collect();
        let documented = documented.into_iter().filter(|block| block.language == "graphql" && block.text.trim_start().starts_with('{'));
        let documented = documented.filter(|block| block.marker.is_none()).map(|block| (block.text, json!({})));
        for (query, variables) in queries.into_iter().chain(documented).chain([(DASHBOARD.to_owned(), json!({}))]) {
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
    let handler = QUERY_PAGE
        .lines()
        .find(|line| line.starts_with("$(\"token\").onchange"))
        .expect("the token field has an onchange handler");
    assert!(handler.contains("loadSchema()"), "{handler}");
    assert!(QUERY_PAGE.contains("refused = userErrors(json.data)") && QUERY_PAGE.contains("`Refused with ${refused}"));
    assert_eq!((QUERY_PAGE.matches("<main>").count(), QUERY_PAGE.matches("</main>").count()), (1, 1));
    // WCAG 2.2, success criterion 2.5.8: a pointer target is at least 24 pixels high. 1.75rem is 26 pixels at a font
    // size of 15 pixels.
    for target in ["button {", "summary {"] {
        let rule = QUERY_PAGE.lines().find(|line| line.contains(target)).expect(target);
        assert!(rule.contains("min-height: 1.75rem"), "{rule}");
    }
}
