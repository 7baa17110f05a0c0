//! Nothing hidden is reachable: whatever the schema offers is asked of a newsroom before and after it gets drafts, versions
//! being worked on and withdrawn releases, and to those who may not see them every answer must be the same.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    crawl::{Pool, Schema},
    desk::{Desk, REVISE, Who, noon, on_both},
};

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

/// What is not: drafts, withdrawn releases of every kind, and versions being worked on. Their ids.
async fn hidden(desk: &Desk, live: &str) -> Vec<String> {
    desk.app.clock.put(noon() + chrono::TimeDelta::hours(1));
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
        if kind == "WITH_NOTICE" {
            line["withdrawal"]["notice"] = json!("It was wrong.");
        }
        if kind == "REDIRECT" {
            line["withdrawal"]["redirectTo"] = json!("https://example.org/instead");
        }
        lines.push(line);
    }
    desk.import(&lines).await;
    let input = json!({ "headline": format!("{MARK} working"), "slug": format!("{MARK}-working"), "externalId": format!("{MARK}-x9"), "summary": MARK, "bodyMarkdown": MARK, "kind": "SPEECH", "language": "fr",
        "releaseDate": "2001-01-01", "datelineText": MARK, "editorialNote": MARK, "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }] });
    desk.done(Who::Editor, REVISE, json!({ "id": live, "revision": 1, "input": input })).await;
    desk.app.clock.put(noon());
    let data =
        desk.data(Who::Editor, "{ releases(filter: {states: [DRAFT, WITHDRAWN]}) { nodes { id } } }", json!({})).await;
    data["releases"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["id"].as_str().expect("id").to_owned())
        .collect()
}

fn pool(known: &[String], secret: &[String]) -> Pool {
    let texts =
        ["labour", "142", "p1", "hidden-0", "hidden-1", "hidden-4", "hidden-x0", "hidden-working", "hidden-x9", "Eda"];
    // One of each sort is enough of what is public.
    let known = known.iter().step_by(5);
    Pool { ids: secret.iter().chain(known).cloned().collect(), texts: texts.map(str::to_owned).to_vec() }
}

/// Asks everything, and answers with ids of hidden things made alike.
async fn answers(desk: &Desk, who: Who, known: &[String], secret: &[String]) -> Vec<(String, Value)> {
    let schema = Schema::of(desk).await;
    let pool = pool(known, secret);
    let mut answers = Vec::new();
    for root in ["Query", "Mutation"] {
        // As deep as the cost limit allows each.
        let depths: Vec<_> = [4, 3, 2, 1, 0].into_iter().map(|depth| schema.questions(root, &pool, depth)).collect();
        for number in 0..depths[0].len() {
            let mut asked = None;
            for questions in &depths {
                let question = &questions[number];
                let answer = desk.ask(who, &question.query, question.variables.clone()).await;
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

/// Cursors are bound to a digest of the filter they were made under, and filters name ids; the rest of a cursor must agree.
fn without_digests(answer: &mut Value) {
    match answer {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(cursor) if key.to_lowercase().ends_with("cursor") => {
                        let bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64");
                        let mut inside: Value = serde_json::from_slice(&bytes).expect("JSON");
                        inside["f"] = json!(null);
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

on_both! {
    async fn drafts_working_versions_and_withdrawn_releases_change_no_answer(desk: Desk) {
        let known = public(&desk).await;
        // Ids that lead nowhere stand for those that will be hidden.
        let nowhere: Vec<String> = (0..5).map(|number| format!("release_{number:032x}")).collect();
        let mut before = Vec::new();
        for who in [Who::Public, Who::Press] {
            before.push((who, answers(&desk, who, &known, &nowhere).await));
        }
        assert!(before[0].1.len() > 300, "the schema was walked: {}", before[0].1.len());
        let secret = hidden(&desk, &known[2]).await;
        assert_eq!(secret.len(), 5);
        for (who, before) in before {
            let after = answers(&desk, who, &known, &secret).await;
            assert_eq!(before.len(), after.len());
            for ((asked, was), (_, is)) in before.iter().zip(&after) {
                if asked.starts_with("viewer") {
                    continue;
                }
                if asked.starts_with("tombstone") {
                    // It may say that, how and when, and its address; never what was in it.
                    let mut stone = is["data"]["tombstone"].clone();
                    assert!(!asked.contains("hidden-0") && !asked.contains("hidden-4") || stone.is_null(), "{asked}: {is}");
                    if stone.is_object() {
                        stone["slug"] = json!(null);
                    }
                    assert!(!stone.to_string().contains(MARK), "{asked}: {is}");
                    continue;
                }
                // Words that the question itself used come back in messages about it.
                assert_eq!(was, is, "{who:?} asked {asked}");
                assert!(!is["data"].to_string().contains(MARK), "{who:?} asked {asked}: {is}");
            }
        }
        let desk_sees = desk.data(Who::Author, "{ releases { totalCount nodes { headline working { headline } } } }", json!({})).await;
        assert_eq!(desk_sees["releases"]["totalCount"], 11);
        assert!(desk_sees.to_string().contains("hidden working"));
    }

    async fn the_public_changes_nothing_by_any_mutation(desk: Desk) {
        let known = public(&desk).await;
        let before = desk.app.room.catalog.snapshot().sequence();
        let schema = Schema::of(&desk).await;
        for question in schema.questions("Mutation", &pool(&known, &[]), 1) {
            for who in [Who::Public, Who::Press] {
                let answer = desk.ask(who, &question.query, question.variables.clone()).await;
                let payload = &answer["data"][&question.field];
                let refused = payload.is_null() || payload["userErrors"][0]["code"] == "FORBIDDEN";
                assert!(refused, "{who:?} {} {}: {answer}", question.field, question.variables);
            }
        }
        assert_eq!(desk.app.room.catalog.catch_up().await.unwrap().sequence(), before);
    }
}
