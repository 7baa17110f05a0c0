//! Tests of the supported range of dates and instants: the years 0001 to 9999 in UTC. Every input rejects a value
//! outside the range. If the database contains such a value, the server logs it and returns the nearest supported
//! value, and `dateline check --repair` repairs it.

use chrono::{DateTime, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    config::SiteInfo,
    db::Db,
    interchange::{FileImport, export},
    newsroom::{
        Error, NewsroomSettings,
        access::tokens::TokenInput,
        import::{ImportOptions, RecordResult},
        repair::{find_out_of_range, ranged_columns},
    },
};
use entity::api_token::Role;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryOrder, Statement};
use serde_json::{Value, json};

use crate::harness::{Caller, REVISE, TestServer, on_both_databases, server_process::run};

const SCHEDULE: &str = "mutation($id: ID!, $revision: Int!, $time: LocalDateTime!, $zone: TimeZone!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: $time, timeZone: $zone) { release { state schedule { at } } userErrors { field code message } } }";

/// Imports a text. Returns the line number and message of each rejected record.
async fn import_rejections(server: &TestServer, text: &str, listing: bool) -> Vec<(u64, String)> {
    let mut rejections = Vec::new();
    let mut on_record = |_: &str, number: u64, outcome: &RecordResult| {
        if let RecordResult::Conflict(message) | RecordResult::Refused(message) = outcome {
            rejections.push((number, message.clone()));
        }
    };
    let (newsroom, viewer) = (&server.app.newsroom, Viewer::new(Role::Admin, "import"));
    let mut import =
        FileImport::begin(newsroom, &viewer, ImportOptions::default(), server.app.clock.now(), &mut on_record)
            .await
            .unwrap();
    if listing {
        import.import_listing("page", text.as_bytes()).await.unwrap();
    } else {
        let concepts = import.import_concepts("file", text.as_bytes()).await.unwrap();
        import.import_releases(concepts, text.as_bytes()).await.unwrap();
    }
    import.finish().await.unwrap();
    server.app.newsroom.catalog.catch_up().await.unwrap();
    rejections
}

/// Executes the SQL statement for the database under test: `sqlite` or `postgres`, which differ in the notation of
/// values.
async fn store(server: &TestServer, sqlite: &str, postgres: &str) {
    let db = &server.app.newsroom.db;
    let tx = db.begin_write().await.unwrap();
    tx.execute_unprepared(if db.backend() == DbBackend::Sqlite { sqlite } else { postgres }).await.unwrap();
    tx.commit().await.unwrap();
}

/// Sets a column to an instant in all rows of a table. The instant is given twice: in the notation of SQLite and of
/// PostgreSQL.
async fn set(server: &TestServer, table: &str, column: &str, (sqlite, postgres): (&str, &str)) {
    let update = |value: &str| format!("UPDATE {table} SET {column} = '{value}'");
    store(server, &update(sqlite), &update(postgres)).await;
}

/// Opens the newsroom again on the same database, like a server restart.
async fn restarted(server: &TestServer) -> std::sync::Arc<App> {
    let db = Db::open(&server.url).await.unwrap();
    App::new(db, NewsroomSettings::default(), SiteInfo::default(), server.app.clock.clone()).await.unwrap()
}

