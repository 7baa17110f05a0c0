//! Ids: the same on every server and after a restore, those of earlier versions are still read, and nothing that is answered
//! tells when a row was made.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dateline::{app::App, http};
use entity::Noun;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use super::schema_walk::{Pool, Schema};
use crate::{
    command::fixtures::ask,
    harness::{CREATE, Desk, PLACE, PUBLISH, REVISE, TOPIC, WITHDRAW, Who, on_both, secret_scan::Secrets},
};

const LINK: &str = "mutation($id: ID!) { previewLinkCreate(releaseId: $id, expiresAt: \"2008-01-01T00:00:00Z\") { id url token userErrors { message } } }";
const IDS: &str = "{ releases { nodes { id url } edges { cursor } } topics { nodes { id } edges { cursor } } places { nodes { id } } topicAggregates { key topic { id } } }";

/// Everything that a response says: its headers and its body.
fn said(headers: &HeaderMap, body: &str) -> String {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    headers.chain([body.to_owned()]).collect()
}

/// A GET of the public.
async fn get(desk: &Desk, query: &str, variables: &Value) -> String {
    let (_, headers, body) = Desk::get(&desk.router(), &[], query, variables).await;
    said(&headers, &body)
}

/// A POST of anybody.
async fn post(desk: &Desk, who: Who, query: &str, variables: &Value) -> (String, Value) {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let (_, headers, answer) = desk.post_with(desk.secret(who), &[], &body).await;
    (said(&headers, &answer.to_string()), answer["data"].clone())
}

/// Does one act, whose payload is noted, with everything else that is said.
async fn done(desk: &Desk, heard: &mut Vec<String>, who: Who, mutation: &str, variables: Value) -> Value {
    let (text, data) = post(desk, who, mutation, &variables).await;
    let payload = data.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(payload["userErrors"], json!([]), "{text}");
    heard.push(text);
    payload
}

