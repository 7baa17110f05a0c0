//! Tests that no query reaches a hidden release: every query that can be generated from the schema gets the same
//! response whether the newsroom has hidden releases or not. The tests cover all workflow states, working revisions,
//! and schedules and embargoes before and after their instants.

use chrono::TimeDelta;
use entity::Noun;
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema_walk::{GeneratedQuery, Schema, ValuePool};
use crate::harness::{Caller, REVISE, TestServer, on_both_databases};

/// A word in every text that must stay hidden.
const MARK: &str = "hidden";

/// Imports public topics, places and releases. Returns their ids.
async fn import_public(server: &TestServer) -> Vec<String> {
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
    server.import(&lines).await;
    let data = server
        .data(
            Caller::Public,
            "{ releases { nodes { id } } topics { nodes { id } } places { nodes { id } } }",
            json!({}),
        )
        .await;
    ["releases", "topics", "places"]
        .iter()
        .flat_map(|list| {
            data[list]["nodes"]
                .as_array()
                .expect("the connection has nodes")
                .iter()
                .map(|node| node["id"].as_str().expect("the node has an id").to_owned())
        })
        .collect()
}

/// Creates content that only the desk may see: a release in every state except PUBLISHED, a release for every kind of
/// withdrawal, and a working revision of the public release `live`. Returns the ids of the hidden releases.
async fn create_hidden(server: &TestServer, live: &str) -> Vec<String> {
    let now = server.app.clock.now();
    server.app.clock.set(now + TimeDelta::hours(1));
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
    server.import(&lines).await;
    for (number, actions) in [&["submit"][..], &["submit", "approve"], &["schedule"]].into_iter().enumerate() {
        create_pending(server, &format!("{MARK}-{}", number + 5), actions, 1000).await;
    }
    // The release hidden-8 was never public in this newsroom. The retraction of a public release would rightly change
    // the public data version.
    let retracted = server.data(Caller::Editor, "{ release(ref: {slug: \"hidden-8\"}) { id } }", json!({})).await;
    let retract = "mutation($id: ID!) { releaseRetract(id: $id, expectedRevision: 1, notice: \"It was wrong.\") { release { state } userErrors { message } } }";
    server.mutate(Caller::Editor, retract, json!({ "id": retracted["release"]["id"] })).await;
    let input = json!({ "headline": format!("{MARK} working"), "slug": format!("{MARK}-working"), "externalId": format!("{MARK}-x9"), "summary": MARK, "bodyMarkdown": MARK, "kind": "SPEECH", "language": "fr",
        "releaseDate": "2001-01-01", "datelineText": MARK, "editorialNote": MARK, "topics": [{ "slug": "labour" }], "places": [{ "slug": "asia" }] });
    server.mutate(Caller::Editor, REVISE, json!({ "id": live, "revision": 1, "input": input })).await;
    server.app.clock.set(now);
    let query = "{ releases(first: 50, filter: {states: [DRAFT, IN_REVIEW, APPROVED, SCHEDULED, WITHDRAWN, RETRACTED]}) { nodes { id } } }";
    let data = server.data(Caller::Editor, query, json!({})).await;
    let ids = data["releases"]["nodes"].as_array().expect("the connection has nodes").iter();
    ids.map(|node| node["id"].as_str().expect("the node has an id").to_owned()).collect()
}

/// Creates a release and performs actions on it. Schedules and embargoes are set `hours` ahead of the current time.
/// Returns the id of the release.
async fn create_pending(server: &TestServer, slug: &str, actions: &[&str], hours: i64) -> String {
    let (id, revision) = server
        .create_draft(json!({ "slug": slug, "externalId": format!("{slug}-x"), "headline": format!("{slug} headline"), "bodyMarkdown": MARK, "summary": MARK, "language": "fr", "kind": "OPINION",
            "releaseDate": "2006-05-03", "topics": [{ "slug": "child-labour" }], "datelinePlaces": [{ "slug": "bangkok" }], "editorialNote": MARK }))
        .await;
    let ahead = server.app.clock.now() + TimeDelta::hours(hours);
    for action in actions {
        let field = match *action {
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
            other => panic!("no mutation for the action {other}"),
        };
        let mutation =
            format!("mutation($id: ID!, $r: Int!) {{ {field} {{ release {{ state }} userErrors {{ message }} }} }}");
        server.mutate(Caller::Editor, &mutation, json!({ "id": id, "r": revision })).await;
    }
    id
}