async fn exported(app: &App) -> String {
    let mut out = Vec::new();
    export::export(&app.newsroom, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

const YEAR_0: (&str, &str) = ("0000-03-01T12:00:00+00:00", "0001-03-01 12:00:00+00 BC");
const BEFORE_CHRIST: (&str, &str) = ("-0043-03-15T12:00:00+00:00", "0044-03-15 12:00:00+00 BC");
const YEAR_10000: (&str, &str) = ("+10000-01-01T00:00:00+00:00", "10000-01-01 00:00:00+00");

on_both_databases! {
    async fn scalars_outside_the_range_are_rejected(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "One" })).await;
        let by_date = "query($date: Date) { releases(filter: { releaseDate: { from: $date } }) { totalCount } }";
        for (date, fragment) in [("0000-12-31", "0000-12-31 is outside the range of dates"), ("10000-01-01", "is not a date"), ("-001-01-01", "is outside the range of dates")] {
            for (query, variables) in [
                (by_date.to_owned(), json!({ "date": date })),
                (format!("{{ releases(filter: {{ releaseDate: {{ until: \"{date}\" }} }}) {{ totalCount }} }}"), json!({})),
                ("mutation($id: ID!, $date: Date) { releaseRevise(id: $id, expectedRevision: 1, input: { releaseDate: $date }) { userErrors { code } } }".to_owned(), json!({ "id": id, "date": date })),
            ] {
                assert_bad_input(&server.execute(Caller::Admin, &query, variables).await, fragment);
            }
        }
        for (at, fragment) in [
            ("0001-01-01T00:00:00+14:00", "0000-12-31T10:00:00Z is outside the range of instants"),
            ("9999-12-31T23:59:59-14:00", "+10000-01-01T13:59:59Z is outside the range of instants"),
            ("2016-12-31T23:59:60Z", "leap seconds are not accepted"),
            ("2016-12-31T12:30:60+02:00", "leap seconds are not accepted"),
        ] {
            for query in [
                "mutation($id: ID!, $at: DateTime) { releaseEmbargo(id: $id, expectedRevision: 1, until: $at) { userErrors { code } } }",
                "mutation($id: ID!, $at: DateTime!) { previewLinkCreate(releaseId: $id, expiresAt: $at) { userErrors { code } } }",
                "mutation($at: DateTime) { tokenCreate(input: { subject: \"x\", name: \"y\", role: EDITOR, expiresAt: $at }) { userErrors { code } } }",
            ] {
                assert_bad_input(&server.execute(Caller::Admin, query, json!({ "id": id, "at": at })).await, fragment);
            }
        }
        // The first and the last day of the supported range are accepted.
        for date in ["0001-01-01", "9999-12-31"] {
            let revision = server.data(Caller::Editor, "query($id: ID!) { release(ref: {id: $id}) { revision } }", json!({ "id": id })).await["release"]["revision"].clone();
            server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "releaseDate": date } })).await;
            let data = server.data(Caller::Editor, "query($id: ID!) { release(ref: {id: $id}) { releaseDate } }", json!({ "id": id })).await;
            assert_eq!(data["release"]["releaseDate"], date);
            restarted(&server).await;
        }
    }

    async fn local_times_are_validated_in_their_time_zone(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "One" })).await;
        for (time, zone, fragment) in [
            ("9999-12-31T23:00", "Pacific/Pago_Pago", "+10000-01-01T10:00:00Z is outside the range of instants"),
            ("0001-01-01T00:00", "Asia/Phnom_Penh", "is outside the range of instants"),
            ("0000-12-31T23:00", "UTC", "0000-12-31 is outside the range of dates"),
            ("2016-12-31T23:59:60", "UTC", "leap seconds are not accepted"),
        ] {
            let error = server.user_error(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time, "zone": zone })).await;
            assert_eq!((&error["code"], &error["field"]), (&json!("INVALID"), &json!(["localTime"])), "{error}");
            assert!(error["message"].as_str().unwrap().contains(fragment), "{error}");
        }
        let last = server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "9999-12-31T23:59:59", "zone": "UTC" })).await;
        assert_eq!(last["release"]["schedule"]["at"], "9999-12-31T23:59:59Z");
        restarted(&server).await.newsroom.resolve_schedules(server.app.clock.now()).await.unwrap();
    }

    async fn tokens_and_imports_are_validated_and_import_errors_name_the_line(server: TestServer) {
        let far = DateTime::<Utc>::MAX_UTC;
        let input = TokenInput { subject: "x".to_owned(), name: "y".to_owned(), role: Role::Editor, expires_at: Some(far) };
        let error = server.app.newsroom.token_create(&Viewer::new(Role::Admin, "test"), input, server.app.clock.now()).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid(errors) if errors[0].message.contains("outside the range of instants")), "{error}");

        let release = |slug: &str, more: &Value| {
            let mut line = json!({ "type": "release", "slug": slug, "headline": slug, "releaseDate": "2006-03-01", "state": "PUBLISHED", "publishedAt": "2006-05-08T03:00:00Z" });
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            format!("{line}\n")
        };
        let text = [
            release("good", &json!({})),
            release("y0", &json!({ "releaseDate": "0000-03-01" })),
            release("east", &json!({ "publishedAt": "0001-01-01T00:00:00+14:00" })),
            release("leap", &json!({ "publishedAt": "2005-12-31T23:59:60Z" })),
            release("gone", &json!({ "state": "WITHDRAWN", "withdrawal": { "kind": "GONE", "at": "+10000-01-01T00:00:00Z" } })),
            "{\"type\":\"topic\",\"slug\":\"t\",\"name\":\"T\",\"retiredAt\":\"0000-01-01T00:00:00Z\"}\n".to_owned(),
            release("first", &json!({ "releaseDate": "0001-01-01", "publishedAt": "0001-01-01T00:00:00Z" })),
        ].concat();
        let rejections = import_rejections(&server, &text, false).await;
        for (line, fragment) in [
            (2, "releaseDate: 0000-03-01 is outside the range of dates"),
            (3, "publishedAt: 0000-12-31T10:00:00Z is outside the range of instants"),
            (4, "publishedAt: 2005-12-31T23:59:60Z has second 60"),
            (5, "withdrawal.at: +10000-01-01T00:00:00Z is outside the range of instants"),
            (6, "retiredAt: 0000-01-01T00:00:00Z is outside the range of instants"),
        ] {
            assert!(rejections.iter().any(|(number, message)| *number == line && message.contains(fragment)), "{line} {fragment}: {rejections:?}");
        }
        assert_eq!(rejections.len(), 5, "{rejections:?}");
        let rejections = import_rejections(&server, "1. Speech\n\nOn ferries\n\n1 March 0000, BANGKOK\n", true).await;
        assert!(rejections.len() == 1 && rejections[0].0 == 5 && rejections[0].1.contains("0000-03-01 is outside the range of dates"), "{rejections:?}");
        // After a restart, the server must be able to load the two imported releases.
        let app = restarted(&server).await;
        assert_eq!((app.newsroom.catalog.snapshot().len(), find_out_of_range(app.newsroom.db.reader()).await.unwrap().len()), (2, 0));
    }

    async fn timelines_at_the_ends_of_the_range_are_complete(server: TestServer) {
        let release = |slug: &str, date: &str, at: &str| json!({ "type": "release", "slug": slug, "headline": slug, "releaseDate": date, "state": "PUBLISHED", "publishedAt": at });
        server.import(&[
            release("first", "0001-01-01", "0001-01-01T00:00:00Z"),
            release("second", "0001-01-02", "0001-01-02T03:00:00Z"),
        ]).await;
        // This release has the last supported release date, and was published in 2006.
        server.import(&[release("last", "9999-12-31", "2006-01-01T00:00:00Z")]).await;
        let timeline = "query($interval: TimeInterval!, $zone: TimeZone!, $field: ReleaseDateField!, $from: Date!, $until: Date!, $week: Weekday!) { releaseStats { timeline(interval: $interval, timeZone: $zone, dateField: $field, weekStart: $week, range: { from: $from, until: $until }) { points { label start end count } } } }";
        for interval in ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"] {
            for zone in ["UTC", "Asia/Phnom_Penh", "Pacific/Pago_Pago", "Pacific/Kiritimati"] {
                for field in ["RELEASE_DATE", "PUBLISHED_AT"] {
                    for week in ["MONDAY", "SUNDAY", "SATURDAY"] {
                        for (from, until) in [("0001-01-01", "0001-01-03"), ("9999-12-30", "9999-12-31")] {
                            let variables = json!({ "interval": interval, "zone": zone, "field": field, "from": from, "until": until, "week": week });
                            let points = server.data(Caller::Public, timeline, variables.clone()).await["releaseStats"]["timeline"]["points"].clone();
                            let counted: u64 = points.as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).sum();
                            if field == "RELEASE_DATE" {
                                assert_eq!(counted, if from == "0001-01-01" { 2 } else { 1 }, "{variables}: {points}");
                            }
                            for point in points.as_array().unwrap() {
                                for end in ["start", "end"] {
                                    let text = point[end].as_str().unwrap();
                                    assert!(DateTime::parse_from_rfc3339(text).is_ok() && !text.starts_with("0000"), "{variables}: {point}");
                                }
                                assert!(!point["label"].as_str().unwrap().starts_with("0000"), "{variables}: {point}");
                            }
                        }
                    }
                }
            }
        }
        let december = server.data(Caller::Public, timeline, json!({ "interval": "MONTH", "zone": "UTC", "field": "RELEASE_DATE", "from": "9999-11-01", "until": "9999-12-31", "week": "MONDAY" })).await;
        assert_eq!(december["releaseStats"]["timeline"]["points"], json!([
            { "label": "9999-11", "start": "9999-11-01T00:00:00Z", "end": "9999-12-01T00:00:00Z", "count": 0 },
            { "label": "9999-12", "start": "9999-12-01T00:00:00Z", "end": "9999-12-31T23:59:59.999999Z", "count": 1 },
        ]));
        let compared = "{ releaseStats { compare(to: PREVIOUS_PERIOD, range: { from: \"0001-01-01\", until: \"9999-12-31\" }) { current previous } lastYear: compare(to: SAME_PERIOD_LAST_YEAR, range: { from: \"0001-01-01\", until: \"0001-02-01\" }) { current previous } } }";
        assert_eq!(server.data(Caller::Public, compared, json!({})).await["releaseStats"], json!({ "compare": { "current": 3, "previous": 0 }, "lastYear": { "current": 2, "previous": 0 } }));
    }

    async fn stored_values_outside_the_range_are_clamped_and_repaired(server: TestServer) {
        let id = server.create_published(json!({ "headline": "Year nought", "slug": "y0", "releaseDate": "2006-05-08" })).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Being worked on" } })).await;
        server.import(&[json!({ "type": "topic", "slug": "t", "name": "T", "retiredAt": "2006-01-01T00:00:00Z" })]).await;
        server.mutate(Caller::Editor, "mutation($id: ID!) { previewLinkCreate(releaseId: $id, expiresAt: \"2030-01-01T00:00:00Z\") { userErrors { code } } }", json!({ "id": id })).await;
        set(&server, "revision", "release_date", ("0000-03-01", "0001-03-01 BC")).await;
        set(&server, "revision", "created_at", BEFORE_CHRIST).await;
        set(&server, "release", "published_at", YEAR_0).await;
        set(&server, "release", "first_published_at", BEFORE_CHRIST).await;
        set(&server, "release", "modified_at", YEAR_10000).await;
        set(&server, "release", "created_at", YEAR_0).await;
        set(&server, "api_token", "expires_at", YEAR_10000).await;
        set(&server, "topic", "retired_at", YEAR_0).await;
        set(&server, "preview_link", "expires_at", YEAR_10000).await;
        set(&server, "slug", "public_at", BEFORE_CHRIST).await;

        let query = "query($id: ID!) { release(ref: {id: $id}) { slug releaseDate publishedAt firstPublishedAt modifiedAt createdAt revisions { nodes { releaseDate at diff { field } } } history { nodes { action note } } } topics { nodes { slug retiredAt } } releases { nodes { slug } } }";
        let assert_clamped = async |server: &TestServer| {
            let data = server.data(Caller::Editor, query, json!({ "id": id })).await;
            let release = &data["release"];
            assert_eq!(release["releaseDate"], "0001-01-01");
            assert_eq!(release["publishedAt"], "0001-01-01T00:00:00Z");
            assert_eq!(release["firstPublishedAt"], "0001-01-01T00:00:00Z");
            assert_eq!(release["modifiedAt"], "9999-12-31T23:59:59.999999Z");
            assert_eq!(release["createdAt"], "0001-01-01T00:00:00Z");
            for revision in release["revisions"]["nodes"].as_array().unwrap() {
                assert_eq!((&revision["releaseDate"], &revision["at"]), (&json!("0001-01-01"), &json!("0001-01-01T00:00:00Z")));
            }
            assert_eq!(data["topics"]["nodes"], json!([{ "slug": "t", "retiredAt": "0001-01-01T00:00:00Z" }]));
            assert_eq!(data["releases"]["nodes"], json!([{ "slug": "y0" }]));
            let tokens = server.data(Caller::Admin, "{ tokens { nodes { expiresAt } } }", json!({})).await;
            assert_eq!(tokens["tokens"]["nodes"][0]["expiresAt"], "9999-12-31T23:59:59.999999Z");
            data
        };
        let server = server.restarted().await;
        assert_clamped(&server).await;
        let before = exported(&server.app).await;
        assert!(before.contains("\"releaseDate\":\"0001-01-01\"") && before.contains("\"publishedAt\":\"0001-01-01T00:00:00Z\""), "{before}");
        assert_eq!(import_rejections(&server, &before, false).await.iter().filter(|(_, message)| !message.contains("changed in Dateline")).count(), 0);
        server.app.newsroom.resolve_schedules(server.app.clock.now()).await.unwrap();
        server.app.newsroom.record_due_releases(server.app.clock.now()).await.unwrap();

        let values = find_out_of_range(server.app.newsroom.db.reader()).await.unwrap();
        let year_0 = values.iter().find(|value| value.column == "release_date").unwrap();
        assert_eq!((year_0.table, year_0.slug.as_deref()), ("revision", Some("y0")));
        let published = values.iter().find(|value| value.column == "published_at").unwrap();
        assert_eq!(server.app.newsroom.ids.decode(&id), Some((entity::Noun::Release, uuid::Uuid::try_parse(&published.id).unwrap())));
        // Minimum number of values outside the range: 4 columns of the release, 2 columns in each of 2 revisions, 4
        // in tokens, 1 in a topic, and 1 in a preview link. The table of slugs has more.
        assert!(values.len() > 4 + 4 + 4 + 2, "{values:#?}");
        let sequence = server.app.newsroom.catalog.snapshot().sequence();
        let now = server.app.clock.now();
        let repaired = server.app.newsroom.repair_out_of_range(&Viewer::new(Role::Admin, "operator"), now).await.unwrap();
        assert_eq!(repaired.len(), values.len());
        assert_eq!(find_out_of_range(server.app.newsroom.db.reader()).await.unwrap(), []);
        assert!(server.app.newsroom.repair_out_of_range(&Viewer::new(Role::Admin, "operator"), now).await.unwrap().is_empty());
        assert!(server.app.newsroom.repair_out_of_range(&Viewer::new(Role::Editor, "Eda"), now).await.is_err());
        let history = assert_clamped(&server).await["release"]["history"]["nodes"][0].clone();
        assert_eq!(history["action"], "release.repair");
        assert!(history["note"].as_str().unwrap().contains("release.published_at was 0"), "{history}");
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), sequence + 1);
        let entry = entity::journal::Entity::find().order_by_desc(entity::journal::Column::Sequence).one(server.app.newsroom.db.reader()).await.unwrap().unwrap();
        assert!(entry.before.unwrap().contains("0001-01-01") && entry.after.unwrap().contains("0001-01-01"));
        assert_eq!(exported(&server.app).await, before);
        let server = server.restarted().await;
        assert_clamped(&server).await;
        server.mutate(Caller::Admin, "mutation($id: ID!) { releasePurge(id: $id, expectedRevision: 2, reason: \"a test\") { userErrors { code message } } }", json!({ "id": id })).await;
    }

    async fn commands_log_rows_outside_the_range_and_succeed(server: TestServer) {
        let release = |number: i32| json!({ "type": "release", "slug": format!("r{number:02}"), "headline": "One", "releaseDate": "2006-03-01", "state": "PUBLISHED", "publishedAt": "2006-05-08T03:00:00Z" });
        server.import(&(1..=25).map(release).collect::<Vec<_>>()).await;
        set(&server, "revision", "release_date", ("0000-03-01", "0001-03-01 BC")).await;
        set(&server, "api_token", "expires_at", YEAR_10000).await;
        let folder = tempfile::tempdir().unwrap();
        for command in [&["token", "list"][..], &["export"], &["purge", "r01", "--reason", "a test", "--yes"]] {
            let url = server.url.clone();
            let arguments: Vec<String> = command.iter().map(|word| (*word).to_owned()).chain(["--database".to_owned(), url]).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (code, stdout, stderr) = run(folder.path(), &arguments);
            assert_eq!(code, Some(0), "{command:?}: {stdout}{stderr}");
            assert_eq!(stderr.matches("dateline check --repair").count(), 21, "{command:?}: {stderr}");
            assert!(stderr.contains("revision") && stderr.contains("release_date") && stderr.contains("r01") && stderr.contains("more=5"), "{command:?}: {stderr}");
            if command[0] == "token" {
                assert!(stdout.contains("expires 9999-12-31T23:59:59Z"), "{stdout}");
            }
            if command[0] == "export" {
                assert_eq!(stdout.matches("\"releaseDate\":\"0001-01-01\"").count(), 25, "{stdout}");
            }
        }
    }

    async fn queries_at_the_ends_of_the_range_get_a_response(server: TestServer) {
        server.import(&[json!({ "type": "release", "slug": "x", "headline": "X", "releaseDate": "0001-01-01", "state": "PUBLISHED", "publishedAt": "2006-05-08T03:00:00Z" })]).await;
        for interval in ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"] {
            for (from, until) in [("-262143-01-01", "+262142-12-31"), ("0000-01-01", "0001-01-01"), ("9999-12-31", "+10000-01-01")] {
                let query = format!("{{ releaseStats {{ timeline(interval: {interval}, range: {{ from: \"{from}\", until: \"{until}\" }}) {{ points {{ count }} }} }} }}");
                let response = server.execute(Caller::Public, &query, json!({})).await;
                assert_eq!(response["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{response}");
            }
        }
        for (until, window, baseline) in [("9999-12-31", "P30D", "P1Y"), ("0001-01-01", "P1D", "P1D"), ("0001-01-31", "P99999Y", "P99999Y"), ("9999-12-31", "P9998Y", "P1D"), ("9999-12-31", "P99999D", "P99999M")] {
            let query = format!("{{ trendingTopics(until: \"{until}\", window: \"{window}\", baseline: \"{baseline}\") {{ count }} }}");
            let response = server.execute(Caller::Public, &query, json!({})).await;
            let code = &response["errors"][0]["extensions"]["code"];
            assert!(code.is_null() || code == "BAD_USER_INPUT", "{query}: {response}");
        }
    }

    async fn journal_images_outside_the_range_are_applied(server: TestServer) {
        let id = server.create_published(json!({ "headline": "One", "releaseDate": "2006-05-08" })).await;
        store(
            &server,
            "UPDATE journal SET after = replace(after, '\"2006-05-08\"', '\"0000-03-01\"'), before = replace(before, '\"2007-06-01T12:00:00Z\"', '\"+10000-06-01T12:00:00Z\"')",
            "UPDATE journal SET after = replace(after, '\"2006-05-08\"', '\"0000-03-01\"'), before = replace(before, '\"2007-06-01T12:00:00Z\"', '\"+10000-06-01T12:00:00Z\"')",
        ).await;
        let entries = server.app.newsroom.catalog.entries_after(0).await.unwrap();
        assert!(!entries.is_empty());
        let history = server.data(Caller::Editor, "query($id: ID!) { release(ref: {id: $id}) { history { nodes { action at } } } }", json!({ "id": id })).await;
        assert_eq!(history["release"]["history"]["nodes"][0]["action"], "release.publish");
    }

    async fn every_date_column_of_the_database_is_checked(server: TestServer) {
        let db = &server.app.newsroom.db;
        let sql = match db.backend() {
            DbBackend::Sqlite => "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND (c.type LIKE '%timestamp%' OR c.type LIKE '%date%') ORDER BY 1, 2",
            _ => "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND (data_type LIKE 'timestamp%' OR data_type = 'date') ORDER BY 1, 2",
        };
        let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
        let mut columns: Vec<(String, String)> = rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect();
        let mut checked: Vec<(String, String)> = ranged_columns().into_iter().map(|(table, column)| (table.to_owned(), column.to_owned())).collect();
        columns.sort();
        checked.sort();
        assert!(columns.len() > 20 && columns == checked, "{columns:?} {checked:?}");
    }
}

