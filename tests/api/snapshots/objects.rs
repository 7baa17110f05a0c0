//! Snapshot test of one object of every GraphQL object type. The data come from a fixture of `tests/fixtures`, whose
//! content never changes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::redact;
use crate::{
    harness::{Caller, TestServer},
    visibility::schema_walk::{Schema, ValuePool, list, text},
};

/// One mutation for each payload type. The test sends the mutations to the fixture in this order, because some use
/// the results of earlier mutations.
const MUTATIONS: [&str; 7] = [
    "mutation { topicCreate(input: {name: \"Ferries\"}) { __typename topic { slug revision } userErrors { code } } }",
    "mutation { placeCreate(input: {name: \"Kep\", kind: CITY}) { __typename place { slug revision } userErrors { code } } }",
    "mutation { releaseCreate(input: {headline: \"Ferries in Kep\"}) { __typename release { slug state } userErrors { code } } }",
    "mutation { releasePublish(id: \"ID\", expectedRevision: 2) { __typename release { slug } userErrors { __typename field code message current { __typename revision by { __typename id name kind } at } } } }",
    "mutation { tokenCreate(input: {subject: \"Ana\", name: \"laptop\", role: EDITOR}) { __typename secret token { name } userErrors { code } } }",
    "mutation { previewLinkCreate(releaseId: \"ID\", expiresAt: \"2041-01-01T00:00:00Z\") { __typename token url userErrors { code } } }",
    "mutation { releaseDelete(id: \"ID\", expectedRevision: 1) { __typename deletedId userErrors { code } } }",
];

/// The root types. They have no snapshot, because no field returns them as objects.
const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// Handwritten queries for the types that the generated queries do not reach.
const QUERIES: [&str; 6] = [
    "{ releaseLookup(ref: {slug: \"withdrawn-with-notice\"}) { tombstone { __typename slug state kind notice redirectTo at } } }",
    "{ trendingTopics(window: \"P30D\", baseline: \"P1Y\", until: \"2006-05-31\") { __typename topic { __typename } from until count expected lift score } }",
    "{ releases(first: 1, search: {text: \"a the in to\", mode: ANY}) { edges { match { __typename score fields highlights { __typename field text ranges { __typename start end } startsInside endsInside } } } } }",
    "{ searchSuggestions(prefix: \"tran\") { __typename text topic { __typename } place { __typename } release { __typename } } }",
    "{ releases(first: 200) { nodes { embargo { __typename until note } schedule { __typename localTime timeZone at state recordedAt } \
     corrections { __typename at note } } } }",
    "{ releases(first: 200) { nodes { revisions(first: 10) { nodes { diff { __typename field before after } } } } } }",
];

/// For each type in a response, keeps the object with the most fields that are not null. Objects inside it are
/// reduced to their type names.
fn collect(value: &Value, objects: &mut BTreeMap<String, Value>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, objects)),
        Value::Object(fields) => {
            if let Some(name) = fields.get("__typename").and_then(Value::as_str) {
                let shallow = |value: &Value| match value {
                    Value::Object(inner) => inner.get("__typename").cloned().unwrap_or(Value::Null),
                    Value::Array(list) => list.first().map_or(json!([]), |first| match first {
                        Value::Object(inner) => json!([inner.get("__typename")]),
                        value => json!([value]),
                    }),
                    value => value.clone(),
                };
                let known =
                    |value: &Value| value.as_object().map_or(0, |o| o.values().filter(|v| !v.is_null()).count());
                let object: Value = fields.iter().map(|(key, value)| (key.clone(), shallow(value))).collect();
                if objects.get(name).is_none_or(|before| known(before) < known(&object)) {
                    objects.insert(name.to_owned(), object);
                }
            }
            fields.values().for_each(|value| collect(value, objects));
        }
        _ => {}
    }
}

#[tokio::test]
async fn one_object_of_every_type() {
    let server = TestServer::of_fixture("2026-11.sqlite").await;
    let schema = Schema::introspect(&server).await;
    let mut objects = BTreeMap::new();
    let first = |ids: &Value| text(&list(ids)[0]["id"]);
    let data = server
        .data(
            Caller::Admin,
            "{ releases(first: 1) { nodes { id } } topics(first: 1) { nodes { id } } places(first: 1) { nodes { id } } }",
            json!({}),
        )
        .await;
    let ids = ["releases", "topics", "places"].map(|name| first(&data[name]["nodes"])).to_vec();
    let pool = ValuePool { ids, texts: ["published", "boats", "transport"].map(str::to_owned).to_vec() };
    for generated in schema.generate_queries("Query", &pool, 3) {
        let response = server.execute(Caller::Admin, &generated.query, generated.variables).await;
        collect(&response["data"], &mut objects);
    }
    for query in QUERIES {
        collect(&server.data(Caller::Admin, query, json!({})).await, &mut objects);
    }
    let mut id = String::new();
    let change = "subscription { releaseChanged { __typename sequence kind at release { __typename } } }";
    let mut changes = server.subscribe(server.token(Caller::Admin), change).await;
    for mutation in MUTATIONS {
        let response = server.execute(Caller::Admin, &mutation.replace("ID", &id), json!({})).await;
        assert!(response.get("errors").is_none(), "{mutation}: {response}");
        collect(&response["data"], &mut objects);
        if mutation.contains("releaseCreate") {
            let query = "{ release(ref: {slug: \"ferries-in-kep\"}) { id } }";
            id = text(&server.data(Caller::Admin, query, json!({})).await["release"]["id"]);
        }
    }
    collect(&changes.next_data().await, &mut objects);
    let missing: Vec<&String> = schema
        .types
        .iter()
        .filter(|(name, kind)| {
            kind["kind"] == "OBJECT"
                && !name.starts_with("__")
                && !ROOTS.contains(&name.as_str())
                && !objects.contains_key(*name)
        })
        .map(|(name, _)| name)
        .collect();
    let mut objects = json!(objects);
    redact(&mut objects);
    insta::assert_snapshot!("objects", serde_json::to_string_pretty(&objects).unwrap());
    assert_eq!(missing, [""; 0]);
}
