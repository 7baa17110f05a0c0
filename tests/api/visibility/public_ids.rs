//! Tests of the ids in the API. An object has the same id on every server and after a restore, and the id reveals
//! neither the row key nor the creation time. The server accepts ids and cursors of earlier versions, but never
//! returns them.

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

use super::schema_walk::{Schema, ValuePool};
use crate::{
    command::fixtures::graphql_data,
    harness::{
        CREATE, Caller, PLACE, PUBLISH, REVISE, TOPIC, TestServer, WITHDRAW, on_both_databases, secret_scan::Secrets,
    },
};

const LINK: &str = "mutation($id: ID!) { previewLinkCreate(releaseId: $id, expiresAt: \"2008-01-01T00:00:00Z\") { id url token userErrors { message } } }";
const IDS: &str = "{ releases { nodes { id url } edges { cursor } } topics { nodes { id } edges { cursor } } places { nodes { id } } topicAggregates { key topic { id } } }";

/// Returns the headers and body of a response as one text.
fn response_text(headers: &HeaderMap, body: &str) -> String {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    headers.chain([body.to_owned()]).collect()
}

/// Sends a query with GET as the public. Returns the headers and body of the response as text.
async fn get(server: &TestServer, query: &str, variables: &Value) -> String {
    let (_, headers, body) = TestServer::get(&server.router(), &[], query, variables).await;
    response_text(&headers, &body)
}

/// Sends a query with POST as a caller. Returns the headers and body of the response as text, and the parsed body.
async fn post(server: &TestServer, caller: Caller, query: &str, variables: &Value) -> (String, Value) {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let (_, headers, response) = server.post_with_headers(server.token(caller), &[], &body).await;
    (response_text(&headers, &response.to_string()), response["data"].clone())
}

/// Sends a mutation that must succeed. Adds the response to `responses` and returns the payload.
async fn mutate(
    server: &TestServer,
    responses: &mut Vec<String>,
    caller: Caller,
    mutation: &str,
    variables: Value,
) -> Value {
    let (text, data) = post(server, caller, mutation, &variables).await;
    let payload = data.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(payload["userErrors"], json!([]), "{text}");
    responses.push(text);
    payload
}

