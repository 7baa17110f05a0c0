//! Following changes: what each class of viewers is told, in which order, from which position, also by itself and under a filter.

use std::time::Duration;

use crate::harness::{CREATE, Desk, PUBLISH, TOPIC, WITHDRAW, Who, noon, on_both};
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

const MOST: u64 = 1000;

/// A change without its instant: kind, release, position.
type Told = (ChangeKind, Uuid, String);

fn viewer(role: Role) -> Viewer {
    if role == Role::Public { Viewer::public() } else { Viewer::new(role, "Reader") }
}

fn follow(desk: &Desk, role: Role, after: Option<&str>) -> ChangeStream {
    desk.app.newsroom.open_change_stream(&viewer(role), None, after, MOST).unwrap()
}

/// Everything there is to tell by now.
async fn told(following: &mut ChangeStream) -> Vec<Told> {
    let mut told = Vec::new();
    while let Ok(change) = tokio::time::timeout(Duration::from_millis(200), following.next()).await {
        let change = change.unwrap();
        told.push((change.kind, change.release, change.position));
    }
    told
}

fn kinds(desk: &Desk, told: &[Told], id: &str) -> String {
    told.iter()
        .filter(|(_, release, _)| desk.app.newsroom.ids.encode(Noun::Release, *release) == id)
        .map(|(kind, ..)| match kind {
            ChangeKind::Appeared => 'A',
            ChangeKind::Changed => 'C',
            ChangeKind::Disappeared => 'D',
        })
        .collect()
}

async fn act(desk: &Desk, field: &str, id: &str) -> Value {
    let known = desk
        .data(Who::Editor, "query($id: ID!) { node(id: $id) { ... on Release { revision } } }", json!({ "id": id }))
        .await;
    let mutation = format!(
        "mutation($id: ID!, $r: Int!) {{ {} {{ userErrors {{ code message }} }} }}",
        field.replace('%', "id: $id, expectedRevision: $r")
    );
    desk.done(Who::Editor, &mutation, json!({ "id": id, "r": known["node"]["revision"] })).await
}

/// A life with everything in it: published, revised beside the live version, corrected, withdrawn; another scheduled, published
/// under an embargo that ends, retracted.
async fn two_lives(desk: &Desk) -> (String, String) {
    let (first, revision) = desk.draft(json!({ "headline": "First" })).await;
    desk.done(Who::Editor, PUBLISH, json!({ "id": first, "revision": revision })).await;
    act(desk, "releaseRevise(%, input: {headline: \"First, worked on\"})", &first).await;
    act(desk, "releaseCorrect(%, input: {summary: \"Right\"}, correctionNote: \"Was wrong\")", &first).await;
    let (second, _) = desk.draft(json!({ "headline": "Second" })).await;
    act(desk, "releaseEmbargo(%, until: \"2007-06-01T14:00:00Z\")", &second).await;
    act(desk, "releaseSchedule(%, localTime: \"2007-06-01T13:00\", timeZone: \"UTC\")", &second).await;
    for hours in 1..=2 {
        let now = noon() + TimeDelta::hours(hours);
        desk.app.clock.set(now);
        jobs::tick(&desk.app, now).await.unwrap();
    }
    act(desk, "releaseRetract(%, notice: \"Not so\")", &second).await;
    let revision = desk
        .data(Who::Editor, "query($id: ID!) { node(id: $id) { ... on Release { revision } } }", json!({ "id": first }))
        .await["node"]["revision"]
        .clone();
    desk.done(Who::Editor, WITHDRAW, json!({ "id": first, "revision": revision, "kind": "GONE" })).await;
    (first, second)
}

/// What somebody holds who reads now.
async fn read(desk: &Desk, who: Who) -> String {
    let read = desk.data(who, "{ releaseStats { asOf { revision } } }", json!({})).await;
    read["releaseStats"]["asOf"]["revision"].as_str().unwrap().to_owned()
}

