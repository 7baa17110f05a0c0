//! Nothing hidden is reachable: whatever the schema offers is asked of a newsroom before and after it gets releases in every
//! state, versions being worked on, schedules and embargoes, on both sides of their instants; to those who may not see them every
//! answer must be the same.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use entity::Noun;
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema_walk::{Pool, Question, Schema};
use crate::harness::{Desk, REVISE, Who, on_both};

/// In every text that is hidden.
const MARK: &str = "hidden";

/// What is public.
async fn public(desk: &Desk) -> Vec<String> {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "labour", "name": "Labour" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "labour" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "bangkok", "name": "Bangkok", "kind": "CITY", "within": "asia" }),
    ];
    for number in 0..6 {
        lines.push(json!({
            "type": "release", "slug": format!("public-{number}"), "externalId": format!("p{number}"), "headline": format!("Public {number}"), "bodyMarkdown": "Words.",
            "releaseDate": format!("2006-05-0{}", 1 + number / 2), "state": "PUBLISHED", "topics": if number % 2 == 0 { json!(["child-labour"]) } else { json!([]) },
            "datelinePlaces": if number % 3 == 0 { json!(["bangkok"]) } else { json!([]) },
        }));
    }
    desk.import(&lines).await;
    let data = desk
        .data(Who::Public, "{ releases { nodes { id } } topics { nodes { id } } places { nodes { id } } }", json!({}))
        .await;
    ["releases", "topics", "places"]
        .iter()
        .flat_map(|list| {
            data[list]["nodes"]
                .as_array()
                .expect("nodes")
                .iter()
                .map(|node| node["id"].as_str().expect("id").to_owned())
        })
        .collect()
}

