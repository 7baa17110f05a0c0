//! Tests of release bodies. The server renders a body once, returns the same text on every query path, and loads the
//! bodies of a page in batches that fit the response limit.

use dateline::{config::HttpConfig, limits::Limits};
use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

/// Returns a body for the release `number`, with `paragraphs` paragraphs. A body of 3,000 paragraphs is longer than
/// 128 kB.
fn body(number: usize, paragraphs: usize) -> String {
    format!("Paragraph of *release* {number} with a [link](https://example.org/).\n\n").repeat(paragraphs)
}

async fn published(server: &TestServer, paragraphs: &[usize]) {
    let lines: Vec<Value> = paragraphs
        .iter()
        .enumerate()
        .map(|(number, &paragraphs)| {
            json!({ "type": "release", "slug": format!("r{number}"), "headline": format!("Headline {number}"), "bodyMarkdown": body(number, paragraphs).trim_end(),
                "releaseDate": format!("2006-05-{:02}", 1 + number), "state": "PUBLISHED" })
        })
        .chain([json!({ "type": "release", "slug": "none", "headline": "Without a body", "releaseDate": "2001-01-01", "state": "PUBLISHED" })])
        .collect();
    server.import(&lines).await;
}

fn renditions_match_markdown(body: &Value) -> bool {
    let markdown = body["markdown"].as_str().unwrap();
    body["html"] == markup::to_html(markdown)
        && body["text"] == markup::to_text(markdown)
        && body["wordCount"] == markup::word_count(&markup::to_text(markdown))
}

on_both_databases! {
    async fn a_body_is_the_same_on_every_query_path(server: TestServer) {
        published(&server, &[1, 50, 3000, 2, 4000, 1, 1]).await;
        let renditions = "body { markdown html text wordCount }";
        let query = format!("{{ nodes: releases {{ nodes {{ slug {renditions} }} }} edges: releases {{ edges {{ node {{ slug {renditions} }} }} }} }}");
        // The first round renders the bodies; the second round takes the renditions from the cache.
        for _ in 0..2 {
            let data = server.data(Caller::Public, &query, json!({})).await;
            let nodes = data["nodes"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), 8);
            for (node, edge) in nodes.iter().zip(data["edges"]["edges"].as_array().unwrap()) {
                assert_eq!(*node, edge["node"]);
                let single = server.data(Caller::Public, &format!("query($s: Slug!) {{ release(ref: {{slug: $s}}) {{ slug {renditions} }} }}"), json!({ "s": node["slug"] })).await;
                assert_eq!(*node, single["release"]);
                match node["slug"].as_str() {
                    Some("none") => assert_eq!(node["body"], Value::Null),
                    _ => assert!(renditions_match_markdown(&node["body"]), "{}", node["slug"]),
                }
            }
        }
    }

    async fn a_list_fetches_only_the_bodies_that_fit_the_response_limit(server: TestServer) {
        published(&server, &[1, 1000, 1, 1000, 1000]).await;
        let long = body(1, 1000).trim_end().len() as u64;
        let limits = Limits { answer_bytes: 2 * long + 1000, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), cache_bytes: 0, ..HttpConfig::default() });
        server.statements.take();
        let query = "{ releases { nodes { slug body { markdown } } } }";
        let response = server.execute(Caller::Public, query, json!({})).await;
        let fetched: Vec<(&str, bool)> = response["data"]["releases"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (node["slug"].as_str().unwrap(), node["body"].is_object()))
            .collect();
        assert_eq!(fetched, [("r4", true), ("r3", true), ("r2", true), ("r1", false), ("r0", true), ("none", false)]);
        assert_eq!(response["errors"].as_array().unwrap().len(), 1, "{}", response["errors"]);
        assert_eq!(response["errors"][0]["path"], json!(["releases", "nodes", 3, "body"]));
        let statements = server.statements.take();
        assert_eq!(statements.len(), 2, "one statement for the rows and body lengths, one for the bodies: {statements:?}");
        assert!(statements[0].contains("octet_length"), "{}", statements[0]);
        // If a query asks for one release, a single SQL statement fetches the row and the body.
        server.data(Caller::Public, "{ release(ref: {slug: \"r1\"}) { body { wordCount } } }", json!({})).await;
        assert_eq!(server.statements.take().len(), 1);
    }

    async fn bodies_over_two_mebibytes_take_another_sql_statement(server: TestServer) {
        let lines: Vec<Value> = (1..=5)
            .map(|number| json!({ "type": "release", "slug": format!("r{number}"), "headline": "A", "bodyMarkdown": "x".repeat(600_000), "releaseDate": "2006-05-08", "state": "PUBLISHED" }))
            .collect();
        server.import(&lines).await;
        server.statements.take();
        let data = server.data(Caller::Public, "{ releases { nodes { body { markdown } } } }", json!({})).await;
        let nodes = data["releases"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 5);
        assert!(nodes.iter().all(|node| node["body"]["markdown"].as_str().unwrap().len() == 600_000));
        let statements = server.statements.take();
        assert_eq!(statements.len(), 3, "one statement for the rows and body lengths, two for three and two bodies: {statements:?}");
    }

    async fn revisions_have_bodies_and_diffs(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "A", "bodyMarkdown": "One." })).await;
        let input = json!({ "bodyMarkdown": "Two.", "headline": "B" });
        server.mutate(Caller::Editor, crate::harness::REVISE, json!({ "id": id, "revision": revision, "input": input })).await;
        let query = "query($id: ID!) { node(id: $id) { ... on Release { body { markdown } working { body { markdown } diff(against: 1) { field before after } }
            revisions { nodes { number body { markdown html } diff { field before after } } } } } }";
        let data = server.data(Caller::Editor, query, json!({ "id": id })).await;
        let changes = json!([{ "field": "headline", "before": "A", "after": "B" }, { "field": "bodyMarkdown", "before": "One.", "after": "Two." }]);
        assert_eq!(data["node"]["revisions"]["nodes"], json!([
            { "number": 2, "body": { "markdown": "Two.", "html": "<p>Two.</p>\n" }, "diff": changes },
            { "number": 1, "body": { "markdown": "One.", "html": "<p>One.</p>\n" }, "diff": [] },
        ]));
    }
}