on_both! {
    async fn each_class_of_viewers_is_told_what_it_sees_and_no_more(desk: Desk) {
        let mut readers = [Role::Public, Role::Press, Role::Editor].map(|role| follow(&desk, role, None));
        let (first, second) = two_lives(&desk).await;
        let mut all = Vec::new();
        for reader in &mut readers { all.push(told(reader).await); }
        // The revision beside the live version is nobody's business; the embargo holds the second back from the public.
        assert_eq!((kinds(&desk, &all[0], &first), kinds(&desk, &all[1], &first)), ("ACD".to_owned(), "ACD".to_owned()));
        assert_eq!(kinds(&desk, &all[0], &second), "AD");
        assert_eq!(kinds(&desk, &all[1], &second), "ACD");
        assert_eq!((kinds(&desk, &all[2], &first).len(), kinds(&desk, &all[2], &second).len()), (5, 6), "{:?}", all[2]);
        assert!(kinds(&desk, &all[2], &first).starts_with("AC") && !kinds(&desk, &all[2], &first).contains('D'));
        let positions: Vec<&String> = all[0].iter().map(|(.., position)| position).collect();
        assert!(positions.iter().all(|position| all[2].iter().any(|(.., other)| other == *position)), "one position for all");
    }

    async fn from_every_position_exactly_the_rest_is_told(desk: Desk) {
        let beginning = read(&desk, Who::Public).await;
        let (mut live, mut desk_live) = (follow(&desk, Role::Public, None), follow(&desk, Role::Admin, None));
        two_lives(&desk).await;
        for (role, whole) in [(Role::Public, told(&mut live).await), (Role::Admin, told(&mut desk_live).await)] {
            assert!(whole.len() >= 5);
            assert_eq!(told(&mut follow(&desk, role, Some(&beginning))).await, whole);
            for (at, (.., position)) in whole.iter().enumerate() {
                assert_eq!(told(&mut follow(&desk, role, Some(position))).await, whole[at + 1..], "{role:?} after {at}");
            }
        }
        // What was read is a position, too: of the public's last change, whatever happened unseen since.
        let now = read(&desk, Who::Public).await;
        desk.draft(json!({ "headline": "Unseen" })).await;
        assert_eq!(told(&mut follow(&desk, Role::Public, Some(&now))).await, []);
    }

    async fn what_was_read_before_it_was_put_down_is_not_told_again(desk: Desk) {
        let mut since_before = follow(&desk, Role::Public, None);
        let (id, _) = desk.draft(json!({ "headline": "Due" })).await;
        act(&desk, "releaseSchedule(%, localTime: \"2007-06-01T13:00\", timeZone: \"UTC\")", &id).await;
        let now = noon() + TimeDelta::hours(1);
        desk.app.clock.set(now);
        // It is there, and the journal does not have it yet.
        let seen = desk.data(Who::Public, "{ releases { totalCount } releaseStats { asOf { revision } } }", json!({})).await;
        assert_eq!(seen["releases"]["totalCount"], 1);
        let read_then = seen["releaseStats"]["asOf"]["revision"].as_str().unwrap().to_owned();
        let mut since_read = follow(&desk, Role::Public, Some(&read_then));
        desk.published(json!({ "headline": "Between" })).await;
        let between = told(&mut since_read).await;
        assert_eq!(between.len(), 1);
        jobs::tick(&desk.app, now).await.unwrap();
        let after_between = between[0].2.as_str();
        assert_eq!(told(&mut since_read).await, []);
        assert_eq!(told(&mut follow(&desk, Role::Public, Some(&read_then))).await.iter().map(|told| told.1).collect::<Vec<_>>(), [between[0].1]);
        assert_eq!(told(&mut follow(&desk, Role::Public, Some(after_between))).await, []);
        let all = told(&mut since_before).await;
        assert_eq!((all.len(), kinds(&desk, &all, &id).as_str()), (2, "A"));
        // Behind by more than one may be, with nothing to be told of it: from a change, and from what was read.
        let mut position = all[1].2.clone();
        for _ in 0..2 {
            for _ in 0..5 {
                desk.draft(json!({ "headline": "Unseen" })).await;
            }
            let mut following = desk.app.newsroom.open_change_stream(&Viewer::public(), None, Some(&position), 3).unwrap();
            assert_eq!(told(&mut following).await, []);
            desk.published(json!({ "headline": "New" })).await;
            assert_eq!(told(&mut following).await.len(), 1);
            position = read(&desk, Who::Public).await;
        }
    }

    async fn a_filter_is_a_world_of_its_own(desk: Desk) {
        for slug in ["water", "health"] {
            desk.done(Who::Admin, TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
        }
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"water\"}]}}) { kind releaseId release { headline topics { slug } } } }";
        let mut events = desk.listen(None, query).await;
        let input = json!({ "headline": "Wells", "topics": [{ "slug": "health" }] });
        let created = desk.done(Who::Editor, CREATE, json!({ "input": input })).await;
        let id = created["release"]["id"].as_str().unwrap().to_owned();
        act(&desk, "releasePublish(%)", &id).await;
        act(&desk, "releaseCorrect(%, input: {topics: [{slug: \"water\"}]}, correctionNote: \"About water\")", &id).await;
        let appeared = events.next().await["releaseChanged"].clone();
        assert_eq!(appeared, json!({ "kind": "APPEARED", "releaseId": id, "release": { "headline": "Wells", "topics": [{ "slug": "water" }] } }));
        act(&desk, "releaseCorrect(%, input: {headline: \"Deep wells\"}, correctionNote: \"Deep\")", &id).await;
        assert_eq!(events.next().await["releaseChanged"]["kind"], "CHANGED");
        act(&desk, "releaseCorrect(%, input: {topics: [{slug: \"health\"}]}, correctionNote: \"Not about water\")", &id).await;
        let gone = events.next().await["releaseChanged"].clone();
        assert_eq!((&gone["kind"], &gone["release"]["headline"]), (&json!("DISAPPEARED"), &json!("Deep wells")));
    }

    async fn after_a_backup_was_restored_nothing_of_the_lost_time_means_anything(desk: Desk) {
        desk.published(json!({ "headline": "Kept" })).await;
        let backup = read(&desk, Who::Public).await;
        let restore = async || {
            // As the database was, whatever was written since.
            use sea_orm::ConnectionTrait;
            let db = sea_orm::Database::connect(&desk.url).await.unwrap();
            let head = desk.app.newsroom.catalog.snapshot().sequence();
            db.execute_unprepared(&format!("DELETE FROM journal WHERE sequence > {}", head - 2)).await.unwrap();
            db.execute_unprepared(&format!("UPDATE journal_head SET sequence = {}", head - 2)).await.unwrap();
            db.close().await.unwrap();
        };
        desk.published(json!({ "headline": "Lost" })).await;
        let lost = read(&desk, Who::Public).await;
        let mut live = follow(&desk, Role::Public, None);
        restore().await;
        // A server that runs notices; afterwards the journal comes by the same numbers again.
        desk.app.newsroom.catalog.catch_up().await.unwrap();
        desk.published(json!({ "headline": "Other" })).await;
        desk.published(json!({ "headline": "Another" })).await;
        assert!(matches!(live.next().await, Err(ChangeStreamError::UnknownPosition)));
        for position in [&lost, &backup] {
            let error = desk.app.newsroom.open_change_stream(&Viewer::public(), None, Some(position), MOST).unwrap_err().to_string();
            assert!(error.contains("not a position of this newsroom"), "{error}");
        }
        let anew = read(&desk, Who::Public).await;
        assert_eq!(told(&mut follow(&desk, Role::Public, Some(&anew))).await, []);
        // One that does not run is told by hand.
        desk.app.newsroom.catalog.rotate_epoch().await.unwrap();
        assert!(desk.app.newsroom.open_change_stream(&Viewer::public(), None, Some(&anew), MOST).is_err());
    }

    async fn what_is_purged_disappears_for_those_who_saw_it_under_every_filter(desk: Desk) {
        const PURGE: &str = "mutation($id: ID!, $revision: Int!) { releasePurge(id: $id, expectedRevision: $revision, reason: \"Order 12\") { userErrors { message } } }";
        let seen = desk.published(json!({ "headline": "Seen" })).await;
        let (hidden, _) = desk.draft(json!({ "headline": "Hidden" })).await;
        let (embargoed, _) = desk.draft(json!({ "headline": "Embargoed" })).await;
        act(&desk, "releaseEmbargo(%, until: \"2007-07-01T14:00:00Z\")", &embargoed).await;
        act(&desk, "releasePublish(%)", &embargoed).await;
        let before = read(&desk, Who::Public).await;
        let mut readers = [Role::Public, Role::Press, Role::Editor].map(|role| follow(&desk, role, None));
        let filter = dateline::catalog::ReleaseFilter { kinds: Some(vec![entity::release::ReleaseKind::Speech]), ..Default::default() };
        let mut filtered = desk.app.newsroom.open_change_stream(&Viewer::public(), Some(filter), None, MOST).unwrap();
        for id in [&seen, &hidden, &embargoed] {
            desk.done(Who::Admin, PURGE, json!({ "id": id, "revision": 1 })).await;
        }
        let all = futures_util::future::join_all(readers.iter_mut().map(told)).await;
        let of = |id: &String| [0, 1, 2].map(|reader: usize| kinds(&desk, &all[reader], id));
        assert_eq!((of(&seen), of(&hidden), of(&embargoed)), (["D", "D", "D"].map(str::to_owned), ["", "", "D"].map(str::to_owned), ["", "D", "D"].map(str::to_owned)));
        assert_eq!(told(&mut filtered).await.len(), 1);
        assert_eq!(told(&mut follow(&desk, Role::Public, Some(&before))).await.len(), 1, "also for who comes later");
    }

    async fn topics_that_move_end_what_is_filtered_by_topics(desk: Desk) {
        let mut ids = Vec::new();
        for slug in ["water", "wells", "health"] {
            let made = desk.done(Who::Admin, TOPIC, json!({ "input": { "name": slug, "slug": slug } })).await;
            ids.push(made["topic"]["id"].as_str().unwrap().to_owned());
        }
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"water\"}]}}) { kind } }";
        let plain = "subscription { releaseChanged(filter: {kinds: [ARTICLE]}) { kind } }";
        for (name, change) in [
            ("a name", "mutation($a: ID!) { topicUpdate(id: $a, expectedRevision: 1, input: {name: \"Waters\"}) { userErrors { message } } }"),
            ("broader", "mutation($b: ID!, $a: ID!) { topicUpdate(id: $b, expectedRevision: 1, input: {broader: [{id: $a}]}) { userErrors { message } } }"),
            ("merged", "mutation($c: ID!, $a: ID!) { topicMerge(from: $c, into: $a) { userErrors { message } } }"),
        ] {
            let (mut events, mut other) = (desk.listen(None, query).await, desk.listen(None, plain).await);
            desk.done(Who::Admin, change, json!({ "a": ids[0], "b": ids[1], "c": ids[2] })).await;
            let ended = tokio::time::timeout(Duration::from_millis(300), events.event()).await.ok();
            assert_eq!(ended.is_some(), name != "a name", "{name}");
            if let Some(told) = ended {
                let (_, _, data) = told.unwrap();
                assert!(data.contains("READ_ANEW"), "{data}");
                assert_eq!(events.event().await.unwrap().0, "complete");
            }
            assert!(tokio::time::timeout(Duration::from_millis(300), other.event()).await.is_err(), "{name}");
        }
    }

    async fn what_cannot_be_gone_on_from_says_so(desk: Desk) {
        let start = read(&desk, Who::Public).await;
        for number in 0..5 {
            desk.draft(json!({ "headline": format!("Draft {number}") })).await;
        }
        let newsroom = &desk.app.newsroom;
        for wrong in ["", "5", "é", &start[1..], &format!("{start}A")] {
            let error = newsroom.open_change_stream(&Viewer::public(), None, Some(wrong), MOST).unwrap_err().to_string();
            assert!(error.contains("not a position of this newsroom"), "{wrong}: {error}");
        }
        let next = async |role, after: &str| {
            let mut following = newsroom.open_change_stream(&viewer(role), None, Some(after), 3).unwrap();
            tokio::time::timeout(Duration::from_millis(200), following.next()).await.ok()
        };
        assert!(matches!(next(Role::Editor, &start).await, Some(Err(ChangeStreamError::TooOld))));
        // What the public does not see makes none of its positions too old; what it sees does.
        assert!(next(Role::Public, &start).await.is_none() && next(Role::Press, &start).await.is_none());
        desk.published(json!({ "headline": "Seen" })).await;
        assert!(matches!(next(Role::Public, &start).await, Some(Err(ChangeStreamError::TooOld))));
        let anew = read(&desk, Who::Public).await;
        for number in 0..5 {
            desk.draft(json!({ "headline": format!("Later {number}") })).await;
        }
        assert!(next(Role::Public, &anew).await.is_none());
        let query = "subscription { releaseChanged(filter: {topics: {any: [{slug: \"nowhere\"}]}}) { kind } }";
        let refused = desk.rejected(None, query).await;
        assert!(refused["errors"][0]["extensions"]["code"] == "NOT_FOUND" && refused.get("data").is_none(), "{refused}");
        let two = desk.rejected(None, "subscription { a: releaseChanged { kind } b: releaseChanged { kind } }").await;
        assert!(two["errors"][0]["message"].as_str().unwrap().contains("one field"), "{two}");
    }
}