/// The newsroom: a topic, a place, releases that are public, withdrawn, being worked on and hidden, and a preview link.
async fn furnished(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let mut heard = Vec::new();
    let mut ids = Vec::new();
    let mut id = |payload: &Value, noun: &str| {
        let id = payload[noun]["id"].as_str().unwrap().to_owned();
        ids.push(id.clone());
        id
    };
    let labour =
        done(desk, &mut heard, Who::Admin, TOPIC, json!({ "input": { "name": "Labour", "slug": "labour" } })).await;
    id(&labour, "topic");
    let asia = json!({ "input": { "name": "Asia", "slug": "asia", "kind": "REGION", "m49": "142" } });
    let asia = done(desk, &mut heard, Who::Admin, PLACE, asia).await;
    id(&asia, "place");
    let input = |headline: &str| json!({ "input": { "headline": headline, "externalId": headline, "bodyMarkdown": "Words.", "releaseDate": "2006-05-02", "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }], "datelinePlaces": [{ "slug": "asia" }] } });
    for headline in ["Public", "Revised", "Withdrawn", "Hidden"] {
        let made = done(desk, &mut heard, Who::Editor, CREATE, input(headline)).await;
        let id = id(&made, "release");
        if headline != "Hidden" {
            done(desk, &mut heard, Who::Editor, PUBLISH, json!({ "id": id, "revision": 1 })).await;
        }
        let link = done(desk, &mut heard, Who::Editor, LINK, json!({ "id": id })).await;
        let (shown, data) = post(
            desk,
            Who::Public,
            "query($token: String!) { preview(token: $token) { headline } }",
            &json!({ "token": link["token"] }),
        )
        .await;
        assert_eq!(data["preview"]["headline"], headline, "{shown}");
        heard.push(shown);
        match headline {
            "Revised" => {
                let change = json!({ "id": id, "revision": 1, "input": { "headline": "Public", "slug": "moved" } });
                done(desk, &mut heard, Who::Editor, REVISE, change).await;
                done(desk, &mut heard, Who::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
            }
            "Withdrawn" => {
                let how = json!({ "id": id, "revision": 1, "kind": "GONE" });
                done(desk, &mut heard, Who::Editor, WITHDRAW, how).await;
            }
            _ => {}
        }
    }
    (ids, heard)
}

/// The address of a newsroom's releases with their ids in it.
async fn with_ids_in_addresses(desk: Desk) -> Desk {
    let settings = dateline::newsroom::NewsroomSettings {
        url_template: Some("https://example.org/news/{id}".to_owned()),
        ..desk.app.newsroom.settings.clone()
    };
    desk.with_settings(settings).await
}

/// The ids that earlier versions gave out for the same things.
fn as_before(desk: &Desk, ids: &[String]) -> Vec<String> {
    let old = |id: &String| {
        let (noun, key) = desk.app.newsroom.ids.decode(id).unwrap();
        format!("{}_{}", dateline::newsroom::access::public_id::noun_prefix(noun), key.simple())
    };
    ids.iter().map(old).collect()
}

on_both! {
    async fn nothing_that_is_answered_tells_when_a_row_was_made(desk: Desk) {
        let desk = with_ids_in_addresses(desk).await;
        let mut events = desk.listen(None, "subscription { releaseChanged { sequence releaseId release { id url } } }").await;
        let (ids, mut heard) = furnished(&desk).await;
        let mut changes = Vec::new();
        while changes.len() < 4 {
            changes.push(events.event().await.unwrap());
        }
        assert!(changes.iter().all(|(_, _, data)| data.contains("\"releaseId\":\"release_")), "{changes:?}");
        heard.push(said(&events.headers, &format!("{changes:?}")));
        let schema = Schema::of(&desk).await;
        let texts = ["labour", "public", "moved", "withdrawn", "hidden", "142", "Public"].map(str::to_owned).to_vec();
        let pool = Pool { ids: ids.clone(), texts };
        let mut asked = 0;
        for (who, depth) in [(Who::Public, 2), (Who::Press, 1), (Who::Author, 1), (Who::Editor, 1), (Who::Admin, 1)] {
            for question in schema.questions("Query", &pool, depth) {
                let (text, data) = post(&desk, who, &question.query, &question.variables).await;
                asked += usize::from(!data.is_null());
                heard.push(text);
                if who == Who::Public {
                    heard.push(get(&desk, &question.query, &question.variables).await);
                }
            }
        }
        for question in schema.questions("Mutation", &pool, 0) {
            heard.push(post(&desk, Who::Public, &question.query, &question.variables).await.0);
        }
        for path in ["/", "/graphiql", "/health/live", "/health/ready", "/nowhere"] {
            let response = desk.router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            heard.push(said(response.headers(), ""));
        }
        assert!(asked > 300, "{asked} questions were answered");
        assert!(heard.iter().any(|text| text.contains("surrogate-key: dateline release_")));
        assert!(heard.iter().any(|text| text.contains("https://example.org/news/release_")));
        assert!(heard.iter().any(|text| text.contains("preview link preview_")), "no history was told");
        desk.app.newsroom.flush_access_log().await.unwrap();
        let secrets = Secrets::of(&desk).await;
        assert!(secrets.keys.len() > 20, "{} rows", secrets.keys.len());
        assert_eq!(secrets.found_in(heard.iter().map(String::as_str)), None);
        // What earlier versions answered is found.
        let key = secrets.keys[0];
        let cursor = URL_SAFE_NO_PAD.encode(json!({ "l": "releases", "p": { "values": [1], "id": key } }).to_string());
        let link = URL_SAFE_NO_PAD.encode([key.as_bytes(), &[7; 40][..]].concat());
        let digits: String = (0..26).rev().map(|n| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(key.as_u128() >> (5 * n)) as usize & 31])).collect();
        let millis = key.as_u128() >> 80;
        for told in [
            format!("release_{}", key.simple()),
            format!("surrogate-key: dateline release_{}", key.simple()),
            format!("{{\"id\":\"{key}\"}}"),
            format!("\"cursor\":\"{cursor}\""),
            format!("?token={link}"),
            format!("release_{digits}"),
            format!("about-{millis:012x}"),
            format!("at={millis}"),
        ] {
            assert!(secrets.found_in([told.as_str()]).is_some(), "{told}");
        }
    }

    async fn ids_are_the_same_on_every_server_and_after_a_restore(desk: Desk) {
        let desk = with_ids_in_addresses(desk).await;
        let (ids, _) = furnished(&desk).await;
        let admin = desk.secret(Who::Admin).map(str::to_owned);
        let tokens = "{ tokens { id } journal { nodes { subject note } } }";
        let known = [desk.data(Who::Public, IDS, json!({})).await, desk.data(Who::Admin, tokens, json!({})).await];
        let copy = desk.copy().await;
        let same = async |app: &Arc<App>| {
            let router = http::router(app);
            assert_eq!(ask(&router, None, IDS, &json!({})).await, known[0]);
            assert_eq!(ask(&router, admin.as_deref(), tokens, &json!({})).await, known[1]);
            let after = json!({ "after": known[0]["releases"]["edges"][0]["cursor"], "ids": ids });
            let query = "query($after: String, $ids: [ID!]!) { releases(after: $after) { nodes { id } } nodes(ids: $ids) { id } }";
            let data = ask(&router, admin.as_deref(), query, &after).await;
            let found: Vec<_> = data["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
            assert_eq!(json!(found), json!(ids));
            assert!(data["releases"]["nodes"].as_array().is_some_and(|rest| !rest.is_empty()), "{data}");
        };
        // Another server of the same database; a backup that was restored.
        same(&desk.server(desk.app.clock.clone()).await).await;
        same(&copy.app).await;
    }

    async fn ids_of_earlier_versions_are_read_and_never_written(desk: Desk) {
        let desk = with_ids_in_addresses(desk).await;
        let (ids, _) = furnished(&desk).await;
        let old = as_before(&desk, &ids);
        let names = ["topic", "place", "public", "moved", "withdrawn", "hidden"];
        let of = |all: &[String], name: &str| json!(all[names.iter().position(|other| *other == name).unwrap()]);
        let both = async |who: Who, query: &str, variables: &dyn Fn(&[String]) -> Value| {
            let (_, new) = post(&desk, who, query, &variables(&ids)).await;
            let (text, found) = post(&desk, who, query, &variables(&old)).await;
            assert!(found.is_object() && found == new, "{query}: {text}");
            assert!(!old.iter().any(|id| text.contains(id.as_str())), "{query}: {text}");
            found
        };
        let nodes = both(Who::Public, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", &|all| json!({ "ids": all })).await;
        let seen: Vec<_> = nodes["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        assert_eq!(json!(seen), json!([ids[0], ids[1], ids[2], ids[3], null, null]));
        let one = both(Who::Public, "query($ref: ReleaseRef!) { release(ref: $ref) { id slug } }", &|all| json!({ "ref": { "id": of(all, "public") } })).await;
        assert_eq!(one["release"], json!({ "id": of(&ids, "public"), "slug": "public" }));
        let stone = both(Who::Public, "query($ref: ReleaseRef!) { tombstone(ref: $ref) { kind } }", &|all| json!({ "ref": { "id": of(all, "withdrawn") } })).await;
        assert_eq!(stone["tombstone"]["kind"], "GONE");
        let concepts = both(Who::Public, "query($t: ID!, $p: ID!) { topic(ref: {id: $t}) { id } place(ref: {id: $p}) { id } }", &|all| json!({ "t": of(all, "topic"), "p": of(all, "place") })).await;
        assert_eq!(concepts["topic"]["id"], of(&ids, "topic"));
        // A cursor under the one is good under the other.
        let listed = "query($filter: ReleaseFilter, $after: String) { releases(filter: $filter, first: 1, after: $after) { totalCount edges { cursor node { id } } } }";
        let filter = |all: &[String]| json!({ "ids": [of(all, "public"), of(all, "moved")], "topics": { "any": [{ "id": of(all, "topic") }] }, "places": { "all": [{ "id": of(all, "place") }] } });
        let first = both(Who::Public, listed, &|all| json!({ "filter": filter(all) })).await;
        assert_eq!(first["releases"]["totalCount"], 2);
        let cursor = &first["releases"]["edges"][0]["cursor"];
        let second = both(Who::Public, listed, &|all| json!({ "filter": filter(all), "after": cursor })).await;
        assert_ne!(second["releases"]["edges"][0]["node"]["id"], first["releases"]["edges"][0]["node"]["id"]);
        // So is one that an earlier version made.
        let mut inside: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor.as_str().unwrap()).unwrap()).unwrap();
        let (_, key) = desk.app.newsroom.ids.decode(inside["p"]["id"].as_str().unwrap()).unwrap();
        inside["p"]["id"] = json!(key);
        let before = json!(URL_SAFE_NO_PAD.encode(inside.to_string()));
        assert_eq!(both(Who::Public, listed, &|all| json!({ "filter": filter(all), "after": before })).await, second);
        // One that was made up would tell where the keys of others lie, and with them when they were begun.
        for (made_up, values) in [(json!(uuid::Uuid::now_v7()), None), (json!(old[2]), None), (json!(key), Some(json!([0])))] {
            let mut inside = inside.clone();
            inside["p"]["id"] = made_up;
            if let Some(values) = values {
                inside["p"]["values"] = values;
            }
            let after = URL_SAFE_NO_PAD.encode(inside.to_string());
            let answer = desk.ask(Who::Public, listed, json!({ "filter": filter(&ids), "after": after })).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        }
        both(Who::Admin, "query($id: ID!) { journal(filter: {subject: $id}) { nodes { act subject } } accessLog(releaseId: $id) { by releaseId } }", &|all| json!({ "id": of(all, "hidden") })).await;
        // Acts take them, too; an address with one in it is the release's own.
        let own = format!("https://example.org/news/{}", old[2]);
        let told = desk.refused(Who::Editor, WITHDRAW, json!({ "id": old[2], "revision": 1, "kind": "REDIRECT", "to": own })).await;
        assert_eq!(told["code"], "CYCLE");
        let done = desk.done(Who::Editor, REVISE, json!({ "id": old[5], "revision": 1, "input": { "summary": "New", "topics": [{ "id": old[0] }] } })).await;
        assert_eq!(done["release"]["id"], json!(ids[5]));
        let mut events = desk.listen(None, &format!("subscription {{ releaseChanged(filter: {{topics: {{any: [{{id: \"{}\"}}]}}}}) {{ releaseId }} }}", old[0])).await;
        desk.done(Who::Editor, PUBLISH, json!({ "id": old[5], "revision": 2 })).await;
        assert_eq!(events.next().await["releaseChanged"]["releaseId"], json!(ids[5]));
    }

    async fn an_id_of_something_hidden_and_one_that_leads_nowhere_are_answered_alike(desk: Desk) {
        let (ids, _) = furnished(&desk).await;
        // In the form of an id, and of no key: by chance, of a key that never was, of another noun's key, and of a deleted row.
        let encode = |noun, key| desk.app.newsroom.ids.encode(noun, key);
        let hidden = desk.app.newsroom.ids.decode(&ids[5]).unwrap().1;
        let nowhere = [format!("release_{}", "a".repeat(26)), encode(Noun::Release, Uuid::now_v7()), encode(Noun::Release, desk.app.newsroom.ids.decode(&ids[0]).unwrap().1)];
        let query = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } release(ref: {id: $id}) { id } tombstone(ref: {id: $id}) { kind } releases(filter: {ids: [$id]}) { totalCount } }";
        let answer = async |id: &str| post(&desk, Who::Public, query, &json!({ "id": id })).await.1;
        let wanted = json!({ "node": null, "nodes": [null], "release": null, "tombstone": null, "releases": { "totalCount": 0 } });
        for id in nowhere.iter().chain([&ids[5], &format!("release_{}", hidden.simple()), &encode(Noun::Token, hidden).replace("token", "release")]) {
            assert_eq!(answer(id).await, wanted, "{id}");
        }
        // A topic that there is not is told without its key.
        let lost = Uuid::now_v7();
        for id in [encode(Noun::Topic, lost), format!("topic_{}", lost.simple())] {
            let (text, _) = post(&desk, Who::Public, "query($id: ID!) { releases(filter: {topics: {any: [{id: $id}]}}) { totalCount } topicAggregates(under: {id: $id}) { count } topics(filter: {under: {id: $id}}) { totalCount } }", &json!({ "id": id })).await;
            assert_eq!(text.matches("there is no topic with this id").count(), 3, "{text}");
            assert!(!text.contains(&lost.simple().to_string()), "{text}");
        }
    }
}