#[tokio::test]
async fn values_that_only_postgresql_has_are_loaded_and_repaired() {
    let Some(server) = TestServer::on_postgres().await else { return };
    let id = server.create_published(json!({ "headline": "One" })).await;
    for (table, column, value) in [
        ("revision", "release_date", "infinity"),
        ("release", "published_at", "-infinity"),
        ("release", "modified_at", "294276-12-31 23:59:59+00"),
        ("slug", "public_at", "infinity"),
    ] {
        set(&server, table, column, ("", value)).await;
    }
    let server = server.restarted().await;
    let now = server.app.clock.now();
    let repaired = server.app.newsroom.repair_out_of_range(&Viewer::new(Role::Admin, "operator"), now).await.unwrap();
    assert_eq!(repaired.len(), 4, "{repaired:?}");
    let query = "query($id: ID!) { release(ref: {id: $id}) { releaseDate publishedAt modifiedAt } }";
    let release = json!({ "releaseDate": "9999-12-31", "publishedAt": "0001-01-01T00:00:00Z", "modifiedAt": "9999-12-31T23:59:59.999999Z" });
    assert_eq!(server.data(Caller::Public, query, json!({ "id": id })).await["release"], release);
}

#[test]
fn the_command_line_validates_the_expiry_of_a_token() {
    let folder = tempfile::tempdir().unwrap();
    for (expires, fragment) in [
        ("9999-12-31T23:59:59-14:00", "is outside the range of instants"),
        ("2016-12-31T23:59:60Z", "leap seconds are not accepted"),
        ("9999999d", "ends after the year 9999"),
        ("9223372036854775807d", "--expires is"),
    ] {
        let create = ["token", "create", "--subject", "x", "--name", "y", "--role", "EDITOR", "--expires", expires];
        let (code, stdout, stderr) = run(folder.path(), &create);
        assert!(code == Some(1) && stdout.is_empty() && stderr.contains(fragment), "{expires}: {stderr}");
    }
}

#[track_caller]
fn assert_bad_input(response: &Value, fragment: &str) {
    let error = &response["errors"][0];
    // The error code depends on whether the invalid value is a variable or a literal.
    let code = error["extensions"]["code"].as_str().unwrap();
    assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{response}");
    assert!(error["message"].as_str().unwrap().contains(fragment), "{fragment}: {response}");
}
