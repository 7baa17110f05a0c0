//! What files of other systems have in them: control characters, records that stand twice, faults in any order.

use super::import::{self, exported, lines};
use crate::harness::{Desk, REVISE, Who, on_both};
use dateline::{
    auth::viewer::Viewer,
    interchange::{FileImport, ImportReport},
    newsroom::import::{ImportOptions, RecordResult},
};
use entity::api_token::Role;
use serde_json::{Value, json};

/// Imports files together; what was reported, and what was told: file, line and message.
async fn run(
    desk: &Desk,
    files: &[(&str, String)],
    options: ImportOptions,
) -> (ImportReport, Vec<(String, u64, String)>) {
    let mut told = Vec::new();
    let mut tell = |name: &str, number: u64, outcome: &RecordResult| {
        if let RecordResult::Conflict(why) | RecordResult::Refused(why) = outcome {
            told.push((name.to_owned(), number, why.clone()));
        }
    };
    let (newsroom, viewer) = (&desk.app.newsroom, Viewer::new(Role::Admin, "import"));
    let mut import = FileImport::begin(newsroom, &viewer, options, desk.app.clock.now(), &mut tell).await.unwrap();
    for (name, text) in files {
        import.import_concepts(name, text.as_bytes()).await.unwrap();
    }
    for (name, text) in files {
        import.import_releases(name, text.as_bytes()).await.unwrap();
    }
    let report = import.finish().await.unwrap();
    desk.app.newsroom.catalog.catch_up().await.unwrap();
    (report, told)
}

async fn one(desk: &Desk, records: &[Value]) -> (ImportReport, Vec<(String, u64, String)>) {
    run(desk, &[("f", lines(records))], ImportOptions::default()).await
}

fn release(fields: &Value) -> Value {
    let mut record = json!({ "type": "release", "headline": "A", "releaseDate": "2006-05-08", "state": "PUBLISHED" });
    record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    record
}

/// What the import knows, apart from the order in which things were changed.
fn counts(report: &ImportReport) -> [u64; 6] {
    [report.created, report.updated, report.unchanged, report.duplicates, report.conflicts, report.refused]
}

