//! Tests of schedules and embargoes: daylight saving time, visibility exactly on time, and the journal entries that
//! record publications and ends of embargoes.

use chrono::{DateTime, TimeDelta, Utc};
use dateline::{
    app::App, auth::viewer::Viewer, clock::Clock, config::SiteInfo, db::Db, jobs, newsroom::NewsroomSettings,
};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use crate::harness::{CREATE, Caller, REVISE, TestServer, on_both_databases};

const SCHEDULE: &str = "mutation($id: ID!, $revision: Int!, $time: LocalDateTime!, $zone: TimeZone!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: $time, timeZone: $zone) { release { state schedule { localTime timeZone at state recordedAt } } userErrors { field code message } } }";
const UNSCHEDULE: &str = "mutation($id: ID!, $revision: Int!) { releaseUnschedule(id: $id, expectedRevision: $revision) { release { state schedule { at } } userErrors { code } } }";
const EMBARGO: &str = "mutation($id: ID!, $revision: Int!, $until: DateTime, $note: String) { releaseEmbargo(id: $id, expectedRevision: $revision, until: $until, note: $note) { release { state pubStatus embargo { until note } } userErrors { field code message } } }";
const RELEASE_TIMING: &str = "query($id: ID!) { node(id: $id) { ... on Release { state pubStatus publishedAt firstPublishedAt modifiedAt embargo { until note } schedule { at state recordedAt } history { nodes { action by { id kind } note } } } } }";

fn parse_instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an RFC 3339 timestamp").to_utc()
}

async fn release_timing(server: &TestServer, caller: Caller, id: &str) -> Value {
    server.data(caller, RELEASE_TIMING, json!({ "id": id })).await["node"].clone()
}