/// Creates a topic, a place, releases (public, revised, withdrawn and hidden) and preview links. Returns the ids of
/// the objects, and all responses.
async fn seed_sample_data(server: &TestServer) -> (Vec<String>, Vec<String>) {
    let mut responses = Vec::new();
    let mut ids = Vec::new();
    let mut id = |payload: &Value, noun: &str| {
        let id = payload[noun]["id"].as_str().unwrap().to_owned();
        ids.push(id.clone());
        id
    };
    let labour = mutate(
        server,
        &mut responses,
        Caller::Admin,
        TOPIC,
        json!({ "input": { "name": "Labour", "slug": "labour" } }),
    )
    .await;
    id(&labour, "topic");
    let asia = json!({ "input": { "name": "Asia", "slug": "asia", "kind": "REGION", "m49": "142" } });
    let asia = mutate(server, &mut responses, Caller::Admin, PLACE, asia).await;
    id(&asia, "place");
    let input = |headline: &str| json!({ "input": { "headline": headline, "externalId": headline, "bodyMarkdown": "Words.", "releaseDate": "2006-05-02", "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }], "datelinePlaces": [{ "slug": "asia" }] } });
    for headline in ["Public", "Revised", "Withdrawn", "Hidden"] {
        let created = mutate(server, &mut responses, Caller::Editor, CREATE, input(headline)).await;
        let id = id(&created, "release");
        if headline != "Hidden" {
            mutate(server, &mut responses, Caller::Editor, PUBLISH, json!({ "id": id, "revision": 1 })).await;
        }
        let link = mutate(server, &mut responses, Caller::Editor, LINK, json!({ "id": id })).await;
        let (preview_response, data) = post(
            server,
            Caller::Public,
            "query($token: String!) { preview(token: $token) { headline } }",
            &json!({ "token": link["token"] }),
        )
        .await;
        assert_eq!(data["preview"]["headline"], headline, "{preview_response}");
        responses.push(preview_response);
        match headline {
            "Revised" => {
                let revision_input =
                    json!({ "id": id, "revision": 1, "input": { "headline": "Public", "slug": "moved" } });
                mutate(server, &mut responses, Caller::Editor, REVISE, revision_input).await;
                mutate(server, &mut responses, Caller::Editor, PUBLISH, json!({ "id": id, "revision": 2 })).await;
            }
            "Withdrawn" => {
                let withdrawal = json!({ "id": id, "revision": 1, "kind": "GONE" });
                mutate(server, &mut responses, Caller::Editor, WITHDRAW, withdrawal).await;
            }
            _ => {}
        }
    }
    (ids, responses)
}

/// Reopens the newsroom with a URL template that puts the release id into release URLs.
async fn with_ids_in_addresses(server: TestServer) -> TestServer {
    let settings = dateline::newsroom::NewsroomSettings {
        url_template: Some("https://example.org/news/{id}".to_owned()),
        ..server.app.newsroom.settings.clone()
    };
    server.with_settings(settings).await
}

/// Converts current ids to the ids that earlier versions issued for the same objects, which contain the row key.
fn legacy_ids(server: &TestServer, ids: &[String]) -> Vec<String> {
    let old = |id: &String| {
        let (noun, key) = server.app.newsroom.ids.decode(id).unwrap();
        format!("{}_{}", dateline::newsroom::access::public_id::noun_prefix(noun), key.simple())
    };
    ids.iter().map(old).collect()
}

on_both_databases! {
    async fn responses_reveal_no_key_and_no_creation_time(server: TestServer) {
        let server = with_ids_in_addresses(server).await;
        let mut events = server.subscribe(None, "subscription { releaseChanged { sequence releaseId release { id url } } }").await;
        let (ids, mut responses) = seed_sample_data(&server).await;
        let mut changes = Vec::new();
        while changes.len() < 4 {
            changes.push(events.next_event().await.unwrap());
        }
        assert!(changes.iter().all(|(_, _, data)| data.contains("\"releaseId\":\"release_")), "{changes:?}");
        responses.push(response_text(&events.headers, &format!("{changes:?}")));
        let schema = Schema::introspect(&server).await;
        let texts = ["labour", "public", "moved", "withdrawn", "hidden", "142", "Public"].map(str::to_owned).to_vec();
        let pool = ValuePool { ids: ids.clone(), texts };
        let mut answered_count = 0;
        for (caller, depth) in [(Caller::Public, 2), (Caller::Press, 1), (Caller::Author, 1), (Caller::Editor, 1), (Caller::Admin, 1)] {
            for query in schema.generate_queries("Query", &pool, depth) {
                let (text, data) = post(&server, caller, &query.query, &query.variables).await;
                answered_count += usize::from(!data.is_null());
                responses.push(text);
                if caller == Caller::Public {
                    responses.push(get(&server, &query.query, &query.variables).await);
                }
            }
        }
        for query in schema.generate_queries("Mutation", &pool, 0) {
            responses.push(post(&server, Caller::Public, &query.query, &query.variables).await.0);
        }
        for path in ["/", "/graphiql", "/health/live", "/health/ready", "/nowhere"] {
            let response = server.router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            responses.push(response_text(response.headers(), ""));
        }
        assert!(answered_count > 300, "{answered_count} queries returned data");
        assert!(responses.iter().any(|text| text.contains("surrogate-key: dateline release_")));
        assert!(responses.iter().any(|text| text.contains("https://example.org/news/release_")));
        assert!(responses.iter().any(|text| text.contains("preview link preview_")), "no response contains the history");
        server.app.newsroom.flush_access_log().await.unwrap();
        let secrets = Secrets::load(&server).await;
        assert!(secrets.keys.len() > 20, "{} rows", secrets.keys.len());
        assert_eq!(secrets.find_in(responses.iter().map(String::as_str)), None);
        // Checks that the scan works: it must find row keys and times in the formats that earlier versions used.
        let key = secrets.keys[0];
        let cursor = URL_SAFE_NO_PAD.encode(json!({ "l": "releases", "p": { "values": [1], "id": key } }).to_string());
        let link = URL_SAFE_NO_PAD.encode([key.as_bytes(), &[7; 40][..]].concat());
        let digits: String = (0..26).rev().map(|n| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(key.as_u128() >> (5 * n)) as usize & 31])).collect();
        let millis = key.as_u128() >> 80;
        for leak in [
            format!("release_{}", key.simple()),
            format!("surrogate-key: dateline release_{}", key.simple()),
            format!("{{\"id\":\"{key}\"}}"),
            format!("\"cursor\":\"{cursor}\""),
            format!("?token={link}"),
            format!("release_{digits}"),
            format!("about-{millis:012x}"),
            format!("at={millis}"),
        ] {
            assert!(secrets.find_in([leak.as_str()]).is_some(), "{leak}");
        }
    }

    async fn ids_are_the_same_on_every_server_and_after_a_restore(server: TestServer) {
        let server = with_ids_in_addresses(server).await;
        let (ids, _) = seed_sample_data(&server).await;
        let admin = server.token(Caller::Admin).map(str::to_owned);
        let tokens = "{ tokens { nodes { id } } journal { nodes { subject note } } }";
        let expected = [server.data(Caller::Public, IDS, json!({})).await, server.data(Caller::Admin, tokens, json!({})).await];
        let copy = server.copy().await;
        let assert_same_ids = async |app: &Arc<App>| {
            let router = http::router(app);
            assert_eq!(graphql_data(&router, None, IDS, &json!({})).await, expected[0]);
            assert_eq!(graphql_data(&router, admin.as_deref(), tokens, &json!({})).await, expected[1]);
            let after = json!({ "after": expected[0]["releases"]["edges"][0]["cursor"], "ids": ids });
            let query = "query($after: String, $ids: [ID!]!) { releases(after: $after) { nodes { id } } nodes(ids: $ids) { id } }";
            let data = graphql_data(&router, admin.as_deref(), query, &after).await;
            let ids_found: Vec<_> = data["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
            assert_eq!(json!(ids_found), json!(ids));
            assert!(data["releases"]["nodes"].as_array().is_some_and(|rest| !rest.is_empty()), "{data}");
        };
        // A second server on the same database, and a server on a restored backup, must give the same ids.
        assert_same_ids(&server.second_app(server.app.clock.clone()).await).await;
        assert_same_ids(&copy.app).await;
    }

    async fn ids_of_earlier_versions_are_accepted_and_never_returned(server: TestServer) {
        let server = with_ids_in_addresses(server).await;
        let (ids, _) = seed_sample_data(&server).await;
        let old = legacy_ids(&server, &ids);
        let names = ["topic", "place", "public", "moved", "withdrawn", "hidden"];
        let id_of = |all: &[String], name: &str| json!(all[names.iter().position(|other| *other == name).unwrap()]);
        let execute_with_both = async |caller: Caller, query: &str, variables: &dyn Fn(&[String]) -> Value| {
            let (_, current) = post(&server, caller, query, &variables(&ids)).await;
            let (text, legacy) = post(&server, caller, query, &variables(&old)).await;
            assert!(legacy.is_object() && legacy == current, "{query}: {text}");
            assert!(!old.iter().any(|id| text.contains(id.as_str())), "{query}: {text}");
            legacy
        };
        let nodes = execute_with_both(Caller::Public, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", &|all| json!({ "ids": all })).await;
        let node_ids: Vec<_> = nodes["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
        assert_eq!(json!(node_ids), json!([ids[0], ids[1], ids[2], ids[3], null, null]));
        let by_id = execute_with_both(Caller::Public, "query($ref: ReleaseRef!) { release(ref: $ref) { id slug } }", &|all| json!({ "ref": { "id": id_of(all, "public") } })).await;
        assert_eq!(by_id["release"], json!({ "id": id_of(&ids, "public"), "slug": "public" }));
        let tombstone = execute_with_both(Caller::Public, "query($ref: ReleaseRef!) { releaseLookup(ref: $ref) { tombstone { kind } } }", &|all| json!({ "ref": { "id": id_of(all, "withdrawn") } })).await;
        assert_eq!(tombstone["releaseLookup"]["tombstone"]["kind"], "GONE");
        let concepts = execute_with_both(Caller::Public, "query($t: ID!, $p: ID!) { topic(ref: {id: $t}) { id } place(ref: {id: $p}) { id } }", &|all| json!({ "t": id_of(all, "topic"), "p": id_of(all, "place") })).await;
        assert_eq!(concepts["topic"]["id"], id_of(&ids, "topic"));
        // A cursor from a query with current ids works in a query with legacy ids, and a cursor from legacy ids with
        // current ids.
        let listed = "query($filter: ReleaseFilter, $after: String) { releases(filter: $filter, first: 1, after: $after) { totalCount edges { cursor node { id } } } }";
        let filter = |all: &[String]| json!({ "ids": [id_of(all, "public"), id_of(all, "moved")], "topics": { "any": [{ "id": id_of(all, "topic") }] }, "places": { "all": [{ "id": id_of(all, "place") }] } });
        let first = execute_with_both(Caller::Public, listed, &|all| json!({ "filter": filter(all) })).await;
        assert_eq!(first["releases"]["totalCount"], 2);
        let cursor = &first["releases"]["edges"][0]["cursor"];
        let second = execute_with_both(Caller::Public, listed, &|all| json!({ "filter": filter(all), "after": cursor })).await;
        assert_ne!(second["releases"]["edges"][0]["node"]["id"], first["releases"]["edges"][0]["node"]["id"]);
        execute_with_both(Caller::Admin, "query($id: ID!) { journal(filter: {subject: $id}) { nodes { action subject } } accessLog(releaseId: $id) { nodes { by { id } releaseId } } }", &|all| json!({ "id": id_of(all, "hidden") })).await;
        // Mutations accept legacy ids. A redirect URL that contains the legacy id of the release itself is a redirect
        // cycle.
        let own = format!("https://example.org/news/{}", old[2]);
        let error = server.user_error(Caller::Editor, WITHDRAW, json!({ "id": old[2], "revision": 1, "kind": "REDIRECT", "to": own })).await;
        assert_eq!(error["code"], "CYCLE");
        let revised = server.mutate(Caller::Editor, REVISE, json!({ "id": old[5], "revision": 1, "input": { "summary": "New", "topics": [{ "id": old[0] }] } })).await;
        assert_eq!(revised["release"]["id"], json!(ids[5]));
        let mut events = server.subscribe(None, &format!("subscription {{ releaseChanged(filter: {{topics: {{any: [{{id: \"{}\"}}]}}}}) {{ releaseId }} }}", old[0])).await;
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": old[5], "revision": 2 })).await;
        assert_eq!(events.next_data().await["releaseChanged"]["releaseId"], json!(ids[5]));
    }

    async fn ids_of_hidden_and_nonexistent_objects_get_the_same_response(server: TestServer) {
        let (ids, _) = seed_sample_data(&server).await;
        // Well-formed release ids that refer to no release: random letters, a key that never existed, and the key of
        // a topic. The loop below also sends the id of a hidden release in several formats.
        let encode = |noun, key| server.app.newsroom.ids.encode(noun, key);
        let hidden_key = server.app.newsroom.ids.decode(&ids[5]).unwrap().1;
        let nonexistent = [format!("release_{}", "a".repeat(26)), encode(Noun::Release, Uuid::now_v7()), encode(Noun::Release, server.app.newsroom.ids.decode(&ids[0]).unwrap().1)];
        let query = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } release(ref: {id: $id}) { id } releaseLookup(ref: {id: $id}) { tombstone { kind } } releases(filter: {ids: [$id]}) { totalCount } }";
        let response = async |id: &str| post(&server, Caller::Public, query, &json!({ "id": id })).await.1;
        let expected = json!({ "node": null, "nodes": [null], "release": null, "releaseLookup": { "tombstone": null }, "releases": { "totalCount": 0 } });
        for id in nonexistent.iter().chain([&ids[5], &format!("release_{}", hidden_key.simple()), &encode(Noun::Token, hidden_key).replace("token", "release")]) {
            assert_eq!(response(id).await, expected, "{id}");
        }
        // The error about an unknown topic id must not contain the row key that the id encodes.
        let unknown_key = Uuid::now_v7();
        for id in [encode(Noun::Topic, unknown_key), format!("topic_{}", unknown_key.simple())] {
            let (text, _) = post(&server, Caller::Public, "query($id: ID!) { releases(filter: {topics: {any: [{id: $id}]}}) { totalCount } topicAggregates(under: {id: $id}) { count } topics(filter: {under: {id: $id}}) { totalCount } }", &json!({ "id": id })).await;
            assert_eq!(text.matches("there is no topic with this id").count(), 3, "{text}");
            assert!(!text.contains(&unknown_key.simple().to_string()), "{text}");
        }
    }
}
