//! What the API answers after a restart: every thing there is, and what was done to it.

use std::{collections::HashMap, net::TcpStream};

use serde_json::{Value, json};

use crate::harness::server_process::exchange;

const RELEASES: &str = "releases(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id state revision headline working { headline number outdated } embargo { until } schedule { localTime } withdrawal { kind } corrections { note } topics { id } places { id } } }";
const TOPICS: &str = "topics(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name revision altNames above: broader { id } retiredAt } }";
const PLACES: &str = "places(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id name revision altNames above: within { id } retiredAt } }";
const JOURNAL: &str =
    "journal(first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes { sequence act subject note } }";
const TOKENS: &str = "query { page: tokens { id name role revokedAt } }";
const NODES: &str = "query($ids: [ID!]!) { page: nodes(ids: $ids) { id } }";

/// A thing as it was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Its fields; of a merged concept what it is now; null where there is nothing any more.
    pub(super) shown: Value,
    /// What was done to it, as the journal has it.
    pub(super) acts: Vec<String>,
    /// Of the last of these acts.
    pub(super) note: String,
}

/// Everything that is, and that ever was, by id.
pub(super) type Seen = HashMap<String, Found>;

/// Reads everything.
pub(super) fn read(port: u16, token: &str) -> Seen {
    let mut seen = Seen::new();
    // Newest first.
    for entry in list(port, token, JOURNAL).iter().rev() {
        let found = seen.entry(entry["subject"].as_str().unwrap().to_owned()).or_default();
        found.acts.push(entry["act"].as_str().unwrap().to_owned());
        entry["note"].as_str().unwrap_or_default().clone_into(&mut found.note);
    }
    let mut put = |mut node: Value| {
        let Value::String(id) = node.as_object_mut().unwrap().remove("id").unwrap() else { panic!("{node}") };
        let found = seen.get_mut(&id).unwrap_or_else(|| panic!("{id} is not in the journal: {node}"));
        found.shown = node;
    };
    list(port, token, RELEASES).into_iter().for_each(&mut put);
    for mut node in list(port, token, TOPICS).into_iter().chain(list(port, token, PLACES)) {
        // A topic may have several above it; here each has one at most.
        let above = node["above"].as_array().map_or_else(
            || node["above"]["id"].clone(),
            |all| {
                assert!(all.len() < 2, "{node}");
                all.first().map_or(Value::Null, |above| above["id"].clone())
            },
        );
        node["above"] = above;
        set_flag(&mut node, "retiredAt", "retired");
        put(node);
    }
    for mut node in page(port, token, TOKENS, &json!({})).as_array().unwrap().clone() {
        set_flag(&mut node, "revokedAt", "revoked");
        put(node);
    }
    let concept = |id: &&String| id.starts_with("topic_") || id.starts_with("place_");
    let merged: Vec<String> =
        seen.iter().filter(|(id, found)| concept(id) && found.shown.is_null()).map(|(id, _)| id.clone()).collect();
    for some in merged.chunks(200) {
        let nodes = page(port, token, NODES, &json!({ "ids": some }));
        for (id, node) in some.iter().zip(nodes.as_array().unwrap()) {
            seen.get_mut(id).unwrap().shown = json!({ "into": node["id"] });
        }
    }
    seen
}

/// Whether an instant is set.
fn set_flag(node: &mut Value, instant: &str, flag: &str) {
    let at = node.as_object_mut().unwrap().remove(instant).unwrap();
    node[flag] = json!(!at.is_null());
}

/// All nodes of a connection.
fn list(port: u16, token: &str, what: &str) -> Vec<Value> {
    let query = format!("query($after: String) {{ page: {what} }}");
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
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let body = json!({ "query": query, "variables": variables });
    let answer = exchange(&mut stream, Some(token), &body).expect("answered");
    let mut answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON");
    assert!(answer["data"]["page"].is_object() || answer["data"]["page"].is_array(), "{answer}");
    answer["data"]["page"].take()
}