on_both! {
    async fn control_characters_are_replaced_and_counted(desk: Desk) {
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
        let (report, told) = one(&desk, &records).await;
        assert_eq!((counts(&report), told), ([6, 0, 0, 0, 0, 0], Vec::new()));
        assert_eq!((report.controls.mapped, report.controls.removed, report.records_with_controls), (8, 7, 5));
        let data = desk.data(Who::Editor, "{ a: release(ref: {slug: \"a\"}) { headline subheadline summary body { markdown } externalId editorialNote dateline { placeText } } b: release(ref: {slug: \"b\"}) { body { markdown } } topic(ref: {slug: \"t\"}) { name } tombstone(ref: {slug: \"d\"}) { notice } }", json!({})).await;
        assert_eq!(data, json!({
            "a": { "headline": "“A”", "subheadline": "–", "summary": "a\tb\nc", "body": { "markdown": "l’a" }, "externalId": "x", "editorialNote": "n…", "dateline": { "placeText": "P" } },
            "b": { "body": { "markdown": "l’ecole" } }, "topic": { "name": "L’école" }, "tombstone": { "notice": "It’s gone" },
        }));
        // The same again changes nothing, and counts the same.
        let (again, _) = one(&desk, &records).await;
        assert_eq!((counts(&again), again.controls), ([0, 0, 6, 0, 0, 0], report.controls));
        // What an editor types is refused.
        let input = json!({ "input": { "headline": "l\u{92}a" } });
        let answer = desk.ask(Who::Editor, "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { userErrors { message } } }", input).await;
        assert!(answer["data"]["releaseCreate"]["userErrors"][0]["message"].as_str().unwrap().contains("U+0092"), "{answer}");

        let first = exported(&desk).await;
        let other = Desk::on_sqlite().await;
        let (report, told) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!((report.created, report.records_with_controls, told), (6, 0, Vec::new()));
        assert_eq!(exported(&other).await, first);
    }

    async fn a_page_has_control_characters_too(desk: Desk) {
        let page = "News and articles\n\n  1. Press\u{1} release\n\n    L\u{92}Ouverture\n\n    08 May\u{7F} 2006, PHNOM\u{81} PENH\n\n    A b\u{85}\n";
        let (report, _) = import::run(&desk, page, ImportOptions::default(), true).await;
        assert_eq!((report.created, report.controls.mapped, report.controls.removed, report.records_with_controls), (1, 2, 3, 1));
        let data = desk.data(Who::Public, "{ releases { nodes { headline summary dateline { placeText } } } }", json!({})).await;
        assert_eq!(data["releases"]["nodes"][0], json!({ "headline": "L’Ouverture", "summary": "A b…", "dateline": { "placeText": "PHNOM PENH" } }));
    }

    async fn the_second_record_of_a_release_is_a_conflict_with_the_first(desk: Desk) {
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
        let (report, told) = one(&desk, &records).await;
        let first: Vec<(u64, u64)> = told.iter().map(|(_, line, why)| {
            let at = why.split("first at f:").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_else(|| panic!("{why}"));
            (*line, at.parse().unwrap())
        }).collect();
        assert_eq!(first, [(2, 1), (4, 3), (5, 3), (7, 6)], "{told:?}");
        assert_eq!(counts(&report), [6, 0, 0, 2, 4, 0]);
        let before = exported(&desk).await;
        let sequence = desk.app.newsroom.catalog.snapshot().sequence();
        let (again, told_again) = one(&desk, &records).await;
        assert_eq!((counts(&again), told_again), ([0, 0, 6, 2, 4, 0], told));
        assert_eq!((exported(&desk).await, desk.app.newsroom.catalog.snapshot().sequence()), (before, sequence));
        // Neither does it help to insist.
        let (report, _) = run(&desk, &[("f", lines(&records))], ImportOptions { overwrite: true, ..ImportOptions::default() }).await;
        assert_eq!(counts(&report), [0, 0, 6, 2, 4, 0]);
        let strict = ImportOptions { strict: true, ..ImportOptions::default() };
        assert!(!run(&desk, &[("f", lines(&records))], strict).await.0.committed);
    }

    async fn a_record_in_conflict_with_an_editor_is_not_the_first_of_its_release(desk: Desk) {
        let records = [
            release(&json!({ "slug": "a", "externalId": "1" })),
            release(&json!({ "slug": "a", "externalId": "1" })),
            release(&json!({ "slug": "a" })),
            release(&json!({ "slug": "b", "externalId": "1" })),
        ];
        one(&desk, &records[..1]).await;
        let found = desk.data(Who::Editor, "{ release(ref: {slug: \"a\"}) { id } }", json!({})).await;
        desk.done(Who::Editor, REVISE, json!({ "id": found["release"]["id"], "revision": 1, "input": { "headline": "Mended" } })).await;
        // The third record is matched by its slug and the fourth by its id, so one batch compares them one after the other.
        for some in [&records[..2], &records[2..], &records[..]] {
            let (report, told) = one(&desk, some).await;
            assert_eq!(counts(&report), [0, 0, 0, 0, some.len() as u64, 0], "{told:?}");
            assert!(told.len() == some.len() && told.iter().all(|(_, _, why)| why.contains("was changed here")), "{told:?}");
        }
        // Where the first is taken after all, it counts.
        let overwrite = ImportOptions { overwrite: true, ..ImportOptions::default() };
        let (report, told) = run(&desk, &[("f", lines(&records))], overwrite).await;
        assert_eq!(counts(&report), [0, 1, 0, 1, 2, 0], "{told:?}");
        assert!(told.iter().all(|(_, _, why)| why.contains("first at f:1,")), "{told:?}");
    }

    async fn former_addresses_and_other_files_are_the_same_release(desk: Desk) {
        one(&desk, &[release(&json!({ "slug": "old", "externalId": "1" }))]).await;
        one(&desk, &[release(&json!({ "slug": "new", "externalId": "1" }))]).await;
        let files = [
            ("a", lines(&[release(&json!({ "slug": "new", "externalId": "1" }))])),
            ("b", lines(&[release(&json!({ "slug": "old" })), release(&json!({ "slug": "new", "externalId": "1" }))])),
        ];
        for _ in 0..2 {
            let (report, told) = run(&desk, &files, ImportOptions::default()).await;
            assert_eq!(counts(&report), [0, 0, 1, 1, 1, 0], "{told:?}");
            assert!(told.len() == 1 && told[0].0 == "b" && told[0].1 == 1 && told[0].2.contains("first at a:1,"), "{told:?}");
        }
    }

    async fn the_second_record_of_a_topic_or_place_is_a_conflict_with_the_first(desk: Desk) {
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
        let wanted = [(2, 1), (3, 1), (7, 6), (8, 6), (10, 9)];
        for counted in [[4, 0, 0, 2, 5, 0], [0, 0, 4, 2, 5, 0]] {
            let (report, told) = one(&desk, &records).await;
            assert_eq!(counts(&report), counted, "{told:?}");
            let found: Vec<u64> = told.iter().map(|(_, line, _)| *line).collect();
            assert_eq!(found, wanted.map(|(line, _)| line), "{told:?}");
            for ((_, _, why), (_, first)) in told.iter().zip(wanted) {
                assert!(why.contains(&format!("first at f:{first},")), "{why}");
            }
        }
        // In an import of its own, such a record is refused, with the value in quotation marks, which the summary leaves out.
        let (_, told) = one(&desk, &[topic("b", json!({ "uri": "https://example.org/1" })), place("q", json!({ "iso3166Alpha2": "KH" })), place("r", json!({ "m49": "116" }))]).await;
        for ((_, _, why), begin) in told.iter().zip(["the uri \"https://example.org/1\" belongs to \"a\"", "the ISO 3166 code \"KH\" belongs to \"p\"", "the m49 \"116\" belongs to \"p\""]) {
            assert!(why.starts_with(begin), "{why}");
        }
        assert_eq!(told.len(), 3, "{told:?}");
        // So it is with records of two files, new or known.
        let files = [
            ("a", lines(&[topic("t", json!({})), place("u", json!({}))])),
            ("b", lines(&[topic("t", json!({ "name": "Other" })), place("u", json!({ "name": "Other" })), topic("t", json!({}))])),
        ];
        for counted in [[2, 0, 0, 1, 2, 0], [0, 0, 2, 1, 2, 0]] {
            let (report, told) = run(&desk, &files, ImportOptions::default()).await;
            assert_eq!(counts(&report), counted, "{told:?}");
            assert!(told[0].2.contains("first at a:1,") && told[1].2.contains("first at a:2,"), "{told:?}");
        }
        // A former address is the same topic, whichever way round.
        one(&desk, &[topic("old", json!({}))]).await;
        let update = "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { slug: \"new\" }) { userErrors { message } } }";
        let id = desk.data(Who::Public, "{ topic(ref: {slug: \"old\"}) { id } }", json!({})).await["topic"]["id"].clone();
        desk.done(Who::Admin, update, json!({ "id": id })).await;
        let overwrite = ImportOptions { overwrite: true, ..ImportOptions::default() };
        let (report, told) = run(&desk, &[("f", lines(&[topic("new", json!({})), topic("old", json!({}))]))], overwrite).await;
        assert_eq!(counts(&report), [0, 0, 1, 0, 1, 0], "{told:?}");
    }

    async fn a_record_that_was_refused_is_not_the_first_of_its_topic(desk: Desk) {
        let records = [
            json!({ "type": "topic", "slug": "a", "name": "A", "uri": "not a uri" }),
            json!({ "type": "topic", "slug": "c", "name": "C", "broader": "a" }),
            json!({ "type": "topic", "slug": "a", "name": "A" }),
            json!({ "type": "topic", "slug": "a", "name": "Other" }),
            json!({ "type": "place", "slug": "p", "name": "P", "kind": "CITY", "latitude": 1000 }),
            json!({ "type": "place", "slug": "p", "name": "P", "kind": "CITY" }),
        ];
        for counted in [[3, 0, 0, 0, 1, 2], [0, 0, 3, 0, 1, 2]] {
            let (report, told) = one(&desk, &records).await;
            assert_eq!(counts(&report), counted, "{told:?}");
            let found: Vec<u64> = told.iter().map(|(_, line, _)| *line).collect();
            assert_eq!(found, [1, 4, 5], "{told:?}");
            assert!(told[1].2.contains("first at f:3,"), "{told:?}");
        }
    }

    async fn a_release_without_a_slug_is_found_again_however_many_have_its_headline(desk: Desk) {
        let records: Vec<Value> = (1..=25).map(|day| release(&json!({ "headline": "Notice", "releaseDate": format!("2006-05-{day:02}") }))).collect();
        for counted in [[25, 0, 0, 0, 0, 0], [0, 0, 25, 0, 0, 0], [0, 0, 25, 0, 0, 0]] {
            let (report, told) = one(&desk, &records).await;
            assert_eq!(counts(&report), counted, "{told:?}");
        }
    }

    async fn a_file_of_another_version_of_the_format_ends_the_import(desk: Desk) {
        let empty = exported(&desk).await;
        let viewer = Viewer::new(Role::Admin, "import");
        for (header, version) in [(json!({ "type": "dateline", "version": 2 }), "2"), (json!({ "type": "dateline", "version": 1.5, "features": [] }), "1.5"), (json!({ "type": "dateline", "version": 0 }), "0")] {
            let text = lines(&[header, json!({ "type": "topic", "slug": "a", "name": "A" }), release(&json!({ "slug": "a" }))]);
            let mut heard = 0;
            let mut tell = |_: &str, _: u64, _: &RecordResult| heard += 1;
            let mut import = FileImport::begin(&desk.app.newsroom, &viewer, ImportOptions::default(), desk.app.clock.now(), &mut tell).await.unwrap();
            let error = import.import_concepts("f", text.as_bytes()).await.unwrap_err().to_string();
            assert_eq!(error, format!("f: the file has format version {version}, but this version of Dateline reads only version 1: import it with a version of Dateline that reads version {version}"));
            drop(import);
            assert_eq!((heard, exported(&desk).await), (0, empty.clone()));
        }
        let header = json!({ "type": "dateline", "version": 1 });
        let (report, told) = one(&desk, &[header.clone(), header, json!({ "type": "topic", "slug": "a", "name": "A" })]).await;
        assert_eq!((counts(&report), told), ([1, 0, 0, 0, 0, 1], vec![("f".to_owned(), 2, "a header is allowed only on the first line: remove this line".to_owned())]));
    }

    async fn what_is_told_comes_in_the_order_of_the_lines(desk: Desk) {
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
        let (report, told) = run(&desk, &[("f", records.join("\n"))], ImportOptions::default()).await;
        assert_eq!((report.created, report.refused + report.conflicts, told.len()), (200, 1001, 1001));
        assert!(told.is_sorted_by_key(|(_, line, _)| *line));
    }

    async fn an_export_comes_back_byte_by_byte(desk: Desk) {
        let now = chrono::DateTime::parse_from_rfc3339("2026-03-31T23:30:00Z").unwrap().to_utc();
        desk.app.clock.set(now);
        dateline::cli::demo::populate(&desk.app).await.unwrap();
        // A broader topic that is younger than the narrower one, and two broader ones in the order that was given.
        let create = "mutation { topicCreate(input: {slug: \"younger\", name: \"Younger\"}) { topic { id } userErrors { message } } }";
        desk.done(Who::Admin, create, json!({})).await;
        let update = "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { broader: [{slug: \"younger\"}, {slug: \"work\"}] }) { userErrors { message } } }";
        let id = desk.data(Who::Public, "{ topic(ref: {slug: \"crime\"}) { id } }", json!({})).await["topic"]["id"].clone();
        desk.done(Who::Admin, update, json!({ "id": id })).await;
        let first = exported(&desk).await;
        let other = Desk::on_sqlite().await;
        other.app.clock.set(now);
        let (report, told) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!((counts(&report), told), ([first.lines().count() as u64 - 1, 0, 0, 0, 0, 0], Vec::new()));
        assert_eq!(exported(&other).await, first);
        let (report, _) = run(&other, &[("export", first.clone())], ImportOptions::default()).await;
        assert_eq!(report.unchanged, first.lines().count() as u64 - 1);
    }
}
