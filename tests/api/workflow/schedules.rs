//! What time does by itself: schedules over the days on which clocks change, embargoes that end, servers that were not there.

use crate::harness::{Desk, Who, on_both};
use chrono::{DateTime, TimeDelta, Utc};
use dateline::{
    app::{App, SiteInfo},
    auth::viewer::Viewer,
    clock::Clock,
    db::Db,
    jobs,
    newsroom::NewsroomSettings,
};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

const SCHEDULE: &str = "mutation($id: ID!, $revision: Int!, $time: String!, $zone: TimeZone!) { releaseSchedule(id: $id, expectedRevision: $revision, localTime: $time, timeZone: $zone) { release { state schedule { localTime timeZone at state recordedAt } } userErrors { field code message } } }";
const UNSCHEDULE: &str = "mutation($id: ID!, $revision: Int!) { releaseUnschedule(id: $id, expectedRevision: $revision) { release { state schedule { at } } userErrors { code } } }";
const EMBARGO: &str = "mutation($id: ID!, $revision: Int!, $until: DateTime, $note: String) { releaseEmbargo(id: $id, expectedRevision: $revision, until: $until, note: $note) { release { state pubStatus embargo { until note } } userErrors { field code message } } }";
const LIFE: &str = "query($id: ID!) { node(id: $id) { ... on Release { state pubStatus publishedAt firstPublishedAt modifiedAt embargo { until note } schedule { at state recordedAt } history { nodes { act by note } } } } }";

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}

async fn life(desk: &Desk, who: Who, id: &str) -> Value {
    desk.data(who, LIFE, json!({ "id": id })).await["node"].clone()
}