fn pool(public_ids: &[String], hidden_ids: &[String]) -> ValuePool {
    // The last four are searches: a beginning, a typing error, a phrase, and words of public releases.
    let texts = "labour|142|p1|hidden-0|hidden-1|hidden-4|hidden-x0|hidden-working|hidden-x9|hidden-7|hidden-scheduled|\
        hidden-embargoed-x|Eda|hidd|hiddne headlines|\"hidden headline\"|public words -hidden";
    // Two of the ten public ids (both are releases) are enough. More ids would multiply the queries.
    let public_ids = public_ids.iter().step_by(5);
    ValuePool {
        ids: hidden_ids.iter().chain(public_ids).cloned().collect(),
        texts: texts.split('|').map(str::to_owned).collect(),
    }
}

/// Sends every generated query as a caller. Returns the queries and responses. Hidden ids are replaced by numbers, so
/// that the results for different ids can be compared.
async fn responses(
    server: &TestServer,
    caller: Caller,
    public_ids: &[String],
    hidden_ids: &[String],
    max_depth: usize,
) -> Vec<(String, Value)> {
    let schema = Schema::introspect(server).await;
    let pool = pool(public_ids, hidden_ids);
    let mut responses = Vec::new();
    // The public and the press cannot run mutations, so a selection of depth 1 is enough for mutation payloads.
    for (root, max_depth) in [("Query", max_depth), ("Mutation", 1)] {
        // For each query, uses the deepest selection that the cost limit allows.
        let depths: Vec<_> = (0..=max_depth).rev().map(|depth| schema.generate_queries(root, &pool, depth)).collect();
        for number in 0..depths[0].len() {
            let mut query_response = None;
            for queries in &depths {
                let query = &queries[number];
                let response = send_raw(server, caller, root, query, hidden_ids).await;
                let message = response["errors"][0]["message"].as_str().unwrap_or_default();
                if !message.contains("the query costs") {
                    query_response = Some((query, response));
                    break;
                }
            }
            let (query, response) = query_response.expect("every depth of the query exceeds the cost limit");
            // If the generated query were invalid, its response would prove nothing.
            let code = response["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(!code.starts_with("GRAPHQL"), "{} {}: {response}", query.query, query.variables);
            let mut text = response.to_string();
            for (number, id) in hidden_ids.iter().enumerate() {
                text = text.replace(id, &format!("secret {number}"));
            }
            let request = format!("{} {}", query.field, query.variables);
            let mut response = serde_json::from_str(&text).expect("JSON");
            without_cursors(&mut response);
            responses.push((request, response));
        }
    }
    responses
}

/// Sends a query and returns the response with status and headers. Queries of the public use GET, because responses
/// to GET have the most headers. The result omits the request id. If the query contains hidden ids, it also omits the
/// ETag, which depends on a digest of the query.
async fn send_raw(server: &TestServer, caller: Caller, root: &str, query: &GeneratedQuery, hidden: &[String]) -> Value {
    let GeneratedQuery { query, variables, .. } = query;
    let (status, headers, mut response) = if caller == Caller::Public && root == "Query" {
        let (status, headers, body) = TestServer::get(&server.router(), &[], query, variables).await;
        (status, headers, serde_json::from_str(&body).expect("JSON"))
    } else {
        let body = json!({ "query": query, "variables": variables }).to_string();
        server.post_with_headers(server.token(caller), &[], &body).await
    };
    let names_hidden = hidden.iter().any(|id| variables.to_string().contains(id.as_str()));
    let sent = headers.iter().filter(|(name, _)| !(*name == "x-request-id" || (*name == "etag" && names_hidden)));
    response["headers"] =
        sent.map(|(name, value)| (name.to_string(), json!(value.to_str().expect("an ASCII header")))).collect();
    response["status"] = json!(status);
    response
}

/// Checks that the responses are the same before and after hidden content was created, and that `hidden_text` does
/// not occur in their data.
fn assert_equal(caller: Caller, before: &[(String, Value)], after: &[(String, Value)], hidden_text: &str) {
    assert_eq!(before.len(), after.len());
    for ((query, old), (_, new)) in before.iter().zip(after) {
        if query.starts_with("viewer") {
            continue;
        }
        if query.starts_with("releaseLookup") {
            // A tombstone may reveal the slug, state, withdrawal kind and time of a release, but never its content. A
            // release that was never public, or whose withdrawal kind is VANISH, has no tombstone.
            let mut tombstone = new["data"]["releaseLookup"]["tombstone"].clone();
            let slugs = ["hidden-0", "hidden-4", "hidden-5", "hidden-7", "hidden-scheduled", "hidden-embargoed"];
            assert!(!slugs.iter().any(|slug| query.contains(slug)) || tombstone.is_null(), "{caller:?} {query}: {new}");
            if tombstone.is_object() {
                tombstone["slug"] = json!(null);
            }
            assert!(!tombstone.to_string().contains(MARK), "{query}: {new}");
            continue;
        }
        // Only `data` is searched for the hidden text, because an error message may repeat words of the query.
        assert_eq!(old, new, "{caller:?} sent {query}");
        assert!(!new["data"].to_string().contains(hidden_text), "{caller:?} sent {query}: {new}");
    }
}

/// Replaces the cursors in a response by a fixed text. A cursor depends on the filter, and a filter may contain ids,
/// which differ between runs.
fn without_cursors(response: &mut Value) {
    match response {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(cursor) if key.to_lowercase().ends_with("cursor") => "cursor".clone_into(cursor),
                    other => without_cursors(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(without_cursors),
        _ => {}
    }
}

/// Replaces the data version in responses (`asOf.version`) by null, and also the ETag, which depends on the data
/// version.
fn without_revisions(mut responses: Vec<(String, Value)>) -> Vec<(String, Value)> {
    fn without(response: &mut Value) {
        match response {
            Value::Object(object) => {
                for (part, name) in [("asOf", "version"), ("headers", "etag")] {
                    if let Some(Value::Object(fields)) = object.get_mut(part) {
                        fields.insert(name.to_owned(), json!(null));
                    }
                }
                object.values_mut().for_each(without);
            }
            Value::Array(list) => list.iter_mut().for_each(without),
            _ => {}
        }
    }
    responses.iter_mut().for_each(|(_, response)| without(response));
    responses
}

/// Returns `count` release ids that refer to no release. Before hidden releases exist, queries contain these ids
/// instead of hidden ids.
fn missing_ids(server: &TestServer, count: usize) -> Vec<String> {
    (1..=count).map(|number| server.app.newsroom.ids.encode(Noun::Release, Uuid::from_u128(number as u128))).collect()
}

on_both_databases! {
    async fn desk_only_content_changes_no_public_or_press_response(server: TestServer) {
        let public_ids = import_public(&server).await;
        let mut before = Vec::new();
        for (caller, depth) in [(Caller::Public, 3), (Caller::Press, 2)] {
            before.push((caller, depth, without_revisions(responses(&server, caller, &public_ids, &missing_ids(&server, 9), depth).await)));
        }
        assert!(before[0].2.len() > 300, "expected more than 300 generated queries, got {}", before[0].2.len());
        let hidden_ids = create_hidden(&server, &public_ids[2]).await;
        assert_eq!(hidden_ids.len(), 9);
        for (caller, depth, before) in before {
            // The new tombstones are public and change the data version, so the comparison ignores it. Nothing else
            // may change.
            assert_equal(caller, &before, &without_revisions(responses(&server, caller, &public_ids, &hidden_ids, depth).await), MARK);
            println!("{} queries by {caller:?}", before.len());
        }
        let desk_data = server.data(Caller::Author, "{ releases { totalCount nodes { headline working { headline } } } }", json!({})).await;
        assert_eq!(desk_data["releases"]["totalCount"], 15);
        assert!(desk_data.to_string().contains("hidden working"));
    }

    async fn the_public_data_version_changes_only_with_tombstones(server: TestServer) {
        let public_ids = import_public(&server).await;
        let revisions = async || {
            let mut all = Vec::new();
            for caller in [Caller::Public, Caller::Press, Caller::Author] {
                let data = server.data(caller, "{ releases { asOf { version } } }", json!({})).await;
                all.push(data["releases"]["asOf"]["version"].as_str().unwrap().to_owned());
            }
            all
        };
        let mut before = revisions().await;
        let mut assert_revisions = async |description: &str, changed: bool| {
            let after = revisions().await;
            assert_eq!((before[0] != after[0], before[1] != after[1], before[2] != after[2]), (changed, changed, true), "{description}");
            before = after;
        };
        let withdrawn_release = |number: usize, kind: &str| json!({ "type": "release", "slug": format!("{MARK}-{number}"), "externalId": format!("{MARK}-{number}"), "headline": MARK, "releaseDate": "2006-05-02", "state": "WITHDRAWN", "withdrawal": { "kind": kind } });
        server.import(&[withdrawn_release(0, "VANISH")]).await;
        assert_revisions("vanished", false).await;
        server.import(&[withdrawn_release(1, "GONE")]).await;
        assert_revisions("gone", true).await;
        create_pending(&server, "hidden-7", &["schedule"], 1000).await;
        assert_revisions("scheduled", false).await;
        server.mutate(Caller::Editor, REVISE, json!({ "id": public_ids[2], "revision": 1, "input": { "headline": MARK, "releaseDate": "2001-01-01" } })).await;
        assert_revisions("new working revision", false).await;
    }

    async fn scheduled_and_embargoed_releases_become_visible_exactly_on_time(server: TestServer) {
        let public_ids = import_public(&server).await;
        let start = server.app.clock.now();
        let before = responses(&server, Caller::Public, &public_ids, &missing_ids(&server, 2), 3).await;
        let press_before = responses(&server, Caller::Press, &public_ids, &missing_ids(&server, 2), 2).await;
        let scheduled = create_pending(&server, "hidden-scheduled", &["schedule"], 2).await;
        let hidden_ids = vec![scheduled.clone(), missing_ids(&server, 2)[1].clone()];
        assert_equal(Caller::Press, &press_before, &responses(&server, Caller::Press, &public_ids, &hidden_ids, 2).await, MARK);
        let embargoed = create_pending(&server, "hidden-embargoed", &["embargo", "publish"], 3).await;
        let hidden_ids = vec![scheduled.clone(), embargoed.clone()];
        let visible_nodes = async |caller: Caller| {
            let data = server.data(caller, "{ releases(filter: {kinds: [OPINION]}) { totalCount nodes { slug state pubStatus publishedAt modifiedAt } } releaseStats(filter: {languages: [\"fr\"]}) { count } }", json!({})).await;
            assert_eq!(data["releases"]["totalCount"], data["releaseStats"]["count"]);
            let mut nodes = data["releases"]["nodes"].as_array().unwrap().clone();
            nodes.sort_by_key(|node| node["slug"].to_string());
            nodes
        };
        let node = |slug: &str, status: &str, at: chrono::DateTime<chrono::Utc>| {
            let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            json!({ "slug": slug, "state": "PUBLISHED", "pubStatus": status, "publishedAt": at, "modifiedAt": at })
        };
        let (due, end) = (start + TimeDelta::hours(2), start + TimeDelta::hours(3));
        let tick = TimeDelta::microseconds(1);

        // Until one microsecond before the scheduled publication, the public sees no change.
        assert_eq!(visible_nodes(Caller::Press).await, [node("hidden-embargoed", "WITHHELD", start)]);
        assert_equal(Caller::Public, &before, &responses(&server, Caller::Public, &public_ids, &hidden_ids, 3).await, MARK);
        server.app.clock.set(due - tick);
        assert_eq!((visible_nodes(Caller::Public).await.len(), visible_nodes(Caller::Press).await.len()), (0, 1));

        // At the scheduled time the release is visible, although no job has run since.
        server.app.clock.set(due);
        assert_eq!(visible_nodes(Caller::Public).await, [node("hidden-scheduled", "USABLE", due)]);
        assert_eq!(visible_nodes(Caller::Press).await, [node("hidden-embargoed", "WITHHELD", start), node("hidden-scheduled", "USABLE", due)]);
        let public_now = responses(&server, Caller::Public, &public_ids, &hidden_ids, 2).await;
        server.app.clock.set(end - tick);
        assert_eq!(visible_nodes(Caller::Public).await.len(), 1);

        // The job that records the publication in the journal must not change any response.
        server.app.clock.set(due);
        dateline::jobs::tick(&server.app, due).await.unwrap();
        assert_equal(Caller::Public, &public_now, &responses(&server, Caller::Public, &public_ids, &hidden_ids, 2).await, "hidden-embargoed");

        server.app.clock.set(end);
        assert_eq!(visible_nodes(Caller::Public).await, [node("hidden-embargoed", "USABLE", end), node("hidden-scheduled", "USABLE", due)]);
        assert_eq!(visible_nodes(Caller::Press).await, visible_nodes(Caller::Public).await);
    }

    async fn public_and_press_cannot_change_anything_by_any_mutation(server: TestServer) {
        let public_ids = import_public(&server).await;
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let schema = Schema::introspect(&server).await;
        for generated in schema.generate_queries("Mutation", &pool(&public_ids, &[]), 1) {
            for caller in [Caller::Public, Caller::Press] {
                let response = server.execute(caller, &generated.query, generated.variables.clone()).await;
                let mut payload = &response["data"][&generated.field];
                if payload.is_array() {
                    payload = &payload[0];
                }
                let unauthenticated = response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED" && response.get("data").is_none();
                assert_eq!(unauthenticated, caller == Caller::Public, "{} {}: {response}", generated.field, generated.variables);
                let rejected = payload.is_null() || payload["userErrors"][0]["code"] == "FORBIDDEN";
                assert!(rejected, "{caller:?} {} {}: {response}", generated.field, generated.variables);
            }
        }
        assert_eq!(server.app.newsroom.catalog.catch_up().await.unwrap().sequence(), before);
    }
}
