//! Tests of import files: control characters, several records for one release, format versions, and the order of
//! messages.

use dateline::{
    auth::viewer::Viewer,
    interchange::{FileImport, ImportReport},
    newsroom::import::{ImportOptions, RecordResult},
};
use entity::api_token::Role;
use serde_json::{Value, json};

use super::import::{self, exported, lines};
use crate::harness::{Caller, REVISE, TestServer, on_both_databases};

/// Imports several files in one import. Returns the report, and the file, line number and text of each message.
async fn run(
    server: &TestServer,
    files: &[(&str, String)],
    options: ImportOptions,
) -> (ImportReport, Vec<(String, u64, String)>) {
    let mut rejections = Vec::new();
    let mut on_record = |name: &str, number: u64, outcome: &RecordResult| {
        if let RecordResult::Conflict(message) | RecordResult::Refused(message) = outcome {
            rejections.push((name.to_owned(), number, message.clone()));
        }
    };
    let (newsroom, viewer) = (&server.app.newsroom, Viewer::new(Role::Admin, "import"));
    let mut import =
        FileImport::begin(newsroom, &viewer, options, server.app.clock.now(), &mut on_record).await.unwrap();
    let mut first_pass = Vec::new();
    for (name, text) in files {
        first_pass.push((import.import_concepts(name, text.as_bytes()).await.unwrap(), text));
    }
    for (concepts, text) in first_pass {
        import.import_releases(concepts, text.as_bytes()).await.unwrap();
    }
    let report = import.finish().await.unwrap();
    server.app.newsroom.catalog.catch_up().await.unwrap();
    (report, rejections)
}

async fn import_records(server: &TestServer, records: &[Value]) -> (ImportReport, Vec<(String, u64, String)>) {
    run(server, &[("f", lines(records))], ImportOptions::default()).await
}

fn release(fields: &Value) -> Value {
    let mut record = json!({ "type": "release", "headline": "A", "releaseDate": "2006-05-08", "state": "PUBLISHED" });
    record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    record
}

/// Returns six counters of an import report: created, updated, unchanged, duplicates, conflicts, refused.
fn counts(report: &ImportReport) -> [u64; 6] {
    [report.created, report.updated, report.unchanged, report.duplicates, report.conflicts, report.refused]
}