on_both! {
    async fn half_past_two_on_the_days_on_which_clocks_change(desk: Desk) {
        desk.app.clock.set(at("2026-03-01T00:00:00Z"));
        // In Zurich 02:30 does not exist on 29 March 2026 and comes twice on 25 October.
        for (day, instant) in [("2026-03-29", "2026-03-29T01:30:00Z"), ("2026-10-25", "2026-10-25T00:30:00Z")] {
            let (id, revision) = desk.draft(json!({ "headline": day })).await;
            let variables = json!({ "id": id, "revision": revision, "time": format!("{day}T02:30"), "zone": "Europe/Zurich" });
            let payload = desk.done(Who::Editor, SCHEDULE, variables).await;
            assert_eq!(payload["release"], json!({ "state": "SCHEDULED", "schedule": { "localTime": format!("{day}T02:30:00"), "timeZone": "Europe/Zurich", "at": instant, "state": "WAITING", "recordedAt": null } }));
            desk.app.clock.set(at(instant) - TimeDelta::microseconds(1));
            assert_eq!((life(&desk, Who::Public, &id).await, &life(&desk, Who::Author, &id).await["state"]), (Value::Null, &json!("SCHEDULED")));
            desk.app.clock.set(at(instant));
            let public = life(&desk, Who::Public, &id).await;
            assert_eq!((&public["state"], &public["publishedAt"], &public["firstPublishedAt"], &public["modifiedAt"]), (&json!("PUBLISHED"), &json!(instant), &json!(instant), &json!(instant)));
            // Half a second later the server puts it down.
            let recorded = at(instant) + TimeDelta::milliseconds(500);
            desk.app.clock.set(recorded);
            jobs::tick(&desk.app, recorded).await.unwrap();
            assert_eq!(life(&desk, Who::Public, &id).await, public);
            let known = life(&desk, Who::Author, &id).await;
            assert_eq!(known["schedule"], json!({ "at": instant, "state": "DONE", "recordedAt": format!("{}.500Z", &instant[..19]) }));
            assert_eq!((&known["history"]["nodes"][0]["act"], &known["history"]["nodes"][0]["by"]), (&json!("release.publish"), &json!("dateline")));
            jobs::tick(&desk.app, recorded + TimeDelta::hours(1)).await.unwrap();
            assert_eq!(life(&desk, Who::Author, &id).await["history"], known["history"], "put down once");
        }
    }

    async fn what_came_due_while_no_server_ran_was_visible_on_time_and_is_put_down_in_order(desk: Desk) {
        let mut ids = Vec::new();
        for (number, hour) in [18, 16, 17].into_iter().enumerate() {
            let (id, revision) = desk.draft(json!({ "headline": format!("Due {number}") })).await;
            desk.done(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": format!("2007-06-01T{hour}:00"), "zone": "UTC" })).await;
            ids.push(id);
        }
        let (embargoed, revision) = desk.draft(json!({ "headline": "Embargoed" })).await;
        desk.done(Who::Editor, EMBARGO, json!({ "id": embargoed, "revision": revision, "until": "2007-06-01T16:30:00Z" })).await;
        desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": embargoed, "revision": revision })).await;
        // Another server, the next morning, on the same database; nothing ran in between.
        let morning = at("2007-06-02T08:00:00Z");
        let app = App::new(Db::open(&desk.url).await.unwrap(), NewsroomSettings::default(), SiteInfo::default(), Clock::fixed_at(morning)).await.unwrap();
        let count = || app.request_context(Viewer::public()).visible().count();
        assert_eq!((count(), app.newsroom.record_due_releases(morning).await.unwrap(), count()), (4, 4, 4));
        assert_eq!(app.newsroom.record_due_releases(morning).await.unwrap(), 0);
        desk.app.clock.set(morning);
        desk.app.newsroom.catalog.catch_up().await.unwrap();
        let journal = desk.data(Who::Admin, "{ journal(filter: {by: \"dateline\"}) { nodes { act subject } } }", json!({})).await;
        let entries: Vec<(String, String)> = journal["journal"]["nodes"].as_array().unwrap().iter().map(|entry| (entry["act"].as_str().unwrap().to_owned(), entry["subject"].as_str().unwrap().to_owned())).collect();
        let done = |act: &str, id: &String| (act.to_owned(), id.clone());
        // Newest first.
        assert_eq!(entries, [done("release.publish", &ids[0]), done("release.publish", &ids[2]), done("release.embargo_end", &embargoed), done("release.publish", &ids[1])]);
        let late = life(&desk, Who::Author, &ids[0]).await;
        assert_eq!(late["schedule"], json!({ "at": "2007-06-01T18:00:00Z", "state": "MISSED", "recordedAt": "2007-06-02T08:00:00Z" }));
        assert_eq!(life(&desk, Who::Public, &ids[0]).await["publishedAt"], "2007-06-01T18:00:00Z");
        assert_eq!(life(&desk, Who::Public, &embargoed).await["publishedAt"], "2007-06-01T16:30:00Z");
    }

    async fn an_act_on_what_has_come_due_finds_it_published(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Due" })).await;
        desk.done(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-01T13:00", "zone": "UTC" })).await;
        desk.app.clock.set(at("2007-06-01T13:00:05Z"));
        assert_eq!(desk.refused(Who::Editor, UNSCHEDULE, json!({ "id": id, "revision": revision })).await["code"], "ILLEGAL_TRANSITION");
        desk.done(Who::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": revision, "kind": "GONE" })).await;
        let known = life(&desk, Who::Author, &id).await;
        let acts: Vec<&str> = known["history"]["nodes"].as_array().unwrap().iter().map(|entry| entry["act"].as_str().unwrap()).collect();
        assert_eq!(acts, ["release.withdraw", "release.publish", "release.schedule", "release.create"]);
        assert_eq!(known["firstPublishedAt"], "2007-06-01T13:00:00Z");
        let stone = desk.data(Who::Public, "query($id: ID!) { tombstone(ref: {id: $id}) { kind at } }", json!({ "id": id })).await;
        assert_eq!(stone["tombstone"], json!({ "kind": "GONE", "at": "2007-06-01T13:00:05Z" }));
    }

    async fn an_embargo_ends_between_two_requests(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Held back", "slug": "held-back" })).await;
        let until = "2007-06-01T15:00:00Z";
        let payload = desk.done(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until, "note": "For your desks." })).await;
        assert_eq!(payload["release"], json!({ "state": "DRAFT", "pubStatus": "WITHHELD", "embargo": { "until": until, "note": "For your desks." } }));
        assert_eq!(life(&desk, Who::Press, &id).await, Value::Null, "the press sees what is published");
        desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": revision })).await;
        let press = life(&desk, Who::Press, &id).await;
        assert_eq!((&press["pubStatus"], &press["embargo"], &press["firstPublishedAt"]), (&json!("WITHHELD"), &json!({ "until": until, "note": "For your desks." }), &Value::Null));
        assert_eq!(life(&desk, Who::Public, &id).await, Value::Null);
        // Moved, by an act with a note.
        let until = "2007-06-01T14:00:00Z";
        desk.done(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until, "note": "Earlier." })).await;
        desk.app.clock.set(at(until) - TimeDelta::microseconds(1));
        assert_eq!(life(&desk, Who::Public, &id).await, Value::Null);
        desk.app.clock.set(at(until));
        let public = life(&desk, Who::Public, &id).await;
        assert_eq!((&public["pubStatus"], &public["embargo"], &public["publishedAt"], &public["modifiedAt"], &public["firstPublishedAt"]), (&json!("USABLE"), &Value::Null, &json!(until), &json!(until), &json!(until)));
        let told = desk.refused(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-03T00:00:00Z" })).await;
        assert!(told["code"] == "ILLEGAL_TRANSITION" && told["message"].as_str().unwrap().contains("public already"), "{told}");
        // Every read of the press while it ran is in the log, and no other.
        let log = desk.data(Who::Admin, "query($id: ID!) { accessLog(releaseId: $id) { by kind at releaseId } }", json!({ "id": id })).await;
        assert_eq!(log["accessLog"], json!([{ "by": "Paper", "kind": "EMBARGOED", "at": "2007-06-01T12:00:00Z", "releaseId": id }]));
    }

    async fn an_embargo_is_lifted_or_outlives_a_withdrawal(desk: Desk) {
        let embargoed = async |headline: &str| {
            let (id, revision) = desk.draft(json!({ "headline": headline })).await;
            desk.done(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-02T00:00:00Z" })).await;
            desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": revision })).await;
            id
        };
        let id = embargoed("Lifted").await;
        desk.app.clock.set(at("2007-06-01T13:00:00Z"));
        desk.done(Who::Editor, EMBARGO, json!({ "id": id, "revision": 1, "until": null, "note": "It is out." })).await;
        let public = life(&desk, Who::Public, &id).await;
        assert_eq!((&public["publishedAt"], &public["firstPublishedAt"], &public["embargo"]), (&json!("2007-06-01T13:00:00Z"), &json!("2007-06-01T13:00:00Z"), &Value::Null));
        let id = embargoed("Withdrawn").await;
        desk.done(Who::Editor, crate::harness::WITHDRAW, json!({ "id": id, "revision": 1, "kind": "WITH_NOTICE", "notice": "Not to be used." })).await;
        let stone = async |who| desk.data(who, "query($id: ID!) { tombstone(ref: {id: $id}) { notice } }", json!({ "id": id })).await["tombstone"].clone();
        assert_eq!((stone(Who::Public).await, stone(Who::Press).await), (Value::Null, json!({ "notice": "Not to be used." })));
        desk.done(Who::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": 1 })).await;
        assert_eq!(life(&desk, Who::Public, &id).await, Value::Null, "published again it is still embargoed");
    }

    async fn plans_that_make_no_sense_are_refused_and_change_nothing(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Plan", "externalId": "x1" })).await;
        let before = desk.app.newsroom.catalog.snapshot().sequence();
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
            let told = desk.refused(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": time, "zone": zone })).await;
            assert_eq!((&told["field"], &told["code"]), (&json!([field]), &json!("INVALID")), "{time} {zone}: {told}");
        }
        for until in ["2007-06-01T12:00:00Z", "2001-01-01T00:00:00Z"] {
            let told = desk.refused(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": until })).await;
            assert_eq!((&told["field"], &told["code"]), (&json!(["until"]), &json!("INVALID")), "{told}");
        }
        assert_eq!(desk.refused(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": null })).await["code"], "ILLEGAL_TRANSITION");
        assert_eq!(desk.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
        // An embargo that would be over when it is published, whichever comes first.
        desk.done(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-03T00:00:00Z" })).await;
        let told = desk.refused(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-03T00:00", "zone": "UTC" })).await;
        assert_eq!((&told["field"], &told["code"]), (&json!(["localTime"]), &json!("INVALID")));
        desk.done(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-06-02T00:00", "zone": "UTC" })).await;
        let told = desk.refused(Who::Editor, EMBARGO, json!({ "id": id, "revision": revision, "until": "2007-06-02T00:00:00Z" })).await;
        assert_eq!((&told["field"], &told["code"]), (&json!(["until"]), &json!("INVALID")));
        let payload = desk.done(Who::Editor, UNSCHEDULE, json!({ "id": id, "revision": revision })).await;
        assert_eq!(payload["release"], json!({ "state": "APPROVED", "schedule": null }));
    }

    async fn when_the_rules_of_a_zone_change_the_local_time_stays(desk: Desk) {
        let (id, revision) = desk.draft(json!({ "headline": "Plan" })).await;
        desk.done(Who::Editor, SCHEDULE, json!({ "id": id, "revision": revision, "time": "2007-07-01T09:00", "zone": "Asia/Bangkok" })).await;
        // As an older program resolved it, by other rules.
        let db = Db::open(&desk.url).await.unwrap();
        let tx = db.begin_write().await.unwrap();
        tx.execute_unprepared("UPDATE release SET schedule_at = '2007-07-01 03:00:00+00:00'").await.unwrap();
        tx.commit().await.unwrap();
        let now = desk.app.clock.now();
        assert_eq!(desk.app.newsroom.resolve_schedules(now).await.unwrap(), 1);
        assert_eq!(desk.app.newsroom.resolve_schedules(now).await.unwrap(), 0);
        let known = life(&desk, Who::Author, &id).await;
        assert_eq!((&known["schedule"]["at"], &known["history"]["nodes"][0]["act"]), (&json!("2007-07-01T02:00:00Z"), &json!("release.reschedule")));
        desk.app.clock.set(at("2007-07-01T02:00:00Z"));
        assert_eq!(life(&desk, Who::Public, &id).await["state"], "PUBLISHED");
        assert!(entity::release::Entity::find().one(db.reader()).await.unwrap().is_some());
    }
}
