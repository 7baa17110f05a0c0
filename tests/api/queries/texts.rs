//! Tests of text handling: search and sorting of names by Unicode rules, and bodies that are stored and exported
//! unchanged.

use dateline::newsroom::import::ImportOptions;
use serde_json::{Value, json};

use crate::{
    command::import::{exported, lines, run},
    harness::{CREATE, Caller, PLACE, REVISE, TOPIC, TestServer, on_both_databases},
};

const BODY: &str = "query($id: ID!) { release(ref: {id: $id}) { body { markdown html text wordCount } } }";

/// Returns the body of a release as an editor sees it.
async fn body(server: &TestServer, id: &str) -> Value {
    server.data(Caller::Editor, BODY, json!({ "id": id })).await["release"]["body"].clone()
}

/// Imports a text. Returns the numbers of created, updated and unchanged releases.
async fn import_counts(server: &TestServer, text: &str) -> (u64, u64, u64) {
    let (report, messages) = run(server, text, ImportOptions::default(), false).await;
    assert!(messages.is_empty(), "{messages:?}");
    (report.created, report.updated, report.unchanged)
}

on_both_databases! {
    async fn names_are_searched_and_sorted_without_case_and_accents(server: TestServer) {
        for (name, slug) in [("Đà Nẵng", "da-nang"), ("Łódź", "lodz"), ("Ísafjörður", "isafjordur"), ("Αθήναι", "athens"), ("กรุงเทพ", "bangkok"), ("Zürich", "zurich"), ("Œuf", "oeuf"), ("Odessa", "odessa"), ("پشاور", "peshawar"), ("تبریز", "tabriz")] {
            server.mutate(Caller::Admin, PLACE, json!({ "input": { "name": name, "slug": slug, "kind": "CITY" } })).await;
        }
        server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": "Straße", "slug": "strasse" } })).await;
        let search = "query($text: String!) { places(filter: {search: $text}) { nodes { slug } } topics(filter: {search: $text}) { nodes { slug } } }";
        for (text, slugs) in [("da nang", vec!["da-nang"]), ("ĐÀ NẴNG", vec!["da-nang"]), ("LODZ", vec!["lodz"]), ("isafjordur", vec!["isafjordur"]), ("ΑΘΗΝΑΙ", vec!["athens"]), ("oeuf", vec!["oeuf"]), ("STRASSE", vec!["strasse"]), ("กรงเทพ", vec![]), ("กรุง", vec!["bangkok"])] {
            let data = server.data(Caller::Public, search, json!({ "text": text })).await;
            let slugs_of = |list: &str| data[list]["nodes"].as_array().unwrap().iter().map(|node| node["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
            assert_eq!([slugs_of("places"), slugs_of("topics")].concat(), slugs, "{text}");
        }
        // The pages of a list and the buckets of a facet must have the same order of names.
        let page = "query($after: String) { places(first: 3, after: $after) { nodes { slug } pageInfo { endCursor hasNextPage } } }";
        let (mut after, mut collected) = (Value::Null, Vec::new());
        loop {
            let places = server.data(Caller::Public, page, json!({ "after": after })).await["places"].clone();
            collected.extend(places["nodes"].as_array().unwrap().iter().map(|node| node["slug"].clone()));
            after = places["pageInfo"]["endCursor"].clone();
            if places["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let expected_order = json!(["da-nang", "isafjordur", "lodz", "odessa", "oeuf", "zurich", "athens", "peshawar", "tabriz", "bangkok"]);
        assert_eq!(json!(collected), expected_order);
        let facet = "{ releaseStats { facets { places(input: {minCount: 0, level: CITY, orderBy: [{by: LABEL, direction: ASC}]}) { buckets { place { slug } } } } } }";
        let buckets = server.data(Caller::Public, facet, json!({})).await["releaseStats"]["facets"]["places"]["buckets"].clone();
        assert_eq!(json!(buckets.as_array().unwrap().iter().map(|bucket| &bucket["place"]["slug"]).collect::<Vec<_>>()), expected_order);
        let filtered_facet = facet.replace("minCount: 0", "minCount: 0, labelContains: \"LODZ\"");
        let buckets = server.data(Caller::Public, &filtered_facet, json!({})).await["releaseStats"]["facets"]["places"]["buckets"].clone();
        assert_eq!(buckets, json!([{ "place": { "slug": "lodz" } }]));
    }

    async fn an_imported_place_matches_an_existing_place_without_accents(server: TestServer) {
        server.mutate(Caller::Admin, PLACE, json!({ "input": { "name": "Đà Nẵng", "slug": "hoi-an-north", "kind": "CITY" } })).await;
        let page = "News and articles\n\n\n  1. Press release\n\n    Ferry line opens\n\n    08 May 2006, DA NANG\n\n    Twice a day.\n";
        let (report, _) = run(&server, page, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.refused), (1, 0));
        let list = server.data(Caller::Public, "{ releases { nodes { dateline { places { slug } } } } places { totalCount } }", json!({})).await;
        assert_eq!(list, json!({ "releases": { "nodes": [{ "dateline": { "places": [{ "slug": "hoi-an-north" }] } }] }, "places": { "totalCount": 1 } }));
    }

    async fn a_body_is_stored_as_it_was_written(server: TestServer) {
        let code = "    first\n    second";
        let (id, _) = server.create_draft(json!({ "headline": "One", "bodyMarkdown": code })).await;
        assert_eq!(body(&server, &id).await, json!({ "markdown": code, "html": "<pre><code>first\nsecond</code></pre>\n", "text": "first\nsecond", "wordCount": 2 }));
        let mut revision = 1;
        for (written, expected) in [("\n\n\tfirst  \n\n", "\n\n\tfirst  \n\n"), ("\r\n  e\u{301}t\u{e9}\r", "\n  été\n"), ("\u{3000}新年", "\u{3000}新年"), ("a\n", "a\n"), ("a", "a")] {
            let revised = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": written } })).await;
            revision += 1;
            assert_eq!(revised["release"]["revision"], revision, "{written:?}");
            assert_eq!(body(&server, &id).await["markdown"], expected);
        }
        // A body that is sent again unchanged creates no new revision. A body without visible characters is stored as
        // null.
        let revised = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": "a" } })).await;
        assert_eq!(revised["release"]["revision"], revision);
        let diff = "query($id: ID!) { release(ref: {id: $id}) { revisions(first: 1) { nodes { diff { field before after } } } } }";
        assert_eq!(server.data(Caller::Editor, diff, json!({ "id": id })).await["release"]["revisions"]["nodes"][0]["diff"], json!([{ "field": "bodyMarkdown", "before": "a\n", "after": "a" }]));
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": " \n\u{200B}\t\n" } })).await;
        assert_eq!(body(&server, &id).await, Value::Null);
        let error = server.user_error(Caller::Editor, CREATE, json!({ "input": { "headline": "Two", "bodyMarkdown": " ".repeat(1_000_000) + "a" } })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["input", "bodyMarkdown"]), &json!("TOO_LONG")));
        // White space around a headline, summary or editorial note is removed.
        let (id, _) = server.create_draft(json!({ "headline": " Two ", "summary": "\n  Three.\n", "editorialNote": " Four. " })).await;
        let texts = "query($id: ID!) { release(ref: {id: $id}) { headline summary editorialNote } }";
        assert_eq!(server.data(Caller::Editor, texts, json!({ "id": id })).await["release"], json!({ "headline": "Two", "summary": "Three.", "editorialNote": "Four." }));
    }

    async fn bodies_are_exported_and_imported_as_they_were_written(server: TestServer) {
        let release = |body: &str| lines(&[json!({ "type": "release", "slug": "a", "headline": "A", "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T00:00:00Z", "bodyMarkdown": body })]);
        let file = release("\n\n    first\n    second\n\n");
        assert_eq!(import_counts(&server, &file).await, (1, 0, 0));
        assert_eq!(import_counts(&server, &file).await, (0, 0, 1));
        let text = exported(&server).await;
        assert!(text.contains(r#""bodyMarkdown":"\n\n    first\n    second\n\n""#), "{text}");
        let other = TestServer::on_sqlite().await;
        assert_eq!(import_counts(&other, &text).await, (1, 0, 0));
        assert_eq!(exported(&other).await, text);
        assert_eq!(import_counts(&server, &text).await, (0, 0, 1));
        // A body that differs only in white space at its end or in blank lines at its start counts as unchanged;
        // exports of earlier versions trimmed bodies. A different indentation of the first line counts as a change.
        assert_eq!(import_counts(&server, &release("    first\n    second")).await, (0, 0, 1));
        assert_eq!(import_counts(&server, &release(" \n    first\n    second \n")).await, (0, 0, 1));
        assert_eq!(exported(&server).await, text);
        assert_eq!(import_counts(&server, &release("first\n    second")).await, (0, 1, 0));
        assert_eq!(import_counts(&server, &release("first\n    second\n")).await, (0, 0, 1));
        assert_eq!(import_counts(&server, &file).await, (0, 1, 0));
        assert!(dateline::newsroom::check::check(&server.app.newsroom.db).await.expect("run the check").findings.is_empty());
    }
}
