//! Bodies: fetched when an answer has room for them, rendered once, and the same whichever way a query comes to them.

use crate::harness::{Desk, Who, on_both};
use dateline::{
    http::config::HttpConfig,
    limits::Limits,
    newsroom::markup::{markdown_to_html, markdown_to_text, word_count},
};
use serde_json::{Value, json};

/// A body of some paragraphs; of more than 128 kB where there are three thousand.
fn body(number: usize, paragraphs: usize) -> String {
    format!("Paragraph of *release* {number} with a [link](https://example.org/).\n\n").repeat(paragraphs)
}

async fn published(desk: &Desk, paragraphs: &[usize]) {
    let lines: Vec<Value> = paragraphs
        .iter()
        .enumerate()
        .map(|(number, &paragraphs)| {
            json!({ "type": "release", "slug": format!("r{number}"), "headline": format!("Headline {number}"), "bodyMarkdown": body(number, paragraphs).trim_end(),
                "releaseDate": format!("2006-05-{:02}", 1 + number), "state": "PUBLISHED" })
        })
        .chain([json!({ "type": "release", "slug": "none", "headline": "Without a body", "releaseDate": "2001-01-01", "state": "PUBLISHED" })])
        .collect();
    desk.import(&lines).await;
}

fn agrees(body: &Value) -> bool {
    let markdown = body["markdown"].as_str().unwrap();
    body["html"] == markdown_to_html(markdown)
        && body["text"] == markdown_to_text(markdown)
        && body["wordCount"] == word_count(&markdown_to_text(markdown))
}

on_both! {
    async fn a_body_is_the_same_whichever_way_one_comes_to_it(desk: Desk) {
        published(&desk, &[1, 50, 3000, 2, 4000, 1, 1]).await;
        let forms = "body { markdown html text wordCount }";
        let query = format!("{{ nodes: releases {{ nodes {{ slug {forms} }} }} edges: releases {{ edges {{ node {{ slug {forms} }} }} }} }}");
        // Once made, once from the cache.
        for _ in 0..2 {
            let data = desk.data(Who::Public, &query, json!({})).await;
            let nodes = data["nodes"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), 8);
            for (node, edge) in nodes.iter().zip(data["edges"]["edges"].as_array().unwrap()) {
                assert_eq!(*node, edge["node"]);
                let one = desk.data(Who::Public, &format!("query($s: Slug!) {{ release(ref: {{slug: $s}}) {{ slug {forms} }} }}"), json!({ "s": node["slug"] })).await;
                assert_eq!(*node, one["release"]);
                match node["slug"].as_str() {
                    Some("none") => assert_eq!(node["body"], Value::Null),
                    _ => assert!(agrees(&node["body"]), "{}", node["slug"]),
                }
            }
        }
    }

    async fn a_list_fetches_the_bodies_that_its_answer_has_room_for(desk: Desk) {
        published(&desk, &[1, 1000, 1, 1000, 1000]).await;
        let long = body(1, 1000).trim_end().len() as u64;
        let limits = Limits { answer_bytes: 2 * long + 1000, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), cache_bytes: 0, ..HttpConfig::default() });
        desk.statements.take();
        let query = "{ releases { nodes { slug body { markdown } } } }";
        let answer = desk.ask(Who::Public, query, json!({})).await;
        let fetched: Vec<(&str, bool)> = answer["data"]["releases"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (node["slug"].as_str().unwrap(), node["body"].is_object()))
            .collect();
        assert_eq!(fetched, [("r4", true), ("r3", true), ("r2", true), ("r1", false), ("r0", true), ("none", false)]);
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{}", answer["errors"]);
        assert_eq!(answer["errors"][0]["path"], json!(["releases", "nodes", 3, "body"]));
        let statements = desk.statements.take();
        assert_eq!(statements.len(), 2, "the rows with the lengths of bodies, and the bodies: {statements:?}");
        assert!(statements[0].contains("octet_length"), "{}", statements[0]);
        // One alone comes with its row.
        desk.data(Who::Public, "{ release(ref: {slug: \"r1\"}) { body { wordCount } } }", json!({})).await;
        assert_eq!(desk.statements.take().len(), 1);
    }

    async fn bodies_of_more_than_two_mebibytes_take_another_statement(desk: Desk) {
        let lines: Vec<Value> = (1..=5)
            .map(|number| json!({ "type": "release", "slug": format!("r{number}"), "headline": "A", "bodyMarkdown": "x".repeat(600_000), "releaseDate": "2006-05-08", "state": "PUBLISHED" }))
            .collect();
        desk.import(&lines).await;
        desk.statements.take();
        let data = desk.data(Who::Public, "{ releases { nodes { body { markdown } } } }", json!({})).await;
        let nodes = data["releases"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 5);
        assert!(nodes.iter().all(|node| node["body"]["markdown"].as_str().unwrap().len() == 600_000));
        let statements = desk.statements.take();
        assert_eq!(statements.len(), 3, "the rows with the lengths of bodies, three bodies, and two: {statements:?}");
    }

    async fn versions_have_their_bodies_and_differences(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "A", "bodyMarkdown": "One." })).await;
        let input = json!({ "bodyMarkdown": "Two.", "headline": "B" });
        desk.done(Who::Editor, crate::harness::REVISE, json!({ "id": id, "revision": revision, "input": input })).await;
        let query = "query($id: ID!) { node(id: $id) { ... on Release { body { markdown } working { body { markdown } diff(against: 1) { field before after } }
            revisions { nodes { number body { markdown html } diff { field before after } } } } } }";
        let data = desk.data(Who::Editor, query, json!({ "id": id })).await;
        let changes = json!([{ "field": "headline", "before": "A", "after": "B" }, { "field": "bodyMarkdown", "before": "One.", "after": "Two." }]);
        assert_eq!(data["node"]["revisions"]["nodes"], json!([
            { "number": 2, "body": { "markdown": "Two.", "html": "<p>Two.</p>\n" }, "diff": changes },
            { "number": 1, "body": { "markdown": "One.", "html": "<p>One.</p>\n" }, "diff": [] },
        ]));
    }
}