on_both_databases! {
    async fn control_characters_are_replaced_and_counted(server: TestServer) {
        let records = [
            json!({ "type": "topic", "slug": "t", "name": "L\u{92}\u{e9}cole", "definition": "a\u{81}b", "altNames": ["x\u{0}"] }),
            json!({ "type": "place", "slug": "p", "name": "P\u{7F}", "kind": "CITY" }),
            release(&json!({
                "slug": "a", "externalId": "\u{FEFF}x", "headline": "\u{93}A\u{94}", "subheadline": "\u{96}", "summary": "a\tb\nc\u{2028}", "bodyMarkdown": "l\u{92}a",
                "datelineText": "\u{1}P", "editorialNote": "n\u{85}", "topics": ["t\u{200B}".trim_end_matches('\u{200B}')],
            })),
            release(&json!({ "slug": "b", "bodyHtml": "<p>l\u{92}ecole&#x1;</p>" })),
            release(&json!({ "slug": "c", "summary": "nothing" })),
            release(&json!({ "slug": "d", "state": "WITHDRAWN", "withdrawal": { "kind": "WITH_NOTICE", "notice": "It\u{92}s gone" } })),
        ];
        let (report, rejections) = import_records(&server, &records).await;
        assert_eq!((counts(&report), rejections), ([6, 0, 0, 0, 0, 0], Vec::new()));
        assert_eq!((report.controls.mapped, report.controls.removed, report.records_with_controls), (8, 7, 5));
        let data = server.data(Caller::Editor, "{ a: release(ref: {slug: \"a\"}) { headline subheadline summary body { markdown } externalId editorialNote dateline { placeText } } b: release(ref: {slug: \"b\"}) { body { markdown } } topic(ref: {slug: \"t\"}) { name } releaseLookup(ref: {slug: \"d\"}) { tombstone { notice } } }", json!({})).await;
        assert_eq!(data, json!({
            "a": { "headline": "“A”", "subheadline": "–", "summary": "a\tb\nc", "body": { "markdown": "l’a" }, "externalId": "x", "editorialNote": "n…", "dateline": { "placeText": "P" } },
            "b": { "body": { "markdown": "l’ecole" } }, "topic": { "name": "L’école" }, "releaseLookup": { "tombstone": { "notice": "It’s gone" } },
        }));
        // A second import of the same records changes nothing and counts the same control characters.
        let (second_report, _) = import_records(&server, &records).await;
        assert_eq!((counts(&second_report), second_report.controls), ([0, 0, 6, 0, 0, 0], report.controls));
        // Control characters in an editor's input are rejected.
        let input = json!({ "input": { "headline": "l\u{92}a" } });
        let response = server.execute(Caller::Editor, "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { userErrors { message } } }", input).await;
        assert!(response["data"]["releaseCreate"]["userErrors"][0]["message"].as_str().unwrap().contains("U+0092"), "{response}");

        let first = exported(&server).await;
        let other = TestServer::on_sqlite().await;
        let (report, rejections) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!((report.created, report.records_with_controls, rejections), (6, 0, Vec::new()));
        assert_eq!(exported(&other).await, first);
    }

    async fn a_page_has_control_characters_too(server: TestServer) {
        let page = "News and articles\n\n  1. Press\u{1} release\n\n    L\u{92}Ouverture\n\n    08 May\u{7F} 2006, PHNOM\u{81} PENH\n\n    A b\u{85}\n";
        let (report, _) = import::run(&server, page, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.controls.mapped, report.controls.removed, report.records_with_controls), (1, 2, 3, 1));
        let data = server.data(Caller::Public, "{ releases { nodes { headline summary dateline { placeText } } } }", json!({})).await;
        assert_eq!(data["releases"]["nodes"][0], json!({ "headline": "L’Ouverture", "summary": "A b…", "dateline": { "placeText": "PHNOM PENH" } }));
    }

    async fn the_second_record_of_a_release_is_a_conflict_with_the_first(server: TestServer) {
        let records = [
            release(&json!({ "slug": "b1", "headline": "A" })),
            release(&json!({ "slug": "b1", "headline": "B" })),
            release(&json!({ "slug": "b2", "externalId": "x2" })),
            release(&json!({ "slug": "b3", "externalId": "x2" })),
            release(&json!({ "slug": "b2", "externalId": "x3" })),
            release(&json!({ "headline": "No slug" })),
            release(&json!({ "headline": "No slug", "summary": "another" })),
            release(&json!({ "headline": "No slug", "releaseDate": "2006-05-09" })),
            release(&json!({ "slug": "no-slug-2", "headline": "No slug", "releaseDate": "2006-05-09" })),
            release(&json!({ "slug": "no-slug-3" })),
            release(&json!({ "headline": "No slug", "releaseDate": "2006-05-10" })),
            release(&json!({ "slug": "b1", "headline": "A" })),
        ];
        let (report, rejections) = import_records(&server, &records).await;
        let first: Vec<(u64, u64)> = rejections.iter().map(|(_, line, message)| {
            let at = message.split("first at f:").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{message}"));
            (*line, at.parse().unwrap())
        }).collect();
        assert_eq!(first, [(2, 1), (4, 3), (5, 3), (7, 6)], "{rejections:?}");
        assert_eq!(counts(&report), [6, 0, 0, 2, 4, 0]);
        let before = exported(&server).await;
        let sequence = server.app.newsroom.catalog.snapshot().sequence();
        let (second_report, rejections_again) = import_records(&server, &records).await;
        assert_eq!((counts(&second_report), rejections_again), ([0, 0, 6, 2, 4, 0], rejections));
        assert_eq!((exported(&server).await, server.app.newsroom.catalog.snapshot().sequence()), (before, sequence));
        // The option `overwrite` does not change how records of the same file conflict with each other.
        let (report, _) = run(&server, &[("f", lines(&records))], ImportOptions { overwrite: true, ..ImportOptions::default() }).await;
        assert_eq!(counts(&report), [0, 0, 6, 2, 4, 0]);
        let strict = ImportOptions { strict: true, ..ImportOptions::default() };
        assert!(!run(&server, &[("f", lines(&records))], strict).await.0.committed);
    }

    async fn a_record_in_conflict_with_an_editor_is_not_the_first_of_its_release(server: TestServer) {
        let records = [
            release(&json!({ "slug": "a", "externalId": "1" })),
            release(&json!({ "slug": "a", "externalId": "1" })),
            release(&json!({ "slug": "a" })),
            release(&json!({ "slug": "b", "externalId": "1" })),
        ];
        import_records(&server, &records[..1]).await;
        let data = server.data(Caller::Editor, "{ release(ref: {slug: \"a\"}) { id } }", json!({})).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": data["release"]["id"], "revision": 1, "input": { "headline": "Mended" } })).await;
        // All four records match the edited release: the third only by its slug, the fourth only by its external id.
        // Each record must conflict with the editor's change, not with an earlier record of the file.
        for subset in [&records[..2], &records[2..], &records[..]] {
            let (report, rejections) = import_records(&server, subset).await;
            assert_eq!(counts(&report), [0, 0, 0, 0, subset.len() as u64, 0], "{rejections:?}");
            assert!(rejections.len() == subset.len() && rejections.iter().all(|(_, _, message)| message.contains("was changed in Dateline")), "{rejections:?}");
        }
        // With the option `overwrite`, the import applies the first record. Each later record is then a duplicate of
        // the first record or conflicts with it.
        let overwrite = ImportOptions { overwrite: true, ..ImportOptions::default() };
        let (report, rejections) = run(&server, &[("f", lines(&records))], overwrite).await;
        assert_eq!(counts(&report), [0, 1, 0, 1, 2, 0], "{rejections:?}");
        assert!(rejections.iter().all(|(_, _, message)| message.contains("first at f:1 (")), "{rejections:?}");
    }

    async fn former_slugs_in_other_files_match_the_same_release(server: TestServer) {
        import_records(&server, &[release(&json!({ "slug": "old", "externalId": "1" }))]).await;
        import_records(&server, &[release(&json!({ "slug": "new", "externalId": "1" }))]).await;
        let files = [
            ("a", lines(&[release(&json!({ "slug": "new", "externalId": "1" }))])),
            ("b", lines(&[release(&json!({ "slug": "old" })), release(&json!({ "slug": "new", "externalId": "1" }))])),
        ];
        for _ in 0..2 {
            let (report, rejections) = run(&server, &files, ImportOptions::default()).await;
            assert_eq!(counts(&report), [0, 0, 1, 1, 1, 0], "{rejections:?}");
            assert!(rejections.len() == 1 && rejections[0].0 == "b" && rejections[0].1 == 1 && rejections[0].2.contains("first at a:1 ("), "{rejections:?}");
        }
    }

    async fn the_second_record_of_a_topic_or_place_is_a_conflict_with_the_first(server: TestServer) {
        let topic = |slug: &str, more: Value| {
            let mut record = json!({ "type": "topic", "slug": slug, "name": "T" });
            record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            record
        };
        let place = |slug: &str, more: Value| {
            let mut record = topic(slug, more);
            (record["type"], record["kind"]) = (json!("place"), json!("COUNTRY"));
            record
        };
        let records = [
            topic("a", json!({ "uri": "https://example.org/1", "broader": "z" })),
            topic("b", json!({ "uri": "https://example.org/1" })),
            topic("a", json!({ "name": "Other", "uri": "https://example.org/1", "broader": "z" })),
            topic("a", json!({ "uri": "https://example.org/1", "broader": "z" })),
            topic("z", json!({})),
            place("p", json!({ "iso3166Alpha2": "KH", "m49": "116" })),
            place("q", json!({ "iso3166Alpha2": "KH" })),
            place("r", json!({ "m49": " 116" })),
            place("s", json!({ "geonamesId": 1 })),
            place("s2", json!({ "geonamesId": 1 })),
            place("s", json!({ "geonamesId": 1 })),
        ];
        let expected = [(2, 1), (3, 1), (7, 6), (8, 6), (10, 9)];
        for expected_counts in [[4, 0, 0, 2, 5, 0], [0, 0, 4, 2, 5, 0]] {
            let (report, rejections) = import_records(&server, &records).await;
            assert_eq!(counts(&report), expected_counts, "{rejections:?}");
            let line_numbers: Vec<u64> = rejections.iter().map(|(_, line, _)| *line).collect();
            assert_eq!(line_numbers, expected.map(|(line, _)| line), "{rejections:?}");
            for ((_, _, message), (_, first)) in rejections.iter().zip(expected) {
                assert!(message.contains(&format!("first at f:{first} (")), "{message}");
            }
        }
        // In a second import, a record whose code belongs to a stored topic or place is refused. The message quotes
        // the code; the import summary omits quoted values so that it can group equal messages.
        let (_, rejections) = import_records(&server, &[topic("b", json!({ "uri": "https://example.org/1" })), place("q", json!({ "iso3166Alpha2": "KH" })), place("r", json!({ "m49": "116" }))]).await;
        for ((_, _, message), prefix) in rejections.iter().zip(["the uri \"https://example.org/1\" already belongs to \"a\"", "the ISO 3166 code \"KH\" already belongs to \"p\"", "the m49 \"116\" already belongs to \"p\""]) {
            assert!(message.starts_with(prefix), "{message}");
        }
        assert_eq!(rejections.len(), 3, "{rejections:?}");
        // Records in different files of one import conflict in the same way, whether the first record creates the
        // concept or finds it stored.
        let files = [
            ("a", lines(&[topic("t", json!({})), place("u", json!({}))])),
            ("b", lines(&[topic("t", json!({ "name": "Other" })), place("u", json!({ "name": "Other" })), topic("t", json!({}))])),
        ];
        for expected_counts in [[2, 0, 0, 1, 2, 0], [0, 0, 2, 1, 2, 0]] {
            let (report, rejections) = run(&server, &files, ImportOptions::default()).await;
            assert_eq!(counts(&report), expected_counts, "{rejections:?}");
            assert!(rejections[0].2.contains("first at a:1 (") && rejections[1].2.contains("first at a:2 ("), "{rejections:?}");
        }
        // A record with a former slug of a topic matches the same topic as a record with the current slug.
        import_records(&server, &[topic("old", json!({}))]).await;
        let update = "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { slug: \"new\" }) { userErrors { message } } }";
        let id = server.data(Caller::Public, "{ topic(ref: {slug: \"old\"}) { id } }", json!({})).await["topic"]["id"].clone();
        server.mutate(Caller::Admin, update, json!({ "id": id })).await;
        let overwrite = ImportOptions { overwrite: true, ..ImportOptions::default() };
        let (report, rejections) = run(&server, &[("f", lines(&[topic("new", json!({})), topic("old", json!({}))]))], overwrite).await;
        assert_eq!(counts(&report), [0, 0, 1, 0, 1, 0], "{rejections:?}");
    }

    async fn a_rejected_record_is_not_the_first_of_its_topic(server: TestServer) {
        let records = [
            json!({ "type": "topic", "slug": "a", "name": "A", "uri": "not a uri" }),
            json!({ "type": "topic", "slug": "c", "name": "C", "broader": "a" }),
            json!({ "type": "topic", "slug": "a", "name": "A" }),
            json!({ "type": "topic", "slug": "a", "name": "Other" }),
            json!({ "type": "place", "slug": "p", "name": "P", "kind": "CITY", "latitude": 1000 }),
            json!({ "type": "place", "slug": "p", "name": "P", "kind": "CITY" }),
        ];
        for expected_counts in [[3, 0, 0, 0, 1, 2], [0, 0, 3, 0, 1, 2]] {
            let (report, rejections) = import_records(&server, &records).await;
            assert_eq!(counts(&report), expected_counts, "{rejections:?}");
            let line_numbers: Vec<u64> = rejections.iter().map(|(_, line, _)| *line).collect();
            assert_eq!(line_numbers, [1, 4, 5], "{rejections:?}");
            assert!(rejections[1].2.contains("first at f:3 ("), "{rejections:?}");
        }
    }

    async fn releases_without_slugs_are_matched_among_equal_headlines(server: TestServer) {
        let records: Vec<Value> = (1..=25).map(|day| release(&json!({ "headline": "Notice", "releaseDate": format!("2006-05-{day:02}") }))).collect();
        for expected_counts in [[25, 0, 0, 0, 0, 0], [0, 0, 25, 0, 0, 0], [0, 0, 25, 0, 0, 0]] {
            let (report, rejections) = import_records(&server, &records).await;
            assert_eq!(counts(&report), expected_counts, "{rejections:?}");
        }
    }

    async fn a_file_of_another_format_version_stops_the_import(server: TestServer) {
        let empty = exported(&server).await;
        let viewer = Viewer::new(Role::Admin, "import");
        for (header, version) in [(json!({ "type": "dateline", "version": 2 }), "2"), (json!({ "type": "dateline", "version": 1.5, "features": [] }), "1.5"), (json!({ "type": "dateline", "version": 0 }), "0")] {
            let text = lines(&[header, json!({ "type": "topic", "slug": "a", "name": "A" }), release(&json!({ "slug": "a" }))]);
            let mut reported = 0;
            let mut on_record = |_: &str, _: u64, _: &RecordResult| reported += 1;
            let mut import = FileImport::begin(&server.app.newsroom, &viewer, ImportOptions::default(), server.app.clock.now(), &mut on_record).await.unwrap();
            let error = import.import_concepts("f", text.as_bytes()).await.unwrap_err().to_string();
            assert_eq!(error, format!("f: the file has format version {version}, but this version of Dateline reads only version 1: import it with a version of Dateline that reads version {version}"));
            drop(import);
            assert_eq!((reported, exported(&server).await), (0, empty.clone()));
        }
        let header = json!({ "type": "dateline", "version": 1 });
        let (report, rejections) = import_records(&server, &[header.clone(), header, json!({ "type": "topic", "slug": "a", "name": "A" })]).await;
        assert_eq!((counts(&report), rejections), ([1, 0, 0, 0, 0, 1], vec![("f".to_owned(), 2, "a header is allowed only on the first line: remove this line".to_owned())]));
    }

    async fn a_line_without_a_result_of_the_first_pass_is_refused_unless_it_is_a_release(server: TestServer) {
        let topic = json!({ "type": "topic", "slug": "a", "name": "A" });
        let first_pass = lines(&[release(&json!({ "slug": "a" })), topic.clone()]);
        let second_pass = lines(&[topic.clone(), topic, release(&json!({ "slug": "b" }))]);
        let viewer = Viewer::new(Role::Admin, "import");
        let mut messages = Vec::new();
        let mut on_record = |_: &str, number: u64, result: &RecordResult| messages.push((number, result.clone()));
        let mut import = FileImport::begin(&server.app.newsroom, &viewer, ImportOptions::default(), server.app.clock.now(), &mut on_record).await.unwrap();
        let concepts = import.import_concepts("f", first_pass.as_bytes()).await.unwrap();
        import.import_releases(concepts, second_pass.as_bytes()).await.unwrap();
        import.finish().await.unwrap();
        let refused = RecordResult::Refused("the file was changed while it was imported: import it again".to_owned());
        assert_eq!(messages, [(1, refused), (2, RecordResult::Created), (3, RecordResult::Created)]);
    }

    async fn import_messages_are_in_line_order(server: TestServer) {
        let mut records = vec!["not JSON".to_owned()];
        for number in 0..1200 {
            records.push(match number % 6 {
                0 => json!({ "type": "topic", "slug": format!("t{number}"), "name": "T", "broader": "nowhere" }).to_string(),
                1 => "{".to_owned(),
                2 => release(&json!({ "slug": format!("r{number}"), "topics": ["nowhere"] })).to_string(),
                3 => json!({ "type": "release", "headline": "A", "releaseDate": "2006-02-30" }).to_string(),
                4 => json!({ "type": "place", "slug": "Not A Slug", "name": "P", "kind": "CITY" }).to_string(),
                _ => release(&json!({ "slug": format!("good-{number}") })).to_string(),
            });
        }
        let (report, rejections) = run(&server, &[("f", records.join("\n"))], ImportOptions::default()).await;
        assert_eq!((report.created, report.refused + report.conflicts, rejections.len()), (200, 1001, 1001));
        assert!(rejections.is_sorted_by_key(|(_, line, _)| *line));
    }

    async fn an_export_is_reproduced_byte_for_byte(server: TestServer) {
        let now = chrono::DateTime::parse_from_rfc3339("2026-03-31T23:30:00Z").unwrap().to_utc();
        server.app.clock.set(now);
        dateline::cli::demo::populate(&server.app).await.unwrap();
        // Gives a topic two broader topics in a fixed order. The first broader topic was created later than the topic
        // itself.
        let create = "mutation { topicCreate(input: {slug: \"younger\", name: \"Younger\"}) { topic { id } userErrors { message } } }";
        server.mutate(Caller::Admin, create, json!({})).await;
        let update = "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { broader: [{slug: \"younger\"}, {slug: \"work\"}] }) { userErrors { message } } }";
        let id = server.data(Caller::Public, "{ topic(ref: {slug: \"crime\"}) { id } }", json!({})).await["topic"]["id"].clone();
        server.mutate(Caller::Admin, update, json!({ "id": id })).await;
        let first = exported(&server).await;
        let other = TestServer::on_sqlite().await;
        other.app.clock.set(now);
        let (report, rejections) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!((counts(&report), rejections), ([first.lines().count() as u64 - 1, 0, 0, 0, 0, 0], Vec::new()));
        assert_eq!(exported(&other).await, first);
        let (report, _) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!(report.unchanged, first.lines().count() as u64 - 1);
    }
}
