//! Texts arrive as they were written, and names are found and ordered in the languages of the world.

use dateline::newsroom::import::ImportOptions;
use serde_json::{Value, json};

use crate::{
    command::import::{exported, lines, run},
    harness::{CREATE, Desk, PLACE, REVISE, TOPIC, Who, on_both},
};

const BODY: &str = "query($id: ID!) { release(ref: {id: $id}) { body { markdown html text wordCount } } }";

/// The body of a release, as the desk sees it.
async fn body(desk: &Desk, id: &str) -> Value {
    desk.data(Who::Editor, BODY, json!({ "id": id })).await["release"]["body"].clone()
}

/// Number of releases that an import made, changed and left, in this order.
async fn imported(desk: &Desk, text: &str) -> (u64, u64, u64) {
    let (report, told) = run(desk, text, ImportOptions::default(), false).await;
    assert!(told.is_empty(), "{told:?}");
    (report.created, report.updated, report.unchanged)
}

on_both! {
    async fn names_are_found_without_case_and_accents_and_ordered_alike(desk: Desk) {
        for (name, slug) in [("Đà Nẵng", "da-nang"), ("Łódź", "lodz"), ("Ísafjörður", "isafjordur"), ("Αθήναι", "athens"), ("กรุงเทพ", "bangkok"), ("Zürich", "zurich"), ("Œuf", "oeuf"), ("Odessa", "odessa"), ("پشاور", "peshawar"), ("تبریز", "tabriz")] {
            desk.done(Who::Admin, PLACE, json!({ "input": { "name": name, "slug": slug, "kind": "CITY" } })).await;
        }
        desk.done(Who::Admin, TOPIC, json!({ "input": { "name": "Straße", "slug": "strasse" } })).await;
        let search = "query($text: String!) { places(filter: {search: $text}) { nodes { slug } } topics(filter: {search: $text}) { nodes { slug } } }";
        for (text, slugs) in [("da nang", vec!["da-nang"]), ("ĐÀ NẴNG", vec!["da-nang"]), ("LODZ", vec!["lodz"]), ("isafjordur", vec!["isafjordur"]), ("ΑΘΗΝΑΙ", vec!["athens"]), ("oeuf", vec!["oeuf"]), ("STRASSE", vec!["strasse"]), ("กรงเทพ", vec![]), ("กรุง", vec!["bangkok"])] {
            let found = desk.data(Who::Public, search, json!({ "text": text })).await;
            let slugs_of = |list: &str| found[list]["nodes"].as_array().unwrap().iter().map(|node| node["slug"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
            assert_eq!([slugs_of("places"), slugs_of("topics")].concat(), slugs, "{text}");
        }
        // Page by page, and as the buckets of a facet.
        let page = "query($after: String) { places(first: 3, after: $after) { nodes { slug } pageInfo { endCursor hasNextPage } } }";
        let (mut after, mut walked) = (Value::Null, Vec::new());
        loop {
            let places = desk.data(Who::Public, page, json!({ "after": after })).await["places"].clone();
            walked.extend(places["nodes"].as_array().unwrap().iter().map(|node| node["slug"].clone()));
            after = places["pageInfo"]["endCursor"].clone();
            if places["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let ordered = json!(["da-nang", "isafjordur", "lodz", "odessa", "oeuf", "zurich", "athens", "peshawar", "tabriz", "bangkok"]);
        assert_eq!(json!(walked), ordered);
        let facet = "{ releaseStats { facets { places(input: {minCount: 0, level: CITY, orderBy: [{by: LABEL, direction: ASC}]}) { buckets { place { slug } } } } } }";
        let buckets = desk.data(Who::Public, facet, json!({})).await["releaseStats"]["facets"]["places"]["buckets"].clone();
        assert_eq!(json!(buckets.as_array().unwrap().iter().map(|bucket| &bucket["place"]["slug"]).collect::<Vec<_>>()), ordered);
        let found = facet.replace("minCount: 0", "minCount: 0, labelContains: \"LODZ\"");
        let buckets = desk.data(Who::Public, &found, json!({})).await["releaseStats"]["facets"]["places"]["buckets"].clone();
        assert_eq!(buckets, json!([{ "place": { "slug": "lodz" } }]));
    }

    async fn a_printed_place_is_the_one_that_is_there_however_it_is_written(desk: Desk) {
        desk.done(Who::Admin, PLACE, json!({ "input": { "name": "Đà Nẵng", "slug": "hoi-an-north", "kind": "CITY" } })).await;
        let page = "News and articles\n\n\n  1. Press release\n\n    Ferry line opens\n\n    08 May 2006, DA NANG\n\n    Twice a day.\n";
        let (report, _) = run(&desk, page, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.refused), (1, 0));
        let list = desk.data(Who::Public, "{ releases { nodes { dateline { places { slug } } } } places { totalCount } }", json!({})).await;
        assert_eq!(list, json!({ "releases": { "nodes": [{ "dateline": { "places": [{ "slug": "hoi-an-north" }] } }] }, "places": { "totalCount": 1 } }));
    }

    async fn a_body_comes_back_as_it_was_written(desk: Desk) {
        let code = "    first\n    second";
        let (id, _) = desk.draft(json!({ "headline": "One", "bodyMarkdown": code })).await;
        assert_eq!(body(&desk, &id).await, json!({ "markdown": code, "html": "<pre><code>first\nsecond</code></pre>\n", "text": "first\nsecond", "wordCount": 2 }));
        let mut revision = 1;
        for (written, kept) in [("\n\n\tfirst  \n\n", "\n\n\tfirst  \n\n"), ("\r\n  e\u{301}t\u{e9}\r", "\n  été\n"), ("\u{3000}新年", "\u{3000}新年"), ("a\n", "a\n"), ("a", "a")] {
            let revised = desk.done(Who::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": written } })).await;
            revision += 1;
            assert_eq!(revised["release"]["revision"], revision, "{written:?}");
            assert_eq!(body(&desk, &id).await["markdown"], kept);
        }
        // What says the same makes no new version, and a text of which nothing can be seen is none.
        let revised = desk.done(Who::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": "a" } })).await;
        assert_eq!(revised["release"]["revision"], revision);
        let diff = "query($id: ID!) { release(ref: {id: $id}) { revisions(first: 1) { nodes { diff { field before after } } } } }";
        assert_eq!(desk.data(Who::Editor, diff, json!({ "id": id })).await["release"]["revisions"]["nodes"][0]["diff"], json!([{ "field": "bodyMarkdown", "before": "a\n", "after": "a" }]));
        desk.done(Who::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "bodyMarkdown": " \n\u{200B}\t\n" } })).await;
        assert_eq!(body(&desk, &id).await, Value::Null);
        let refused = desk.refused(Who::Editor, CREATE, json!({ "input": { "headline": "Two", "bodyMarkdown": " ".repeat(1_000_000) + "a" } })).await;
        assert_eq!((&refused["field"], &refused["code"]), (&json!(["input", "bodyMarkdown"]), &json!("TOO_LONG")));
        // Short texts are trimmed.
        let (id, _) = desk.draft(json!({ "headline": " Two ", "summary": "\n  Three.\n", "editorialNote": " Four. " })).await;
        let texts = "query($id: ID!) { release(ref: {id: $id}) { headline summary editorialNote } }";
        assert_eq!(desk.data(Who::Editor, texts, json!({ "id": id })).await["release"], json!({ "headline": "Two", "summary": "Three.", "editorialNote": "Four." }));
    }

    async fn bodies_travel_as_they_were_written(desk: Desk) {
        let release = |body: &str| lines(&[json!({ "type": "release", "slug": "a", "headline": "A", "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T00:00:00Z", "bodyMarkdown": body })]);
        let file = release("\n\n    first\n    second\n\n");
        assert_eq!(imported(&desk, &file).await, (1, 0, 0));
        assert_eq!(imported(&desk, &file).await, (0, 0, 1));
        let text = exported(&desk).await;
        assert!(text.contains(r#""bodyMarkdown":"\n\n    first\n    second\n\n""#), "{text}");
        let other = Desk::on_sqlite().await;
        assert_eq!(imported(&other, &text).await, (1, 0, 0));
        assert_eq!(exported(&other).await, text);
        assert_eq!(imported(&desk, &text).await, (0, 0, 1));
        // As an export had it when bodies were still trimmed, and what does not show; an indented line shows.
        assert_eq!(imported(&desk, &release("    first\n    second")).await, (0, 0, 1));
        assert_eq!(imported(&desk, &release(" \n    first\n    second \n")).await, (0, 0, 1));
        assert_eq!(exported(&desk).await, text);
        assert_eq!(imported(&desk, &release("first\n    second")).await, (0, 1, 0));
        assert_eq!(imported(&desk, &release("first\n    second\n")).await, (0, 0, 1));
        assert_eq!(imported(&desk, &file).await, (0, 1, 0));
        assert!(dateline::newsroom::check::check(&desk.app.newsroom.db).await.expect("checked").findings.is_empty());
    }
}