/// What nobody but the desk may see: every state but PUBLISHED, every sort of withdrawal, and a version being worked on. Ids.
async fn hidden(desk: &Desk, live: &str) -> Vec<String> {
    let now = desk.app.clock.now();
    desk.app.clock.set(now + TimeDelta::hours(1));
    let mut lines = Vec::new();
    for (number, kind) in ["DRAFT", "WITH_NOTICE", "GONE", "REDIRECT", "VANISH"].into_iter().enumerate() {
        let mut line = json!({
            "type": "release", "slug": format!("{MARK}-{number}"), "externalId": format!("{MARK}-x{number}"), "headline": format!("{MARK} headline"), "subheadline": MARK, "summary": MARK, "bodyMarkdown": MARK,
            "releaseDate": "2006-05-02", "language": "fr", "kind": "OPINION", "state": if kind == "DRAFT" { "DRAFT" } else { "WITHDRAWN" }, "topics": ["labour", "child-labour"], "datelinePlaces": ["bangkok"],
            "datelineText": MARK, "places": ["asia"], "editorialNote": MARK,
        });
        if kind != "DRAFT" {
            line["withdrawal"] = json!({ "kind": kind });
        }
        if kind == "GONE" {
            let mut retracted = line.clone();
            (retracted["slug"], retracted["externalId"]) = (json!("hidden-8"), json!("hidden-x8"));
            lines.push(retracted);
        }
        if kind == "WITH_NOTICE" {
            line["withdrawal"]["notice"] = json!("It was wrong.");
        }
        if kind == "REDIRECT" {
            line["withdrawal"]["redirectTo"] = json!("https://example.org/instead");
        }
        lines.push(line);
    }
    desk.import(&lines).await;
    for (number, acts) in [&["submit"][..], &["submit", "approve"], &["schedule"]].into_iter().enumerate() {
        coming(desk, &format!("{MARK}-{}", number + 5), acts, 1000).await;
    }
    // It never was public here: whatever was would rightly move the revision that the public is told.
    let retracted = desk.data(Who::Editor, "{ release(ref: {slug: \"hidden-8\"}) { id } }", json!({})).await;
    let retract = "mutation($id: ID!) { releaseRetract(id: $id, expectedRevision: 1, notice: \"It was wrong.\") { release { state } userErrors { message } } }";
    desk.done(Who::Editor, retract, json!({ "id": retracted["release"]["id"] })).await;
    let input = json!({ "headline": format!("{MARK} working"), "slug": format!("{MARK}-working"), "externalId": format!("{MARK}-x9"), "summary": MARK, "bodyMarkdown": MARK, "kind": "SPEECH", "language": "fr",
        "releaseDate": "2001-01-01", "datelineText": MARK, "editorialNote": MARK, "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }] });
    desk.done(Who::Editor, REVISE, json!({ "id": live, "revision": 1, "input": input })).await;
    desk.app.clock.set(now);
    let query = "{ releases(first: 50, filter: {states: [DRAFT, IN_REVIEW, APPROVED, SCHEDULED, WITHDRAWN, RETRACTED]}) { nodes { id } } }";
    let data = desk.data(Who::Editor, query, json!({})).await;
    let ids = data["releases"]["nodes"].as_array().expect("nodes").iter();
    ids.map(|node| node["id"].as_str().expect("id").to_owned()).collect()
}

/// A release that the desk brings on its way: scheduled and embargoed so many hours ahead. Its id.
async fn coming(desk: &Desk, slug: &str, acts: &[&str], hours: i64) -> String {
    let (id, revision) = desk
        .draft(json!({ "slug": slug, "externalId": format!("{slug}-x"), "headline": format!("{slug} headline"), "bodyMarkdown": MARK, "summary": MARK, "language": "fr", "kind": "OPINION",
            "releaseDate": "2006-05-03", "topics": [{ "slug": "child-labour" }], "datelinePlaces": [{ "slug": "bangkok" }], "editorialNote": MARK }))
        .await;
    let ahead = desk.app.clock.now() + TimeDelta::hours(hours);
    for act in acts {
        let field = match *act {
            "schedule" => format!(
                "releaseSchedule(id: $id, expectedRevision: $r, localTime: \"{}\", timeZone: \"UTC\")",
                ahead.format("%Y-%m-%dT%H:%M")
            ),
            "embargo" => format!(
                "releaseEmbargo(id: $id, expectedRevision: $r, until: \"{}\", note: \"{MARK}\")",
                ahead.to_rfc3339()
            ),
            "submit" => "releaseSubmit(id: $id, expectedRevision: $r)".to_owned(),
            "approve" => "releaseApprove(id: $id, expectedRevision: $r)".to_owned(),
            "publish" => "releasePublish(id: $id, expectedRevision: $r)".to_owned(),
            other => panic!("say how to {other}"),
        };
        let mutation =
            format!("mutation($id: ID!, $r: Int!) {{ {field} {{ release {{ state }} userErrors {{ message }} }} }}");
        desk.done(Who::Editor, &mutation, json!({ "id": id, "r": revision })).await;
    }
    id
}

fn pool(known: &[String], secret: &[String]) -> Pool {
    let texts = [
        "labour",
        "142",
        "p1",
        "hidden-0",
        "hidden-1",
        "hidden-4",
        "hidden-x0",
        "hidden-working",
        "hidden-x9",
        "hidden-7",
        "hidden-scheduled",
        "hidden-embargoed-x",
        "Eda",
    ];
    // One of each sort is enough of what is public.
    let known = known.iter().step_by(5);
    Pool { ids: secret.iter().chain(known).cloned().collect(), texts: texts.map(str::to_owned).to_vec() }
}

/// Asks everything, and answers with ids of hidden things made alike.
async fn answers(desk: &Desk, who: Who, known: &[String], secret: &[String], deepest: usize) -> Vec<(String, Value)> {
    let schema = Schema::of(desk).await;
    let pool = pool(known, secret);
    let mut answers = Vec::new();
    // Who may change nothing gets no payload to look into.
    for (root, deepest) in [("Query", deepest), ("Mutation", 1)] {
        // As deep as the cost limit allows each.
        let depths: Vec<_> = (0..=deepest).rev().map(|depth| schema.questions(root, &pool, depth)).collect();
        for number in 0..depths[0].len() {
            let mut asked = None;
            for questions in &depths {
                let question = &questions[number];
                let answer = with_headers(desk, who, root, question, secret).await;
                let told = answer["errors"][0]["message"].as_str().unwrap_or_default();
                if !told.contains("the query costs") {
                    asked = Some((question, answer));
                    break;
                }
            }
            let (question, answer) = asked.expect("even the shallowest question costs too much");
            // What cannot be understood proves nothing.
            let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(!code.starts_with("GRAPHQL"), "{} {}: {answer}", question.query, question.variables);
            let mut text = answer.to_string();
            for (number, id) in secret.iter().enumerate() {
                text = text.replace(id, &format!("secret {number}"));
            }
            let asked = format!("{} {}", question.field, question.variables);
            let mut answer = serde_json::from_str(&text).expect("JSON");
            without_digests(&mut answer);
            answers.push((asked, answer));
        }
    }
    answers
}

/// An answer with its status and its headers. The public asks by GET, whose answers have most of them. Left out are the request's
/// own id, and the tag of an answer in which a digest of ids that stand for secrets may be.
async fn with_headers(desk: &Desk, who: Who, root: &str, question: &Question, secret: &[String]) -> Value {
    let Question { query, variables, .. } = question;
    let (status, headers, mut answer) = if who == Who::Public && root == "Query" {
        let (status, headers, body) = Desk::get(&desk.router(), &[], query, variables).await;
        (status, headers, serde_json::from_str(&body).expect("JSON"))
    } else {
        let body = json!({ "query": query, "variables": variables }).to_string();
        desk.post_with(desk.secret(who), &[], &body).await
    };
    let asks_for_secrets = secret.iter().any(|id| variables.to_string().contains(id.as_str()));
    let told = headers.iter().filter(|(name, _)| !(*name == "x-request-id" || (*name == "etag" && asks_for_secrets)));
    answer["headers"] = told.map(|(name, value)| (name.to_string(), json!(value.to_str().expect("text")))).collect();
    answer["status"] = json!(status);
    answer
}

/// Holds answers before and after something hidden came against each other; `secret` is what must be nowhere in them.
fn alike(who: Who, before: &[(String, Value)], after: &[(String, Value)], secret: &str) {
    assert_eq!(before.len(), after.len());
    for ((asked, was), (_, is)) in before.iter().zip(after) {
        if asked.starts_with("viewer") {
            continue;
        }
        if asked.starts_with("tombstone") {
            // It may say that, how and when, and its address; never what was in it, nor of what never was public or vanished.
            let mut stone = is["data"]["tombstone"].clone();
            let silent = ["hidden-0", "hidden-4", "hidden-5", "hidden-7", "hidden-scheduled", "hidden-embargoed"];
            assert!(!silent.iter().any(|slug| asked.contains(slug)) || stone.is_null(), "{who:?} {asked}: {is}");
            if stone.is_object() {
                stone["slug"] = json!(null);
            }
            assert!(!stone.to_string().contains(MARK), "{asked}: {is}");
            continue;
        }
        // Words that the question itself used come back in messages about it.
        assert_eq!(was, is, "{who:?} asked {asked}");
        assert!(!is["data"].to_string().contains(secret), "{who:?} asked {asked}: {is}");
    }
}

/// Cursors are bound to digests of the filter they were made under, and filters name ids; the rest of a cursor must agree.
fn without_digests(answer: &mut Value) {
    match answer {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(cursor) if key.to_lowercase().ends_with("cursor") => {
                        let bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64");
                        let mut inside: Value = serde_json::from_slice(&bytes).expect("JSON");
                        for key in ["f", "c"] {
                            if let Some(digest) = inside.get_mut(key) {
                                *digest = json!(null);
                            }
                        }
                        *value = inside;
                    }
                    other => without_digests(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(without_digests),
        _ => {}
    }
}

/// Answers without what they say of their newsroom's revision: the revision itself, and tags, which depend on it.
fn unrevised(mut answers: Vec<(String, Value)>) -> Vec<(String, Value)> {
    fn without(answer: &mut Value) {
        match answer {
            Value::Object(object) => {
                for (part, name) in [("asOf", "revision"), ("headers", "etag")] {
                    if let Some(Value::Object(fresh)) = object.get_mut(part) {
                        fresh.insert(name.to_owned(), json!(null));
                    }
                }
                object.values_mut().for_each(without);
            }
            Value::Array(list) => list.iter_mut().for_each(without),
            _ => {}
        }
    }
    answers.iter_mut().for_each(|(_, answer)| without(answer));
    answers
}

/// As many ids that lead nowhere as will be hidden.
fn nowhere(desk: &Desk, count: usize) -> Vec<String> {
    (1..=count).map(|number| desk.app.newsroom.ids.encode(Noun::Release, Uuid::from_u128(number as u128))).collect()
}

on_both! {
    async fn what_the_desk_alone_may_see_changes_no_answer(desk: Desk) {
        let known = public(&desk).await;
        let mut before = Vec::new();
        for (who, depth) in [(Who::Public, 3), (Who::Press, 2)] {
            before.push((who, depth, unrevised(answers(&desk, who, &known, &nowhere(&desk, 9), depth).await)));
        }
        assert!(before[0].2.len() > 300, "the schema was walked: {}", before[0].2.len());
        let secret = hidden(&desk, &known[2]).await;
        assert_eq!(secret.len(), 9);
        for (who, depth, before) in before {
            // Tombstones are told to everybody: with them the revision moves, and nothing else does.
            alike(who, &before, &unrevised(answers(&desk, who, &known, &secret, depth).await), MARK);
            println!("{} questions by {who:?}", before.len());
        }
        let desk_sees = desk.data(Who::Author, "{ releases { totalCount nodes { headline working { headline } } } }", json!({})).await;
        assert_eq!(desk_sees["releases"]["totalCount"], 15);
        assert!(desk_sees.to_string().contains("hidden working"));
    }

    async fn what_leaves_no_tombstone_moves_no_revision_but_the_desks(desk: Desk) {
        let known = public(&desk).await;
        let revisions = async || {
            let mut all = Vec::new();
            for who in [Who::Public, Who::Press, Who::Author] {
                let data = desk.data(who, "{ releases { asOf { revision } } }", json!({})).await;
                all.push(data["releases"]["asOf"]["revision"].as_str().unwrap().to_owned());
            }
            all
        };
        let mut before = revisions().await;
        let mut holds = async |what: &str, moved: bool| {
            let after = revisions().await;
            assert_eq!((before[0] != after[0], before[1] != after[1], before[2] != after[2]), (moved, moved, true), "{what}");
            before = after;
        };
        let gone = |number: usize, kind: &str| json!({ "type": "release", "slug": format!("{MARK}-{number}"), "externalId": format!("{MARK}-{number}"), "headline": MARK, "releaseDate": "2006-05-02", "state": "WITHDRAWN", "withdrawal": { "kind": kind } });
        desk.import(&[gone(0, "VANISH")]).await;
        holds("vanished", false).await;
        desk.import(&[gone(1, "GONE")]).await;
        holds("gone", true).await;
        coming(&desk, "hidden-7", &["schedule"], 1000).await;
        holds("scheduled", false).await;
        desk.done(Who::Editor, REVISE, json!({ "id": known[2], "revision": 1, "input": { "headline": MARK, "releaseDate": "2001-01-01" } })).await;
        holds("being worked on", false).await;
    }

    async fn on_both_sides_of_an_instant_nothing_shows_that_is_not_to(desk: Desk) {
        let known = public(&desk).await;
        let begin = desk.app.clock.now();
        let before = answers(&desk, Who::Public, &known, &nowhere(&desk, 2), 3).await;
        let press_before = answers(&desk, Who::Press, &known, &nowhere(&desk, 2), 2).await;
        let scheduled = coming(&desk, "hidden-scheduled", &["schedule"], 2).await;
        let secret = vec![scheduled.clone(), nowhere(&desk, 2)[1].clone()];
        alike(Who::Press, &press_before, &answers(&desk, Who::Press, &known, &secret, 2).await, MARK);
        let embargoed = coming(&desk, "hidden-embargoed", &["embargo", "publish"], 3).await;
        let secret = vec![scheduled.clone(), embargoed.clone()];
        let seen = async |who: Who| {
            let data = desk.data(who, "{ releases(filter: {kinds: [OPINION]}) { totalCount nodes { slug state pubStatus publishedAt modifiedAt } } releaseStats(filter: {languages: [\"fr\"]}) { count } }", json!({})).await;
            assert_eq!(data["releases"]["totalCount"], data["releaseStats"]["count"]);
            let mut nodes = data["releases"]["nodes"].as_array().unwrap().clone();
            nodes.sort_by_key(|node| node["slug"].to_string());
            nodes
        };
        let node = |slug: &str, status: &str, at: chrono::DateTime<chrono::Utc>| {
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            json!({ "slug": slug, "state": "PUBLISHED", "pubStatus": status, "publishedAt": at, "modifiedAt": at })
        };
        let (due, end) = (begin + TimeDelta::hours(2), begin + TimeDelta::hours(3));
        let instant = TimeDelta::microseconds(1);

        // Up to the last microsecond before the first instant.
        assert_eq!(seen(Who::Press).await, [node("hidden-embargoed", "WITHHELD", begin)]);
        alike(Who::Public, &before, &answers(&desk, Who::Public, &known, &secret, 3).await, MARK);
        desk.app.clock.set(due - instant);
        assert_eq!((seen(Who::Public).await.len(), seen(Who::Press).await.len()), (0, 1));

        // Nothing runs but the clock.
        desk.app.clock.set(due);
        assert_eq!(seen(Who::Public).await, [node("hidden-scheduled", "USABLE", due)]);
        assert_eq!(seen(Who::Press).await, [node("hidden-embargoed", "WITHHELD", begin), node("hidden-scheduled", "USABLE", due)]);
        let public_now = answers(&desk, Who::Public, &known, &secret, 2).await;
        desk.app.clock.set(end - instant);
        assert_eq!(seen(Who::Public).await.len(), 1);

        // That it is put down in the journal changes no answer.
        desk.app.clock.set(due);
        dateline::jobs::tick(&desk.app, due).await.unwrap();
        alike(Who::Public, &public_now, &answers(&desk, Who::Public, &known, &secret, 2).await, "hidden-embargoed");

        desk.app.clock.set(end);
        assert_eq!(seen(Who::Public).await, [node("hidden-embargoed", "USABLE", end), node("hidden-scheduled", "USABLE", due)]);
        assert_eq!(seen(Who::Press).await, seen(Who::Public).await);
    }

    async fn the_public_changes_nothing_by_any_mutation(desk: Desk) {
        let known = public(&desk).await;
        let before = desk.app.newsroom.catalog.snapshot().sequence();
        let schema = Schema::of(&desk).await;
        for question in schema.questions("Mutation", &pool(&known, &[]), 1) {
            for who in [Who::Public, Who::Press] {
                let answer = desk.ask(who, &question.query, question.variables.clone()).await;
                let mut payload = &answer["data"][&question.field];
                if payload.is_array() {
                    payload = &payload[0];
                }
                let nobody = answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED" && answer.get("data").is_none();
                assert_eq!(nobody, who == Who::Public, "{} {}: {answer}", question.field, question.variables);
                let refused = payload.is_null() || payload["userErrors"][0]["code"] == "FORBIDDEN";
                assert!(refused, "{who:?} {} {}: {answer}", question.field, question.variables);
            }
        }
        assert_eq!(desk.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
    }
}
