//! Snapshot tests of error responses. Every error code occurs at least once: in rejected requests, failing fields,
//! and rejected mutations.

use std::collections::{BTreeMap, BTreeSet};

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use super::{redact, redacted};
use crate::{
    harness::{CREATE, Caller, PUBLISH, REVISE, TOPIC, TestServer},
    visibility::schema_walk::{Schema, list, text},
};

/// Pairs of a problem and a GraphQL document that has it. The server rejects the document, or a field fails.
const DOCUMENTS: [(&str, &str); 26] = [
    ("syntax", "{ releases(first: 1 { count } }"),
    ("no operation", "fragment F on Query { __typename }"),
    ("two operations", "query A { __typename } query B { __typename }"),
    ("unknown field", "{ releases { nodes { titel } } }"),
    ("unknown argument", "{ releases(limit: 1) { count } }"),
    ("unknown type", "query($a: Nothing) { release(ref: $a) { id } }"),
    ("missing argument", "{ release { id } }"),
    ("missing selection", "{ releases }"),
    ("selection of a scalar", "{ releases { totalCount { a } } }"),
    ("enum value", "{ releases(orderBy: [{by: TITLE, direction: ASC}]) { count } }"),
    ("undefined variable", "{ release(ref: {id: $id}) { id } }"),
    ("unused variable", "query($a: Int) { __typename }"),
    ("missing variable", "query($a: ID!) { node(id: $a) { id } }"),
    ("fragment cycle", "{ ...F } fragment F on Query { ...F }"),
    ("conflicting fields", "{ a: viewer { name } a: __typename }"),
    ("one of two", "{ release(ref: {id: \"a\", slug: \"b\"}) { id } }"),
    (
        "cost",
        "{ __schema { types { fields { type { fields { type { fields { type { fields { type { fields { name } } } } } } } } } } } }",
    ),
    ("page size", "{ releases(first: 201) { count } }"),
    ("page of both ends", "{ releases(first: 1, last: 1) { count } }"),
    ("cursor", "{ releases(after: \"nonsense\") { count } }"),
    ("id", "{ node(id: \"nonsense\") { id } }"),
    ("date", "{ releases(filter: {releaseDate: {from: \"2006-02-30\"}}) { count } }"),
    ("unknown topic in a filter", "{ releases(filter: {topics: {any: [{slug: \"no-such-topic\"}]}}) { count } }"),
    ("forbidden", "{ tokens { nodes { id } } }"),
    ("mutation by the public", "mutation { topicCreate(input: {name: \"A\"}) { userErrors { code } } }"),
    ("subscription", "subscription { releaseChanged { kind } }"),
];

/// Invalid HTTP requests: name, method, path, `Content-Type`, `Accept`, and body.
const REQUESTS: [(&str, &str, &str, &str, &str, &str); 10] = [
    ("not JSON", "POST", "/graphql", "application/json", "*/*", "{"),
    ("batch", "POST", "/graphql", "application/json", "*/*", "[{\"query\": \"{ __typename }\"}]"),
    ("no query", "POST", "/graphql", "application/json", "*/*", "{}"),
    ("variables", "POST", "/graphql", "application/json", "*/*", "{\"query\": \"{ __typename }\", \"variables\": []}"),
    ("content type", "POST", "/graphql", "text/plain", "*/*", "{\"query\": \"{ __typename }\"}"),
    ("accept", "POST", "/graphql", "application/json", "image/png", "{\"query\": \"{ __typename }\"}"),
    (
        "mutation by GET",
        "GET",
        "/graphql?query=mutation%7BtopicCreate%28input%3A%7Bname%3A%22A%22%7D%29%7BuserErrors%7Bcode%7D%7D%7D",
        "",
        "*/*",
        "",
    ),
    ("method", "DELETE", "/graphql", "", "*/*", ""),
    (
        "persisted query",
        "POST",
        "/graphql",
        "application/json",
        "*/*",
        "{\"extensions\": {\"persistedQuery\": {\"version\": 1, \"sha256Hash\": \"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38\"}}}",
    ),
    ("no such page", "GET", "/nothing", "", "*/*", ""),
];

