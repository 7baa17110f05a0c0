//! Tests of import and export. Importing the same records again changes nothing, and an import overwrites later edits
//! only with the option `overwrite`. Also contains helpers that import and export a text.

use dateline::{
    auth::viewer::Viewer,
    interchange::{FileImport, ImportReport, export},
    newsroom::import::{ImportOptions, RecordResult},
};
use entity::api_token::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, PUBLISH, REVISE, TestServer, WITHDRAW, on_both_databases};

/// A page of three releases in the format of a printed listing (`--format listing`).
const PAGE: &str = "News and articles\n\n\n  1. Press release\n\n    Ferry line opens\n\n    08 May 2006, PHNOM PENH\n\n    A ferry goes twice a day.\n\n  2. Statement\n\n    Second thoughts on ferries\n\n    28 April 2006, BANGKOK\n\n    They are slow.\n\n  3. Press release\n\n    First thoughts on ferries\n\n    28 April 2006,\n\n    They are fast.\n";

/// Imports a text. Returns the report, and the line number and message of each rejected record.
pub(crate) async fn run(
    server: &TestServer,
    text: &str,
    options: ImportOptions,
    listing: bool,
) -> (ImportReport, Vec<(u64, String)>) {
    let mut rejections = Vec::new();
    let mut on_record = |_: &str, number: u64, outcome: &RecordResult| {
        if let RecordResult::Conflict(message) | RecordResult::Refused(message) = outcome {
            rejections.push((number, message.clone()));
        }
    };
    let viewer = Viewer::new(Role::Admin, "import");
    let mut import = FileImport::begin(&server.app.newsroom, &viewer, options, server.app.clock.now(), &mut on_record)
        .await
        .expect("begin the import");
    if listing {
        import.import_listing("page", text.as_bytes()).await.expect("import the listing");
    } else {
        let concepts = import.import_concepts("file", text.as_bytes()).await.expect("import concepts");
        import.import_releases(concepts, text.as_bytes()).await.expect("import releases");
    }
    let report = import.finish().await.expect("finish the import");
    server.app.newsroom.catalog.catch_up().await.expect("update the catalog");
    (report, rejections)
}

/// Formats records as lines of NDJSON.
pub(crate) fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Exports the newsroom. Returns the text that `dateline export` would print.
pub(crate) async fn exported(server: &TestServer) -> String {
    let mut out = Vec::new();
    export::export(&server.app.newsroom, &mut out).await.expect("export the newsroom");
    String::from_utf8(out).expect("UTF-8")
}

const LIST: &str = "{ releases { totalCount nodes { headline kind releaseDate summary state dateline { placeText places { name } } } } }";