on_both_databases! {
    async fn local_times_are_resolved_on_days_with_a_clock_change(server: TestServer) {
        server.app.clock.set(parse_instant("2026-03-01T00:00:00Z"));
        // In Zurich, 02:30 does not exist on 29 March 2026 and occurs twice on 25 October 2026.
        for (day, instant) in [("2026-03-29", "2026-03-29T01:30:00Z"), ("2026-10-25", "2026-10-25T00:30:00Z")] {
            let (id, revision) = server.create_draft(json!({ "headline": day })).await;
            let variables = json!({ "id": id, "revision": revision, "time": format!("{day}T02:30"), "zone": "Europe/Zurich" });
            let payload = server.mutate(Caller::Editor, SCHEDULE, variables).await;
            assert_eq!(payload["release"], json!({ "state": "SCHEDULED", "schedule": { "localTime": format!("{day}T02:30:00"), "timeZone": "Europe/Zurich", "at": instant, "state": "WAITING", "recordedAt": null } }));
            server.app.clock.set(parse_instant(instant) - TimeDelta::microseconds(1));
            assert_eq!((release_timing(&server, Caller::Public, &id).await, &release_timing(&server, Caller::Author, &id).await["state"]), (Value::Null, &json!("SCHEDULED")));
            server.app.clock.set(parse_instant(instant));
            let public = release_timing(&server, Caller::Public, &id).await;
            assert_eq!((&public["state"], &public["publishedAt"], &public["firstPublishedAt"], &public["modifiedAt"]), (&json!("PUBLISHED"), &json!(instant), &json!(instant), &json!(instant)));
            // The server records the publication in the journal half a second after the scheduled time.
            let recorded = parse_instant(instant) + TimeDelta::milliseconds(500);
            server.app.clock.set(recorded);
            jobs::tick(&server.app, recorded).await.unwrap();
            assert_eq!(release_timing(&server, Caller::Public, &id).await, public);
            let release = release_timing(&server, Caller::Author, &id).await;
            assert_eq!(release["schedule"], json!({ "at": instant, "state": "DONE", "recordedAt": format!("{}.500Z", &instant[..19]) }));
            assert_eq!((&release["history"]["nodes"][0]["action"], &release["history"]["nodes"][0]["by"]), (&json!("release.publish"), &json!({ "id": "dateline", "kind": "SYSTEM" })));
            jobs::tick(&server.app, recorded + TimeDelta::hours(1)).await.unwrap();
            assert_eq!(release_timing(&server, Caller::Author, &id).await["history"], release["history"], "the publication is recorded once");
        }
    }

    async fn a_schedule_can_be_moved_and_its_release_revised(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Tpyo", "slug": "typo" })).await;
        let schedule = async |time: &str, revision: i64| {
            server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time, "zone": "UTC" })).await["release"]["schedule"]["at"].clone()
        };
        schedule("2007-06-01T13:00", revision).await;
        assert_eq!(schedule("2007-06-01T14:00", revision).await, "2007-06-01T14:00:00Z");
        let revise = json!({ "id": id, "revision": revision, "input": { "headline": "Typo", "slug": "no-typo" } });
        assert_eq!(server.user_error(Caller::Author, REVISE, revise.clone()).await["code"], "FORBIDDEN");
        let revised = server.mutate(Caller::Editor, REVISE, revise).await;
        assert_eq!((&revised["release"]["state"], &revised["release"]["revision"]), (&json!("SCHEDULED"), &json!(2)));
        assert_eq!(server.user_error(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": 1, "time": "2007-06-01T15:00", "zone": "UTC" })).await["code"], "STALE_REVISION");
        let public = async || server.data(Caller::Public, "{ releases { nodes { slug headline state } } }", json!({})).await["releases"]["nodes"].clone();
        server.app.clock.set(parse_instant("2007-06-01T13:59:59.999Z"));
        assert_eq!(public().await, json!([]));
        server.app.clock.set(parse_instant("2007-06-01T14:00:00Z"));
        let expected = json!([{ "slug": "no-typo", "headline": "Typo", "state": "PUBLISHED" }]);
        assert_eq!(public().await, expected);
        // At the scheduled time the release is public. A revision after that becomes the working revision and does
        // not change the live revision.
        let late = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": 2, "input": { "headline": "Late" } })).await;
        assert_eq!((&late["release"]["state"], &late["release"]["headline"]), (&json!("PUBLISHED"), &json!("Typo")));
        assert_eq!(public().await, expected);
        let history = release_timing(&server, Caller::Author, &id).await["history"]["nodes"].clone();
        let moved = history.as_array().unwrap().iter().rev().filter(|entry| entry["action"] == "release.schedule").nth(1).unwrap();
        assert!(moved["note"].as_str().unwrap().contains("instead of 2007-06-01T13:00:00Z"), "{history}");
    }

    async fn a_scheduled_release_is_not_revised_if_a_second_person_must_approve(server: TestServer) {
        let server = server.with_four_eyes().await;
        let draft = server.mutate(Caller::Author, CREATE, json!({ "input": { "headline": "Approved" } })).await;
        let id = draft["release"]["id"].clone();
        server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": 1, "time": "2007-06-01T13:00", "zone": "UTC" })).await;
        let error = server.user_error(Caller::Editor, REVISE, json!({ "id": id, "revision": 1, "input": { "headline": "Not approved" } })).await;
        assert_eq!(error["code"], "FORBIDDEN");
        assert!(error["message"].as_str().unwrap().contains("workflow.four_eyes"), "{error}");
        // The scheduled time can still be changed, because that does not change the approved content.
        server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": 1, "time": "2007-06-01T14:00", "zone": "UTC" })).await;
    }

    async fn publications_due_while_no_server_ran_are_visible_on_time_and_recorded_in_order(server: TestServer) {
        let mut ids = Vec::new();
        for (number, hour) in [18, 16, 17].into_iter().enumerate() {
            let (id, revision) = server.create_draft(json!({ "headline": format!("Due {number}") })).await;
            server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": format!("2007-06-01T{hour}:00"), "zone": "UTC" })).await;
            ids.push(id);
        }
        let (embargoed, revision) = server.create_draft(json!({ "headline": "Embargoed" })).await;
        server.mutate(Caller::Editor, EMBARGO, json!({ "id": embargoed, "revision": revision, "until": "2007-06-01T16:30:00Z" })).await;
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": embargoed, "revision": revision })).await;
        // A second server opens the same database the next morning. No server ran in between.
        let next_day = parse_instant("2007-06-02T08:00:00Z");
        let app = App::new(Db::open(&server.url).await.unwrap(), NewsroomSettings::default(), SiteInfo::default(), Clock::fixed_at(next_day)).await.unwrap();
        let count = || app.request_context(Viewer::public()).visible().count();
        assert_eq!((count(), app.newsroom.record_due_releases(next_day).await.unwrap(), count()), (4, 4, 4));
        assert_eq!(app.newsroom.record_due_releases(next_day).await.unwrap(), 0);
        server.app.clock.set(next_day);
        server.app.newsroom.catalog.catch_up().await.unwrap();
        let journal = server.data(Caller::Admin, "{ journal(filter: {by: \"dateline\"}) { nodes { action subject } } }", json!({})).await;
        let entries: Vec<(String, String)> = journal["journal"]["nodes"].as_array().unwrap().iter().map(|entry| (entry["action"].as_str().unwrap().to_owned(), entry["subject"].as_str().unwrap().to_owned())).collect();
        let expected_entry = |action: &str, id: &String| (action.to_owned(), id.clone());
        // The API lists the journal newest first.
        assert_eq!(entries, [expected_entry("release.publish", &ids[0]), expected_entry("release.publish", &ids[2]), expected_entry("release.embargo_end", &embargoed), expected_entry("release.publish", &ids[1])]);
        let missed = release_timing(&server, Caller::Author, &ids[0]).await;
        assert_eq!(missed["schedule"], json!({ "at": "2007-06-01T18:00:00Z", "state": "MISSED", "recordedAt": "2007-06-02T08:00:00Z" }));
        assert_eq!(release_timing(&server, Caller::Public, &ids[0]).await["publishedAt"], "2007-06-01T18:00:00Z");
        assert_eq!(release_timing(&server, Caller::Public, &embargoed).await["publishedAt"], "2007-06-01T16:30:00Z");
    }

    async fn a_mutation_of_a_due_release_records_its_publication_first(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Due" })).await;
        server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-01T13:00", "zone": "UTC" })).await;
        server.app.clock.set(parse_instant("2007-06-01T13:00:05Z"));
        assert_eq!(server.user_error(Caller::Editor, UNSCHEDULE, json!({ "id": id, "revision": revision })).await["code"], "ILLEGAL_TRANSITION");
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": revision, "kind": "GONE" })).await;
        let release = release_timing(&server, Caller::Author, &id).await;
        let actions: Vec<&str> = release["history"]["nodes"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["release.withdraw", "release.publish", "release.schedule", "release.create"]);
        assert_eq!(release["firstPublishedAt"], "2007-06-01T13:00:00Z");
        let tombstone = server.data(Caller::Public, "query($id: ID!) { releaseLookup(ref: {id: $id}) { tombstone { kind at } } }", json!({ "id": id })).await;
        assert_eq!(tombstone["releaseLookup"]["tombstone"], json!({ "kind": "GONE", "at": "2007-06-01T13:00:05Z" }));
    }

    async fn an_embargo_ends_between_two_requests(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Held back", "slug": "held-back" })).await;
        let until = "2007-06-01T15:00:00Z";
        let payload = server.mutate(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until, "note": "For your desks." })).await;
        assert_eq!(payload["release"], json!({ "state": "DRAFT", "pubStatus": "WITHHELD", "embargo": { "until": until, "note": "For your desks." } }));
        assert_eq!(release_timing(&server, Caller::Press, &id).await, Value::Null, "the press does not see an embargoed draft");
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": revision })).await;
        let press = release_timing(&server, Caller::Press, &id).await;
        assert_eq!((&press["pubStatus"], &press["embargo"], &press["firstPublishedAt"]), (&json!("WITHHELD"), &json!({ "until": until, "note": "For your desks." }), &Value::Null));
        assert_eq!(release_timing(&server, Caller::Public, &id).await, Value::Null);
        // Changes the end of the embargo and adds a note.
        let until = "2007-06-01T14:00:00Z";
        server.mutate(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until, "note": "Earlier." })).await;
        server.app.clock.set(parse_instant(until) - TimeDelta::microseconds(1));
        assert_eq!(release_timing(&server, Caller::Public, &id).await, Value::Null);
        server.app.clock.set(parse_instant(until));
        let public = release_timing(&server, Caller::Public, &id).await;
        assert_eq!((&public["pubStatus"], &public["embargo"], &public["publishedAt"], &public["modifiedAt"], &public["firstPublishedAt"]), (&json!("USABLE"), &Value::Null, &json!(until), &json!(until), &json!(until)));
        let error = server.user_error(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-03T00:00:00Z" })).await;
        assert!(error["code"] == "ILLEGAL_TRANSITION" && error["message"].as_str().unwrap().contains("already public"), "{error}");
        // The access log contains every read by the press during the embargo, and no other reads.
        let log = server.data(Caller::Admin, "query($id: ID!) { accessLog(releaseId: $id) { nodes { by { id name kind } kind at releaseId } } }", json!({ "id": id })).await;
        assert_eq!(log["accessLog"]["nodes"], json!([{ "by": { "id": "Paper", "name": "Paper", "kind": "ACCOUNT" }, "kind": "EMBARGOED", "at": "2007-06-01T12:00:00Z", "releaseId": id }]));
    }

    async fn an_embargo_can_be_lifted_and_survives_a_withdrawal(server: TestServer) {
        let embargoed = async |headline: &str| {
            let (id, revision) = server.create_draft(json!({ "headline": headline })).await;
            server.mutate(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-02T00:00:00Z" })).await;
            server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": revision })).await;
            id
        };
        let id = embargoed("Lifted").await;
        server.app.clock.set(parse_instant("2007-06-01T13:00:00Z"));
        server.mutate(Caller::Editor, EMBARGO, json!({ "id": id, "revision": 1, "until": null, "note": "It is out." })).await;
        let public = release_timing(&server, Caller::Public, &id).await;
        assert_eq!((&public["publishedAt"], &public["firstPublishedAt"], &public["embargo"]), (&json!("2007-06-01T13:00:00Z"), &json!("2007-06-01T13:00:00Z"), &Value::Null));
        let id = embargoed("Withdrawn").await;
        server.mutate(Caller::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": 1, "kind": "WITH_NOTICE", "notice": "Not to be used." })).await;
        let tombstone = async |caller| server.data(caller, "query($id: ID!) { releaseLookup(ref: {id: $id}) { tombstone { notice } } }", json!({ "id": id })).await["releaseLookup"]["tombstone"].clone();
        assert_eq!((tombstone(Caller::Public).await, tombstone(Caller::Press).await), (Value::Null, json!({ "notice": "Not to be used." })));
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 1 })).await;
        assert_eq!(release_timing(&server, Caller::Public, &id).await, Value::Null, "the embargo still applies after another publication");
    }

    async fn invalid_schedules_and_embargoes_are_rejected_and_change_nothing(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Plan", "externalId": "x1" })).await;
        let before = server.app.newsroom.catalog.snapshot().sequence();
        for (time, zone, field) in [
            ("2007-06-01T12:00", "UTC", "localTime"),
            ("2007-06-01T13:00", "Asia/Bangkok", "localTime"),
            ("tomorrow", "UTC", "localTime"),
            ("2007-06-02T09:00Z", "UTC", "localTime"),
            ("2007-02-30T09:00", "UTC", "localTime"),
            ("2007-06-02T09:00", "Mars/Base", "timeZone"),
            ("2007-06-02T09:00", "", "timeZone"),
            ("2007-06-02T09:00", "+07:00", "timeZone"),
        ] {
            let error = server.user_error(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time, "zone": zone })).await;
            assert_eq!((&error["field"], &error["code"]), (&json!([field]), &json!("INVALID")), "{time} {zone}: {error}");
        }
        for until in ["2007-06-01T12:00:00Z", "2001-01-01T00:00:00Z"] {
            let error = server.user_error(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until })).await;
            assert_eq!((&error["field"], &error["code"]), (&json!(["until"]), &json!("INVALID")), "{error}");
        }
        assert_eq!(server.user_error(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": null })).await["code"], "ILLEGAL_TRANSITION");
        assert_eq!(server.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
        // An embargo must end after the scheduled publication, whether the embargo or the schedule is set first.
        server.mutate(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-03T00:00:00Z" })).await;
        let error = server.user_error(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-03T00:00", "zone": "UTC" })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["localTime"]), &json!("INVALID")));
        server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-02T00:00", "zone": "UTC" })).await;
        let error = server.user_error(Caller::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-02T00:00:00Z" })).await;
        assert_eq!((&error["field"], &error["code"]), (&json!(["until"]), &json!("INVALID")));
        let payload = server.mutate(Caller::Editor, UNSCHEDULE, json!({ "id": id, "revision": revision })).await;
        assert_eq!(payload["release"], json!({ "state": "APPROVED", "schedule": null }));
    }

    async fn a_schedule_keeps_its_local_time_when_time_zone_rules_change(server: TestServer) {
        let (id, revision) = server.create_draft(json!({ "headline": "Plan" })).await;
        server.mutate(Caller::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-07-01T09:00", "zone": "Asia/Bangkok" })).await;
        // Stores a publication instant as an older program with other time zone rules would have computed it from the
        // local time.
        let db = Db::open(&server.url).await.unwrap();
        let tx = db.begin_write().await.unwrap();
        tx.execute_unprepared("UPDATE release SET schedule_at = '2007-07-01 03:00:00+00:00'").await.unwrap();
        tx.commit().await.unwrap();
        let now = server.app.clock.now();
        assert_eq!(server.app.newsroom.resolve_schedules(now).await.unwrap(), 1);
        assert_eq!(server.app.newsroom.resolve_schedules(now).await.unwrap(), 0);
        let release = release_timing(&server, Caller::Author, &id).await;
        assert_eq!((&release["schedule"]["at"], &release["history"]["nodes"][0]["action"]), (&json!("2007-07-01T02:00:00Z"), &json!("release.reschedule")));
        server.app.clock.set(parse_instant("2007-07-01T02:00:00Z"));
        assert_eq!(release_timing(&server, Caller::Public, &id).await["state"], "PUBLISHED");
        assert!(entity::release::Entity::find().one(db.reader()).await.unwrap().is_some());
    }
}
