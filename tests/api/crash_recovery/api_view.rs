//! Reads the whole newsroom through the API after a crash. For each resource (release, topic, place, token), this
//! module collects the fields and the actions in the journal.

use std::{collections::HashMap, net::TcpStream};

use serde_json::{Value, json};

use crate::harness::server_process::exchange;

const RELEASES: &str = "releases(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id state revision headline working { headline number outdated } embargo { until } schedule { localTime } withdrawal { kind } corrections { note } topics { id } places { id } } }";
const TOPICS: &str = "topics(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name revision altNames above: broader { id } retiredAt } }";
const PLACES: &str = "places(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name revision altNames above: within { id } retiredAt } }";
const JOURNAL: &str =
    "journal(first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes { sequence action subject note } }";
const TOKENS: &str =
    "tokens(first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name role revokedAt } }";
const NODES: &str = "query($ids: [ID!]!) { page: nodes(ids: $ids) { id } }";

/// A release, topic, place or token as the API returned it.
#[derive(Debug, Default)]
pub(super) struct ResourceView {
    /// The fields of the resource. For a merged topic or place: the id of the concept that it was merged into. Null
    /// if the resource no longer exists.
    pub(super) fields: Value,
    /// The actions on the resource in the journal, oldest first.
    pub(super) actions: Vec<String>,
    /// The journal note of the last action on the resource.
    pub(super) note: String,
}

/// All resources by id, including deleted, purged and merged resources, which remain in the journal.
pub(super) type ApiView = HashMap<String, ResourceView>;

/// Reads all resources and the journal of the server on a port, with an administrator's token.
pub(super) fn read(port: u16, token: &str) -> ApiView {
    let mut view = ApiView::new();
    // The API lists the journal newest first, so the entries are reversed.
    for entry in list(port, token, JOURNAL).iter().rev() {
        let resource = view.entry(entry["subject"].as_str().unwrap().to_owned()).or_default();
        resource.actions.push(entry["action"].as_str().unwrap().to_owned());
        entry["note"].as_str().unwrap_or_default().clone_into(&mut resource.note);
    }
    let mut add = |mut node: Value| {
        let Value::String(id) = node.as_object_mut().unwrap().remove("id").unwrap() else { panic!("{node}") };
        let resource = view.get_mut(&id).unwrap_or_else(|| panic!("{id} is not in the journal: {node}"));
        resource.fields = node;
    };
    list(port, token, RELEASES).into_iter().for_each(&mut add);
    for mut node in list(port, token, TOPICS).into_iter().chain(list(port, token, PLACES)) {
        // The API returns a list of broader topics. In this test a topic has at most one broader topic.
        let parent = node["above"].as_array().map_or_else(
            || node["above"]["id"].clone(),
            |all| {
                assert!(all.len() < 2, "{node}");
                all.first().map_or(Value::Null, |parent| parent["id"].clone())
            },
        );
        node["above"] = parent;
        set_flag(&mut node, "retiredAt", "retired");
        add(node);
    }
    for mut node in list(port, token, TOKENS) {
        set_flag(&mut node, "revokedAt", "revoked");
        add(node);
    }
    let concept = |id: &&String| id.starts_with("topic_") || id.starts_with("place_");
    let merged: Vec<String> = view
        .iter()
        .filter(|(id, resource)| concept(id) && resource.fields.is_null())
        .map(|(id, _)| id.clone())
        .collect();
    for ids in merged.chunks(200) {
        let nodes = page(port, token, NODES, &json!({ "ids": ids }));
        for (id, node) in ids.iter().zip(nodes.as_array().unwrap()) {
            view.get_mut(id).unwrap().fields = json!({ "into": node["id"] });
        }
    }
    view
}

/// Replaces a timestamp field by a boolean field that says whether the timestamp was set.
fn set_flag(node: &mut Value, instant: &str, flag: &str) {
    let timestamp = node.as_object_mut().unwrap().remove(instant).unwrap();
    node[flag] = json!(!timestamp.is_null());
}

/// Reads all pages of a connection. Returns the nodes of all pages.
fn list(port: u16, token: &str, selection: &str) -> Vec<Value> {
    let query = format!("query($after: String) {{ page: {selection} }}");
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut page = page(port, token, &query, &json!({ "after": after }));
        all.append(page["nodes"].as_array_mut().unwrap());
        if page["pageInfo"]["hasNextPage"] != true {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

fn page(port: u16, token: &str, query: &str, variables: &Value) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect to the server");
    let body = json!({ "query": query, "variables": variables });
    let response = exchange(&mut stream, Some(token), &body).expect("receive the response");
    let mut response: Value =
        serde_json::from_str(response.split_once("\r\n\r\n").expect("a response with a body").1).expect("JSON");
    assert!(response["data"]["page"].is_object() || response["data"]["page"].is_array(), "{response}");
    response["data"]["page"].take()
}