#[tokio::test]
async fn the_body_of_every_error() {
    let server = TestServer::on_sqlite().await;
    let mut bodies = String::new();
    let mut add = |name: &str, status: u16, body: &str| {
        bodies += &format!("{name}: {status}\n{}\n\n", redacted(body));
    };
    for (name, method, address, content, accept, body) in REQUESTS {
        let mut request = Request::builder().method(method).uri(address).header("accept", accept);
        if !content.is_empty() {
            request = request.header("content-type", content);
        }
        let (status, text) = server.send(request.body(Body::from(body)).unwrap()).await;
        add(name, status, &text);
    }
    for (name, document) in DOCUMENTS {
        let (status, response) = server.post(None, &json!({ "query": document }).to_string()).await;
        add(name, status, &response.to_string());
    }
    let (open, close) = ("{ nodes { topics { releases ".repeat(40), "} } } ".repeat(40));
    let document = format!("{{ releases {open}{{ totalCount }} {close} }}");
    let (status, response) = server.post(None, &json!({ "query": document }).to_string()).await;
    add("depth", status, &response.to_string());
    let (status, response) =
        server.post(Some("dateline_unknown"), &json!({ "query": "{ __typename }" }).to_string()).await;
    add("unknown token", status, &response.to_string());
    insta::assert_snapshot!("errors", bodies);
}

#[tokio::test]
async fn a_user_error_of_every_code() {
    let server = TestServer::on_sqlite().await;
    let (id, revision) = server.create_draft(json!({ "headline": "Ferries" })).await;
    let published = server.create_published(json!({ "headline": "Harbours" })).await;
    let topic =
        server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": "Boats" } })).await["topic"]["id"].clone();
    let submit = "mutation($id: ID!, $revision: Int!) { releaseSubmit(id: $id, expectedRevision: $revision) { userErrors { field code message } } }";
    let update = "mutation($id: ID!, $revision: Int!, $input: TopicInput!) { topicUpdate(id: $id, expectedRevision: $revision, input: $input) { userErrors { field code message } } }";
    let input = |input: Value| json!({ "input": input });
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for (caller, mutation, variables) in [
        (Caller::Editor, CREATE, input(json!({ "headline": "" }))),
        (Caller::Editor, CREATE, input(json!({ "headline": "a".repeat(5000) }))),
        (Caller::Editor, CREATE, input(json!({ "headline": "A", "slug": "No Slug" }))),
        (Caller::Editor, CREATE, input(json!({ "headline": "A", "slug": "harbours" }))),
        (Caller::Editor, CREATE, input(json!({ "headline": "A", "topics": [{ "slug": "no-such-topic" }] }))),
        (Caller::Editor, CREATE, input(json!({ "headline": "A\u{0}" }))),
        (Caller::Editor, REVISE, json!({ "id": id, "revision": revision + 1, "input": { "headline": "B" } })),
        (Caller::Editor, submit, json!({ "id": published, "revision": 2 })),
        (Caller::Author, PUBLISH, json!({ "id": id, "revision": revision })),
        (Caller::Editor, PUBLISH, json!({ "id": topic, "revision": 1 })),
        (Caller::Admin, update, json!({ "id": topic, "revision": 1, "input": { "broader": [{ "slug": "boats" }] } })),
    ] {
        let response = server.execute(caller, mutation, variables).await;
        let payloads = response["data"].as_object().into_iter().flat_map(|data| data.values());
        for error in payloads.flat_map(|payload| list(&payload["userErrors"])) {
            found.insert(format!("{}: {}", text(&error["code"]), text(&error["message"])), error.clone());
        }
    }
    let codes: BTreeSet<String> = found.values().map(|error| text(&error["code"])).collect();
    let mut errors = json!(found.into_values().collect::<Vec<_>>());
    redact(&mut errors);
    insta::assert_snapshot!("user_errors", serde_json::to_string_pretty(&errors).unwrap());
    let schema = Schema::introspect(&server).await;
    let all = list(&schema.types["UserErrorCode"]["enumValues"]).iter().map(|value| text(&value["name"]));
    // These two codes occur only if the database fails; `tests/durability` covers them.
    let untried = ["UNAVAILABLE", "OUTCOME_UNKNOWN"];
    assert_eq!(
        all.filter(|code| !codes.contains(code) && !untried.contains(&code.as_str())).collect::<Vec<_>>(),
        [""; 0]
    );
}
