//! Tests of change streams: which changes each audience receives, the order of the changes, resume positions, and
//! filters.

use std::time::Duration;

use chrono::TimeDelta;
use dateline::{
    auth::viewer::Viewer,
    catalog::ChangeKind,
    jobs,
    newsroom::reading::change_stream::{ChangeStream, ChangeStreamError},
};
use entity::{Noun, api_token::Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{CREATE, Caller, PUBLISH, TOPIC, TestServer, WITHDRAW, noon, on_both_databases};

const MAX_ENTRIES: u64 = 1000;

/// The parts of a change that tests compare: its kind, the row key of its release, and its resume position.
type StreamedChange = (ChangeKind, Uuid, String);

fn viewer(role: Role) -> Viewer {
    if role == Role::Public { Viewer::public() } else { Viewer::new(role, "Reader") }
}

fn open_stream(server: &TestServer, role: Role, after: Option<&str>) -> ChangeStream {
    server.app.newsroom.open_change_stream(&viewer(role), None, after, MAX_ENTRIES).unwrap()
}

/// Reads all changes that the stream has now. Stops when no change arrives within 200 ms.
async fn drain_changes(stream: &mut ChangeStream) -> Vec<StreamedChange> {
    let mut changes = Vec::new();
    while let Ok(change) = tokio::time::timeout(Duration::from_millis(200), stream.next()).await {
        let change = change.unwrap();
        changes.push((change.kind, change.release, change.position));
    }
    changes
}

fn kinds(server: &TestServer, changes: &[StreamedChange], id: &str) -> String {
    changes
        .iter()
        .filter(|(_, release, _)| server.app.newsroom.ids.encode(Noun::Release, *release) == id)
        .map(|(kind, ..)| match kind {
            ChangeKind::Appeared => 'A',
            ChangeKind::Changed => 'C',
            ChangeKind::Disappeared => 'D',
        })
        .collect()
}

async fn mutate(server: &TestServer, field: &str, id: &str) -> Value {
    let release = server
        .data(Caller::Editor, "query($id: ID!) { node(id: $id) { ... on Release { revision } } }", json!({ "id": id }))
        .await;
    let mutation = format!(
        "mutation($id: ID!, $r: Int!) {{ {} {{ userErrors {{ code message }} }} }}",
        field.replace('%', "id: $id, expectedRevision: $r")
    );
    server.mutate(Caller::Editor, &mutation, json!({ "id": id, "r": release["node"]["revision"] })).await
}

/// Creates two releases and takes them through many states. The first release is published, revised, corrected and
/// withdrawn. The second release is scheduled, published under an embargo that ends, and retracted. Returns their
/// ids.
async fn run_two_lifecycles(server: &TestServer) -> (String, String) {
    let (first, revision) = server.create_draft(json!({ "headline": "First" })).await;
    server.mutate(Caller::Editor, PUBLISH, json!({ "id": first, "revision": revision })).await;
    mutate(server, "releaseRevise(%, input: {headline: \"First, worked on\"})", &first).await;
    mutate(server, "releaseCorrect(%, input: {summary: \"Right\"}, correctionNote: \"Was wrong\")", &first).await;
    let (second, _) = server.create_draft(json!({ "headline": "Second" })).await;
    mutate(server, "releaseEmbargo(%, until: \"2007-06-01T14:00:00Z\")", &second).await;
    mutate(server, "releaseSchedule(%, localTime: \"2007-06-01T13:00\", timeZone: \"UTC\")", &second).await;
    for hours in 1..=2 {
        let now = noon() + TimeDelta::hours(hours);
        server.app.clock.set(now);
        jobs::tick(&server.app, now).await.unwrap();
    }
    mutate(server, "releaseRetract(%, notice: \"Not so\")", &second).await;
    let revision = server
        .data(
            Caller::Editor,
            "query($id: ID!) { node(id: $id) { ... on Release { revision } } }",
            json!({ "id": first }),
        )
        .await["node"]["revision"]
        .clone();
    server.mutate(Caller::Editor, WITHDRAW, json!({ "id": first, "revision": revision, "kind": "GONE" })).await;
    (first, second)
}

/// Returns the data version that a caller receives now. A data version is also a resume position.
async fn read_version(server: &TestServer, caller: Caller) -> String {
    let read = server.data(caller, "{ releaseStats { asOf { version } } }", json!({})).await;
    read["releaseStats"]["asOf"]["version"].as_str().unwrap().to_owned()
}

on_both_databases! {
    async fn each_audience_receives_only_the_changes_it_may_see(server: TestServer) {
        let mut streams = [Role::Public, Role::Press, Role::Editor].map(|role| open_stream(&server, role, None));
        let (first, second) = run_two_lifecycles(&server).await;
        let mut all = Vec::new();
        for stream in &mut streams { all.push(drain_changes(stream).await); }
        // The public and the press get no change for the working revision of the first release. The public gets no
        // change for the second release while it is under embargo.
        assert_eq!((kinds(&server, &all[0], &first), kinds(&server, &all[1], &first)), ("ACD".to_owned(), "ACD".to_owned()));
        assert_eq!(kinds(&server, &all[0], &second), "AD");
        assert_eq!(kinds(&server, &all[1], &second), "ACD");
        assert_eq!((kinds(&server, &all[2], &first).len(), kinds(&server, &all[2], &second).len()), (5, 6), "{:?}", all[2]);
        assert!(kinds(&server, &all[2], &first).starts_with("AC") && !kinds(&server, &all[2], &first).contains('D'));
        let positions: Vec<&String> = all[0].iter().map(|(.., position)| position).collect();
        assert!(positions.iter().all(|position| all[2].iter().any(|(.., other)| other == *position)), "every audience gets the same position for a change");
    }

    async fn a_stream_resumes_after_any_position(server: TestServer) {
        let beginning = read_version(&server, Caller::Public).await;
        let (mut public_stream, mut admin_stream) = (open_stream(&server, Role::Public, None), open_stream(&server, Role::Admin, None));
        run_two_lifecycles(&server).await;
        for (role, all_changes) in [(Role::Public, drain_changes(&mut public_stream).await), (Role::Admin, drain_changes(&mut admin_stream).await)] {
            assert!(all_changes.len() >= 5);
            assert_eq!(drain_changes(&mut open_stream(&server, role, Some(&beginning))).await, all_changes);
            for (index, (.., position)) in all_changes.iter().enumerate() {
                assert_eq!(drain_changes(&mut open_stream(&server, role, Some(position))).await, all_changes[index + 1..], "{role:?} after {index}");
            }
        }
        // A stream can also resume from a data version. It does not send the hidden changes that followed.
        let now = read_version(&server, Caller::Public).await;
        server.create_draft(json!({ "headline": "Unseen" })).await;
        assert_eq!(drain_changes(&mut open_stream(&server, Role::Public, Some(&now))).await, []);
    }

    async fn a_change_read_before_it_was_journaled_is_not_sent_again(server: TestServer) {
        let mut from_start = open_stream(&server, Role::Public, None);
        let (id, _) = server.create_draft(json!({ "headline": "Due" })).await;
        mutate(&server, "releaseSchedule(%, localTime: \"2007-06-01T13:00\", timeZone: \"UTC\")", &id).await;
        let now = noon() + TimeDelta::hours(1);
        server.app.clock.set(now);
        // The scheduled release is already visible, although the journal has not recorded its publication.
        let data = server.data(Caller::Public, "{ releases { totalCount } releaseStats { asOf { version } } }", json!({})).await;
        assert_eq!(data["releases"]["totalCount"], 1);
        let version_read = data["releaseStats"]["asOf"]["version"].as_str().unwrap().to_owned();
        let mut from_read = open_stream(&server, Role::Public, Some(&version_read));
        server.create_published(json!({ "headline": "Between" })).await;
        let between = drain_changes(&mut from_read).await;
        assert_eq!(between.len(), 1);
        jobs::tick(&server.app, now).await.unwrap();
        let after_between = between[0].2.as_str();
        assert_eq!(drain_changes(&mut from_read).await, []);
        assert_eq!(drain_changes(&mut open_stream(&server, Role::Public, Some(&version_read))).await.iter().map(|change| change.1).collect::<Vec<_>>(), [between[0].1]);
        assert_eq!(drain_changes(&mut open_stream(&server, Role::Public, Some(after_between))).await, []);
        let all = drain_changes(&mut from_start).await;
        assert_eq!((all.len(), kinds(&server, &all, &id).as_str()), (2, "A"));
        // A stream may resume from a position that is further behind than the limit (here 3 journal entries) if
        // nothing visible happened since. The position comes first from a change, then from a data version.
        let mut position = all[1].2.clone();
        for _ in 0..2 {
            for _ in 0..5 {
                server.create_draft(json!({ "headline": "Unseen" })).await;
            }
            let mut stream = server.app.newsroom.open_change_stream(&Viewer::public(), None, Some(&position), 3).unwrap();
            assert_eq!(drain_changes(&mut stream).await, []);
            server.create_published(json!({ "headline": "New" })).await;
            assert_eq!(drain_changes(&mut stream).await.len(), 1);
            position = read_version(&server, Caller::Public).await;
        }
    }

    async fn a_filtered_stream_reports_entering_and_leaving_the_filter(server: TestServer) {
        for slug in ["water", "health"] {
            server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
        }
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"water\"}]}}) { kind releaseId release { headline topics { slug } } } }";
        let mut events = server.subscribe(None, query).await;
        let input = json!({ "headline": "Wells", "topics": [{ "slug": "health" }] });
        let created = server.mutate(Caller::Editor, CREATE, json!({ "input": input })).await;
        let id = created["release"]["id"].as_str().unwrap().to_owned();
        mutate(&server, "releasePublish(%)", &id).await;
        mutate(&server, "releaseCorrect(%, input: {topics: [{slug: \"water\"}]}, correctionNote: \"About water\")", &id).await;
        let appeared = events.next_data().await["releaseChanged"].clone();
        assert_eq!(appeared, json!({ "kind": "APPEARED", "releaseId": id, "release": { "headline": "Wells", "topics": [{ "slug": "water" }] } }));
        mutate(&server, "releaseCorrect(%, input: {headline: \"Deep wells\"}, correctionNote: \"Deep\")", &id).await;
        assert_eq!(events.next_data().await["releaseChanged"]["kind"], "CHANGED");
        mutate(&server, "releaseCorrect(%, input: {topics: [{slug: \"health\"}]}, correctionNote: \"Not about water\")", &id).await;
        let gone = events.next_data().await["releaseChanged"].clone();
        assert_eq!((&gone["kind"], &gone["release"]["headline"]), (&json!("DISAPPEARED"), &json!("Deep wells")));
    }

    async fn positions_from_before_a_restore_are_rejected(server: TestServer) {
        server.create_published(json!({ "headline": "Kept" })).await;
        let backup = read_version(&server, Caller::Public).await;
        let restore = async || {
            // Discards the last two journal entries, as restoring an earlier backup would.
            use sea_orm::ConnectionTrait;
            let db = sea_orm::Database::connect(&server.url).await.unwrap();
            let last_sequence = server.app.newsroom.catalog.snapshot().sequence();
            db.execute_unprepared(&format!("DELETE FROM journal WHERE sequence > {}", last_sequence - 2)).await.unwrap();
            db.execute_unprepared(&format!("UPDATE journal_head SET sequence = {}", last_sequence - 2)).await.unwrap();
            db.close().await.unwrap();
        };
        server.create_published(json!({ "headline": "Lost" })).await;
        let lost = read_version(&server, Caller::Public).await;
        let mut stream = open_stream(&server, Role::Public, None);
        restore().await;
        // A running server detects that the database was restored. New entries then get the sequence numbers of the
        // discarded entries.
        server.app.newsroom.catalog.catch_up().await.unwrap();
        server.create_published(json!({ "headline": "Other" })).await;
        server.create_published(json!({ "headline": "Another" })).await;
        assert!(matches!(stream.next().await, Err(ChangeStreamError::UnknownPosition)));
        for position in [&lost, &backup] {
            let error = server.app.newsroom.open_change_stream(&Viewer::public(), None, Some(position), MAX_ENTRIES).unwrap_err().to_string();
            assert!(error.contains("not a resume position of this newsroom"), "{error}");
        }
        let reread = read_version(&server, Caller::Public).await;
        assert_eq!(drain_changes(&mut open_stream(&server, Role::Public, Some(&reread))).await, []);
        // If no server was running during the restore, an operator runs `dateline restored`, which changes the epoch
        // of the database.
        server.app.newsroom.catalog.rotate_epoch().await.unwrap();
        assert!(server.app.newsroom.open_change_stream(&Viewer::public(), None, Some(&reread), MAX_ENTRIES).is_err());
    }

    async fn a_purge_is_reported_to_audiences_that_saw_the_release(server: TestServer) {
        const PURGE: &str = "mutation($id: ID!, $revision: Int!) { releasePurge(id: $id, expectedRevision: $revision, reason: \"Order 12\") { userErrors { message } } }";
        let public_id = server.create_published(json!({ "headline": "Seen" })).await;
        let (draft_id, _) = server.create_draft(json!({ "headline": "Hidden" })).await;
        let (embargoed_id, _) = server.create_draft(json!({ "headline": "Embargoed" })).await;
        mutate(&server, "releaseEmbargo(%, until: \"2007-07-01T14:00:00Z\")", &embargoed_id).await;
        mutate(&server, "releasePublish(%)", &embargoed_id).await;
        let before = read_version(&server, Caller::Public).await;
        let mut streams = [Role::Public, Role::Press, Role::Editor].map(|role| open_stream(&server, role, None));
        let filter = dateline::catalog::ReleaseFilter { kinds: Some(vec![entity::release::ReleaseKind::Speech]), ..Default::default() };
        let mut filtered = server.app.newsroom.open_change_stream(&Viewer::public(), Some(filter), None, MAX_ENTRIES).unwrap();
        for id in [&public_id, &draft_id, &embargoed_id] {
            server.mutate(Caller::Admin, PURGE, json!({ "id": id, "revision": 1 })).await;
        }
        let all = futures_util::future::join_all(streams.iter_mut().map(drain_changes)).await;
        let kinds_of = |id: &String| [0, 1, 2].map(|index: usize| kinds(&server, &all[index], id));
        assert_eq!((kinds_of(&public_id), kinds_of(&draft_id), kinds_of(&embargoed_id)), (["D", "D", "D"].map(str::to_owned), ["", "", "D"].map(str::to_owned), ["", "D", "D"].map(str::to_owned)));
        assert_eq!(drain_changes(&mut filtered).await.len(), 1);
        assert_eq!(drain_changes(&mut open_stream(&server, Role::Public, Some(&before))).await.len(), 1, "also for a subscriber that resumes later");
    }

    async fn hierarchy_changes_end_streams_filtered_by_topics(server: TestServer) {
        let mut ids = Vec::new();
        for slug in ["water", "wells", "health"] {
            let created = server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
            ids.push(created["topic"]["id"].as_str().unwrap().to_owned());
        }
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"water\"}]}}) { kind } }";
        let plain = "subscription { releaseChanged(filter: {kinds: [ARTICLE]}) { kind } }";
        for (name, change) in [
            ("a name", "mutation($a: ID!) { topicUpdate(id: $a, expectedRevision: 1, input: {name: \"Waters\"}) { userErrors { message } } }"),
            ("broader", "mutation($b: ID!, $a: ID!) { topicUpdate(id: $b, expectedRevision: 1, input: {broader: [{id: $a}]}) { userErrors { message } } }"),
            ("merged", "mutation($c: ID!, $a: ID!) { topicMerge(from: $c, into: $a) { userErrors { message } } }"),
        ] {
            let (mut events, mut other_events) = (server.subscribe(None, query).await, server.subscribe(None, plain).await);
            server.mutate(Caller::Admin, change, json!({ "a": ids[0], "b": ids[1], "c": ids[2] })).await;
            let ended = tokio::time::timeout(Duration::from_millis(300), events.next_event()).await.ok();
            assert_eq!(ended.is_some(), name != "a name", "{name}");
            if let Some(event) = ended {
                let (_, _, data) = event.unwrap();
                assert!(data.contains("RESYNC_REQUIRED"), "{data}");
                assert_eq!(events.next_event().await.unwrap().0, "complete");
            }
            assert!(tokio::time::timeout(Duration::from_millis(300), other_events.next_event()).await.is_err(), "{name}");
        }
    }

    async fn invalid_and_expired_positions_are_rejected(server: TestServer) {
        let start = read_version(&server, Caller::Public).await;
        for number in 0..5 {
            server.create_draft(json!({ "headline": format!("Draft {number}") })).await;
        }
        let newsroom = &server.app.newsroom;
        for invalid in ["", "5", "é", &start[1..], &format!("{start}A")] {
            let error = newsroom.open_change_stream(&Viewer::public(), None, Some(invalid), MAX_ENTRIES).unwrap_err().to_string();
            assert!(error.contains("not a resume position of this newsroom"), "{invalid}: {error}");
        }
        let next = async |role, after: &str| {
            let mut stream = newsroom.open_change_stream(&viewer(role), None, Some(after), 3).unwrap();
            tokio::time::timeout(Duration::from_millis(200), stream.next()).await.ok()
        };
        assert!(matches!(next(Role::Editor, &start).await, Some(Err(ChangeStreamError::TooOld))));
        // A public resume position expires when it is too many journal entries behind and a visible change is among
        // them. Hidden changes alone do not make it expire.
        assert!(next(Role::Public, &start).await.is_none() && next(Role::Press, &start).await.is_none());
        server.create_published(json!({ "headline": "Seen" })).await;
        assert!(matches!(next(Role::Public, &start).await, Some(Err(ChangeStreamError::TooOld))));
        let reread = read_version(&server, Caller::Public).await;
        for number in 0..5 {
            server.create_draft(json!({ "headline": format!("Later {number}") })).await;
        }
        assert!(next(Role::Public, &reread).await.is_none());
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"nowhere\"}]}}) { kind } }";
        let response = server.subscribe_error(None, query).await;
        assert!(response["errors"][0]["extensions"]["code"] == "NOT_FOUND" && response.get("data").is_none(), "{response}");
        let response = server.subscribe_error(None, "subscription { a: releaseChanged { kind } b: releaseChanged { kind } }").await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("one field"), "{response}");
    }
}