on_both_databases! {
    async fn a_printed_page_is_imported_once(server: TestServer) {
        let (report, _) = run(&server, PAGE, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.refused), (3, 0));
        let list = server.data(Caller::Public, LIST, json!({})).await["releases"]["nodes"].clone();
        assert_eq!(list, json!([
            { "headline": "Ferry line opens", "kind": "PRESS_RELEASE", "releaseDate": "2006-05-08", "summary": "A ferry goes twice a day.", "state": "PUBLISHED", "dateline": { "placeText": "PHNOM PENH", "places": [{ "name": "Phnom Penh" }] } },
            { "headline": "Second thoughts on ferries", "kind": "STATEMENT", "releaseDate": "2006-04-28", "summary": "They are slow.", "state": "PUBLISHED", "dateline": { "placeText": "BANGKOK", "places": [{ "name": "Bangkok" }] } },
            { "headline": "First thoughts on ferries", "kind": "PRESS_RELEASE", "releaseDate": "2006-04-28", "summary": "They are fast.", "state": "PUBLISHED", "dateline": null },
        ]));
        let sequence = server.app.newsroom.catalog.snapshot().sequence();
        let (report, _) = run(&server, PAGE, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.updated, report.unchanged), (0, 0, 3));
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), sequence);
        // An import matches the items of a listing to releases by headline. After an editor changes the headline, the
        // item must still match the same release.
        let data = server.data(Caller::Editor, r#"{ release(ref: {slug: "ferry-line-opens"}) { id } }"#, json!({})).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": data["release"]["id"], "revision": 1, "input": { "headline": "Ferry lines open" } })).await;
        let (report, rejections) = run(&server, PAGE, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.conflicts, report.unchanged), (0, 1, 2), "{rejections:?}");
    }

    async fn importing_an_old_export_reports_conflicts_with_later_edits(server: TestServer) {
        let release = |slug: &str| json!({ "type": "release", "slug": slug, "externalId": format!("x-{slug}"), "headline": format!("The {slug}"), "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T00:00:00Z" });
        let all: Vec<Value> = ["corrected", "withdrawn", "renamed", "untouched"].into_iter().map(release).chain([json!({ "type": "topic", "slug": "work", "name": "Work" })]).collect();
        let (report, _) = run(&server, &lines(&all), ImportOptions::default(), false).await;
        assert_eq!(report.created, 5);
        let old_export = exported(&server).await;
        let id = async |slug: &str| server.data(Caller::Editor, "query($slug: Slug!) { release(ref: {slug: $slug}) { id } }", json!({ "slug": slug })).await["release"]["id"].clone();
        for (slug, input) in [("corrected", json!({ "headline": "Changed" })), ("renamed", json!({ "slug": "new-name" }))] {
            let id = id(slug).await;
            server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": input })).await;
            server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
        }
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id("withdrawn").await, "revision": 1, "kind": "GONE" })).await;
        let current_export = exported(&server).await;
        let (report, rejections) = run(&server, &old_export, ImportOptions::default(), false).await;
        assert_eq!((report.conflicts, report.unchanged, report.created, report.updated, report.refused), (3, 2, 0, 0, 0), "{rejections:?}");
        for (word, reason) in [("corrected", "changed in Dateline since"), ("new-name", "changed in Dateline since"), ("withdrawn", "never undoes a withdrawal")] {
            assert!(rejections.iter().any(|(_, message)| message.contains(&format!("\"{word}\"")) && message.contains(reason)), "{word} in {rejections:?}");
        }
        assert_eq!(exported(&server).await, current_export);
        // With the option `overwrite`, the import replaces content that an editor changed, but it never undoes a
        // withdrawal.
        let (report, rejections) = run(&server, &old_export, ImportOptions { overwrite: true, ..ImportOptions::default() }, false).await;
        assert_eq!((report.conflicts, report.updated), (1, 2), "{rejections:?}");
        assert_eq!(server.data(Caller::Public, r#"{ a: release(ref: {slug: "corrected"}) { headline } b: release(ref: {slug: "new-name"}) { slug } c: release(ref: {slug: "withdrawn"}) { slug } }"#, json!({})).await,
            json!({ "a": { "headline": "The corrected" }, "b": { "slug": "renamed" }, "c": null }));
    }

    async fn an_export_survives_an_import_into_another_newsroom(server: TestServer) {
        let demo = include_str!("../../../src/cli/demo/demo.ndjson");
        let (report, rejections) = run(&server, demo, ImportOptions::default(), false).await;
        assert_eq!((report.refused, report.conflicts), (0, 0), "{rejections:?}");
        let first = exported(&server).await;
        assert_eq!(first.lines().count(), demo.lines().count());
        let other = TestServer::on_sqlite().await;
        // Reverses the order of the topics and places, because an import accepts them in any order. The releases keep
        // their order, because it decides which release counts as newer.
        let (releases, mut others): (Vec<&str>, Vec<&str>) = first.lines().skip(1).partition(|line| line.contains("\"type\":\"release\""));
        others.reverse();
        let shuffled = [releases, others].concat().join("\n");
        let (report, rejections) = run(&other, &shuffled, ImportOptions::default(), false).await;
        assert_eq!((report.refused, report.conflicts), (0, 0), "{rejections:?}");
        let mut second: Vec<String> = exported(&other).await.lines().map(str::to_owned).collect();
        let mut first: Vec<String> = first.lines().map(str::to_owned).collect();
        let releases = |all: &[String]| all.iter().filter(|line| line.contains("\"type\":\"release\"")).cloned().collect::<Vec<_>>();
        assert_eq!(releases(&first), releases(&second));
        first.sort();
        second.sort();
        assert_eq!(first, second);
        let (report, _) = run(&other, &shuffled, ImportOptions::default(), false).await;
        assert_eq!((report.created, report.updated), (0, 0));
    }

    async fn invalid_records_are_reported_by_line_and_the_others_are_imported(server: TestServer) {
        let text = [
            r#"{"type":"dateline","version":1}"#, r#"{"type":"topic","slug":"a","name":"A","broader":"b"}"#, r#"{"type":"topic","slug":"b","name":"B","broader":["a"]}"#, r#"{"type":"topic","slug":"c","name":"C","broader":"nowhere"}"#,
            r#"{"type":"topic","slug":"d","name":"D"}"#, r#"{"type":"topic","slug":"d","name":"D again"}"#, r#"{"type":"place","slug":"p","name":"P","kind":"CITY","latitude":91,"longitude":0}"#,
            r#"{"type":"release","headline":"Good","releaseDate":"2006-05-01","topics":["d"],"state":"PUBLISHED"}"#, r#"{"type":"release","headline":"Bad topic","releaseDate":"2006-05-01","topics":["zzz"]}"#,
            r#"{"type":"release","headline":"Future","releaseDate":"2006-05-01","state":"PUBLISHED","publishedAt":"2107-01-01T00:00:00Z"}"#, r#"{"type":"release","headline":"NUL \u0000","releaseDate":"2006-05-01"}"#,
            r#"{"type":"release","headline":"","releaseDate":"2006-05-01"}"#, r#"{"type":"release","headline":"Both","releaseDate":"2006-05-01","bodyMarkdown":"a","bodyHtml":"b"}"#,
            r#"{"type":"release","headline":"Scheduled","releaseDate":"2006-05-01","state":"SCHEDULED"}"#, r#"{"type":"release","headline":"Slug","slug":"No Slug","releaseDate":"2006-05-01"}"#, "not json", r#"{"type":"release","headline":"Colour","releaseDate":"2006-05-01","colour":"red"}"#,
            r#"{"type":"release","slug":"one","externalId":"1","headline":"One","releaseDate":"2006-05-01"}"#, r#"{"type":"release","slug":"two","externalId":"2","headline":"Two","releaseDate":"2006-05-01"}"#, r#"{"type":"release","slug":"one","externalId":"2","headline":"Mixed","releaseDate":"2006-05-01"}"#,
        ].join("\n");
        let (report, rejections) = run(&server, &text, ImportOptions::default(), false).await;
        assert!(rejections.is_sorted_by_key(|(line, _)| *line), "{rejections:#?}");
        for (line, word) in [(4, "nowhere"), (6, "occurs twice in this import with different content, first at file:5 ("), (7, "latitude"), (9, "zzz"), (10, "future"), (12, "headline"), (13, "bodyHtml"), (14, "SCHEDULED"), (15, "no-slug"), (16, "JSON"), (17, "colour"), (20, "two different releases")] {
            let rejection = rejections.iter().find(|(number, _)| *number == line);
            assert!(rejection.is_some_and(|(_, message)| message.contains(word)), "line {line}: {rejections:#?}");
        }
        assert!(rejections.iter().any(|(line, message)| (2..=3).contains(line) && message.contains("ancestor")), "{rejections:#?}");
        assert_eq!(server.data(Caller::Editor, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 4);
        assert_eq!(report.created, 5 + u64::from(rejections.iter().filter(|(line, _)| (2..=3).contains(line)).count() == 1));
    }

    async fn a_dry_run_and_a_failed_strict_import_change_nothing(server: TestServer) {
        let valid_lines = lines(&[json!({ "type": "topic", "slug": "work", "name": "Work" }), json!({ "type": "release", "headline": "Good", "releaseDate": "2006-05-01", "topics": ["work"], "state": "PUBLISHED" })]);
        let empty = exported(&server).await;
        let (report, _) = run(&server, &valid_lines, ImportOptions { dry_run: true, ..ImportOptions::default() }, false).await;
        assert_eq!((report.created, report.committed), (2, false));
        assert_eq!(exported(&server).await, empty);
        let strict = ImportOptions { strict: true, ..ImportOptions::default() };
        let (report, rejections) = run(&server, &format!("{valid_lines}rubbish\n"), strict, false).await;
        assert_eq!((report.created, report.refused, report.committed, rejections.len()), (2, 1, false, 1));
        assert_eq!(exported(&server).await, empty);
        let (report, _) = run(&server, &valid_lines, strict, false).await;
        assert!(report.committed && report.created == 2);
        assert_eq!(server.data(Caller::Public, "{ releases { totalCount } }", json!({})).await["releases"]["totalCount"], 1);
    }

    async fn a_changed_file_updates_releases_without_later_edits(server: TestServer) {
        let release = |headline: &str, state: &str| lines(&[json!({ "type": "release", "slug": "a", "externalId": "1", "headline": headline, "releaseDate": "2006-05-01", "state": state })]);
        for (headline, state, expected) in [("One", "DRAFT", "created"), ("Two", "DRAFT", "updated"), ("Two", "PUBLISHED", "updated"), ("Three", "PUBLISHED", "updated"), ("Three", "PUBLISHED", "unchanged"), ("Three", "DRAFT", "conflict"), ("Three", "WITHDRAWN", "updated"), ("Three", "PUBLISHED", "conflict")] {
            let (report, rejections) = run(&server, &release(headline, state), ImportOptions::default(), false).await;
            let actual = [("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged), ("conflict", report.conflicts)].into_iter().find(|(_, count)| *count == 1).map(|(name, _)| name);
            assert_eq!(actual, Some(expected), "{headline} {state}: {rejections:?}");
        }
        assert_eq!(server.data(Caller::Public, r#"{ release(ref: {slug: "a"}) { id } releaseLookup(ref: {slug: "a"}) { tombstone { kind } } }"#, json!({})).await, json!({ "release": null, "releaseLookup": { "tombstone": null } }));
    }

    async fn schedules_and_embargoes_are_neither_exported_nor_overwritten(server: TestServer) {
        let mutate = async |id: &str, field: &str| {
            let mutation = format!("mutation($id: ID!) {{ {field} {{ release {{ state }} userErrors {{ message }} }} }}");
            server.mutate(Caller::Editor, &mutation, json!({ "id": id })).await
        };
        let schedule = |time: &str| format!("releaseSchedule(id: $id, expectedRevision: 1, localTime: \"{time}\", timeZone: \"UTC\")");
        let create_with = async |slug: &str, mutations: &[&str]| {
            let (id, _) = server.create_draft(json!({ "headline": slug, "slug": slug, "releaseDate": "2006-05-01" })).await;
            for field in mutations {
                mutate(&id, field).await;
            }
            id
        };
        let (publish, embargo) = ("releasePublish(id: $id, expectedRevision: 1)", "releaseEmbargo(id: $id, expectedRevision: 1, until: \"2007-07-01T00:00:00Z\")");
        create_with("review", &["releaseSubmit(id: $id, expectedRevision: 1)"]).await;
        create_with("later", &[&schedule("2007-07-01T00:00")]).await;
        create_with("due", &[&schedule("2007-06-01T13:00")]).await;
        let embargoed_id = create_with("held", &[embargo, publish]).await;
        create_with("untrue", &[publish, "releaseRetract(id: $id, expectedRevision: 1, notice: \"Untrue.\")"]).await;
        server.app.clock.set(crate::harness::noon() + chrono::TimeDelta::hours(2));

        let overwrite = ImportOptions { overwrite: true, ..ImportOptions::default() };
        let release = |slug: &str, state: &str| lines(&[json!({ "type": "release", "slug": slug, "headline": "Changed", "releaseDate": "2006-05-01", "state": state })]);
        for (slug, state, message) in [("held", "PUBLISHED", "under an embargo"), ("held", "DRAFT", "under an embargo"), ("due", "DRAFT", "never unpublishes"), ("untrue", "PUBLISHED", "retracted")] {
            let (report, rejections) = run(&server, &release(slug, state), overwrite, false).await;
            assert!(report.conflicts == 1 && rejections[0].1.contains(message), "{slug} {state}: {rejections:?}");
        }
        let hidden = server.data(Caller::Public, "query($id: ID!) { node(id: $id) { id } }", json!({ "id": embargoed_id })).await;
        assert_eq!(hidden["node"], Value::Null);

        let text = exported(&server).await;
        let states: Vec<(String, String)> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line["type"] == "release").map(|line| (line["slug"].as_str().unwrap().to_owned(), line["state"].as_str().unwrap().to_owned())).collect();
        let expected = [("review", "DRAFT"), ("later", "DRAFT"), ("due", "PUBLISHED"), ("held", "DRAFT"), ("untrue", "WITHDRAWN")];
        assert_eq!(states, expected.map(|(slug, state)| (slug.to_owned(), state.to_owned())));
        let other = TestServer::on_sqlite().await;
        other.app.clock.set(server.app.clock.now());
        let (report, rejections) = run(&other, &text, ImportOptions::default(), false).await;
        assert_eq!((report.created, report.refused), (5, 0), "{rejections:?}");
        assert_eq!(exported(&other).await, text);
    }
}
