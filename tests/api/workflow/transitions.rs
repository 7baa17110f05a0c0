//! Tests that the newsroom follows the workflow table in `docs/workflow.md`: tries every action in every state by
//! every role. Also tests bulk transitions.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workflow.md");
const STATES: [&str; 7] = ["DRAFT", "IN_REVIEW", "APPROVED", "SCHEDULED", "PUBLISHED", "WITHDRAWN", "RETRACTED"];

/// The workflow actions: the name of the action in the table, and the mutation field that performs it.
const ACTIONS: [(&str, &str); 15] = [
    ("revise", "releaseRevise(id: $id, expectedRevision: $revision, input: {headline: \"Third\"})"),
    ("submit", "releaseSubmit(id: $id, expectedRevision: $revision, note: \"please\")"),
    ("return", "releaseReturn(id: $id, expectedRevision: $revision, note: \"once more\")"),
    ("approve", "releaseApprove(id: $id, expectedRevision: $revision)"),
    (
        "schedule",
        "releaseSchedule(id: $id, expectedRevision: $revision, localTime: \"2007-06-01T20:00\", timeZone: \"UTC\")",
    ),
    ("unschedule", "releaseUnschedule(id: $id, expectedRevision: $revision)"),
    ("publish", "releasePublish(id: $id, expectedRevision: $revision)"),
    (
        "embargo",
        "releaseEmbargo(id: $id, expectedRevision: $revision, until: \"2007-06-05T00:00:00Z\", note: \"later\")",
    ),
    (
        "correct",
        "releaseCorrect(id: $id, expectedRevision: $revision, input: {headline: \"Right\"}, correctionNote: \"wrong\")",
    ),
    ("withdraw", "releaseWithdraw(id: $id, expectedRevision: $revision, withdrawal: {kind: GONE})"),
    ("retract", "releaseRetract(id: $id, expectedRevision: $revision, notice: \"untrue\")"),
    ("restore", "releaseRestore(id: $id, expectedRevision: $revision, revision: 1)"),
    ("delete", "releaseDelete(id: $id, expectedRevision: $revision)"),
    ("preview", "previewLinkCreate(releaseId: $id, expiresAt: \"2007-07-01T00:00:00Z\")"),
    ("purge", "releasePurge(id: $id, expectedRevision: $revision, reason: \"order 1\")"),
];

/// Returns the actions that take a new release to a state.
fn actions_leading_to(state: &str) -> &'static [&'static str] {
    match state {
        "DRAFT" => &[],
        "IN_REVIEW" => &["submit"],
        "APPROVED" => &["submit", "approve"],
        "SCHEDULED" => &["submit", "approve", "embargo", "schedule"],
        // The published release has an embargo that can be changed, and a working revision that can be published.
        "PUBLISHED" => &["embargo", "publish", "revise"],
        "WITHDRAWN" => &["embargo", "publish", "revise", "withdraw"],
        _ => &["publish", "retract"],
    }
}

/// One row of the workflow table, which describes an action. `to` has an entry for each state: the state after the
/// action, and a minimum role if this state needs a higher role. `any` and `own` are the minimum roles for any
/// release and for a release that the caller created.
struct TransitionRow {
    to: Vec<Option<(String, Option<String>)>>,
    any: String,
    own: String,
}

/// Reads the workflow table from `docs/workflow.md`. Returns the rows by action.
fn table() -> HashMap<String, TransitionRow> {
    let text = std::fs::read_to_string(DOCS).expect("read docs/workflow.md");
    let rows = text.lines().filter_map(|row| row.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows
        .map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 10 && cells[0] != "action");
    let row = |cells: Vec<&str>| {
        let to = |(state, cell): (&str, &&str)| {
            let mut words = cell.split(' ').filter(|word| !word.is_empty());
            let target = words.next()?;
            let target = if target == "·" { state } else { target };
            Some((target.to_owned(), words.next().map(str::to_owned)))
        };
        let to = STATES.into_iter().zip(&cells[1..8]).map(to).collect();
        (cells[0].to_owned(), TransitionRow { to, any: cells[8].to_owned(), own: cells[9].to_owned() })
    };
    cells.map(row).collect()
}

fn rank(role: &str) -> usize {
    ["PUBLIC", "PRESS", "AUTHOR", "EDITOR", "ADMIN"].iter().position(|&other| other == role).expect("a known role")
}

/// Performs an action on a release as a caller. Returns the payload of the mutation.
async fn perform(server: &TestServer, caller: Caller, name: &str, id: &str, revision: i64) -> Value {
    let (_, field) = ACTIONS.iter().find(|(action, _)| *action == name).expect("a known action");
    // A mutation that changes nothing creates no revision, so the headline must be different each time.
    let field = field.replace("Third", &uuid::Uuid::now_v7().to_string());
    let payload_field = match name {
        "delete" | "purge" => "deletedId",
        "preview" => "id",
        _ => "release { state revision }",
    };
    let declarations = if name == "preview" { "$id: ID!" } else { "$id: ID!, $revision: Int!" };
    let mutation =
        format!("mutation({declarations}) {{ {field} {{ {payload_field} userErrors {{ field code message }} }} }}");
    let variables = json!({ "id": id, "revision": revision });
    if caller == Caller::Public {
        let response = server.execute(caller, &mutation, variables).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{name}: {response}");
        return Value::Null;
    }
    let mut data = server.data(caller, &mutation, variables).await;
    data.as_object_mut().expect("the response has data").values_mut().next().expect("a mutation field").take()
}

/// Creates a release and takes it to a state. Returns the id and revision of the release.
async fn release_in(server: &TestServer, state: &str, creator: Caller) -> (String, i64) {
    let create = "mutation { releaseCreate(input: {headline: \"First\"}) { release { id } userErrors { message } } }";
    let payload = server.mutate(creator, create, json!({})).await;
    let id = payload["release"]["id"].as_str().expect("the payload has an id").to_owned();
    let revise = "mutation($id: ID!) { releaseRevise(id: $id, expectedRevision: 1, input: {headline: \"Second\"}) { release { revision } userErrors { message } } }";
    let mut revision =
        server.mutate(creator, revise, json!({ "id": id })).await["release"]["revision"].as_i64().unwrap();
    for name in actions_leading_to(state) {
        let payload = perform(server, Caller::Editor, name, &id, revision).await;
        assert_eq!(payload["userErrors"], json!([]), "{name} on the way to {state}");
        revision = payload["release"]["revision"].as_i64().unwrap();
    }
    (id, revision)
}

async fn state_of(server: &TestServer, id: &str) -> Value {
    server
        .data(Caller::Admin, "query($id: ID!) { node(id: $id) { ... on Release { state } } }", json!({ "id": id }))
        .await["node"]["state"]
        .clone()
}

on_both_databases! {
    async fn every_action_in_every_state_by_every_role_matches_the_table(server: TestServer) {
        let table = table();
        assert_eq!(table.len(), 16, "the table must have one row for each action");
        let mut counts = [0; 3];
        for creator in [Caller::Author, Caller::Editor] {
            for (number, state) in STATES.into_iter().enumerate() {
                let mut reusable: Option<(String, i64)> = None;
                for (name, _) in ACTIONS {
                    let row = &table[name];
                    for caller in [Caller::Public, Caller::Press, Caller::Author, Caller::Editor, Caller::Admin] {
                        let role = format!("{caller:?}").to_uppercase();
                        let minimum_role = if caller == creator { &row.own } else { &row.any };
                        let minimum_in_state = row.to[number].as_ref().and_then(|(_, role)| role.as_ref());
                        let is_allowed = rank(&role) >= rank(minimum_in_state.unwrap_or(minimum_role));
                        let (id, revision) = match reusable.take() {
                            Some(release) => release,
                            None => release_in(&server, state, creator).await,
                        };
                        let before = server.app.newsroom.catalog.snapshot().sequence();
                        let payload = perform(&server, caller, name, &id, revision).await;
                        let context = format!("{name} in {state} by {role}, created by {creator:?}: {payload}");
                        let after = server.app.newsroom.catalog.catch_up().await.unwrap().sequence();
                        if let (true, Some((to, _))) = (is_allowed, &row.to[number]) {
                            assert_eq!(payload["userErrors"], json!([]), "{context}");
                            let expected_state = if name == "delete" || name == "purge" { Value::Null } else { json!(to) };
                            assert_eq!(state_of(&server, &id).await, expected_state, "{context}");
                            assert_eq!(after, before + 1, "one journal entry: {context}");
                            counts[0] += 1;
                        } else {
                            let code = if is_allowed { "ILLEGAL_TRANSITION" } else { "FORBIDDEN" };
                            // If the caller is the public, the whole mutation is rejected before the workflow
                            // table is consulted, so there is no payload.
                            let rejected = payload["userErrors"][0]["code"] == code || (caller == Caller::Public && payload.is_null());
                            assert!(rejected, "{context}");
                            assert_eq!(after, before, "nothing may change: {context}");
                            counts[if is_allowed { 1 } else { 2 }] += 1;
                            reusable = Some((id, revision));
                        }
                    }
                }
            }
        }
        assert_eq!(counts.iter().sum::<usize>(), 2 * 7 * 15 * 5);
        println!("{} actions done, {} illegal, {} forbidden", counts[0], counts[1], counts[2]);
    }

    async fn bulk_transitions_return_one_result_per_item(server: TestServer) {
        const BULK: &str = "mutation($items: [TransitionItem!]!, $action: BulkAction!, $note: String, $withdrawal: WithdrawalInput) { releasesTransition(items: $items, action: $action, note: $note, withdrawal: $withdrawal) { release { state } userErrors { field code } } }";
        let mut items = Vec::new();
        for number in 0..6 {
            let (id, revision) = server.create_draft(json!({ "headline": format!("Bulk {number}") })).await;
            items.push(json!({ "id": id, "expectedRevision": revision }));
        }
        items[2]["expectedRevision"] = json!(7);
        items[4]["id"] = json!("release_00000000000000000000000000000000");
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let transition_all = async |caller, action: &str, items: &[Value]| {
            let variables = json!({ "items": items, "action": action, "note": (action != "PUBLISH").then_some("so"),
                "withdrawal": (action == "WITHDRAW").then(|| json!({ "kind": "REDIRECT",
                    "redirectTo": "https://example.org/elsewhere" })) });
            let data = server.data(caller, BULK, variables).await;
            data["releasesTransition"].as_array().unwrap().iter().map(|payload| {
                payload["release"]["state"].as_str().or(payload["userErrors"][0]["code"].as_str()).unwrap().to_owned()
            }).collect::<Vec<_>>()
        };
        assert_eq!(transition_all(Caller::Editor, "SUBMIT", &items).await, ["IN_REVIEW", "IN_REVIEW", "STALE_REVISION", "IN_REVIEW", "NOT_FOUND", "IN_REVIEW"]);
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), before + 4);
        assert_eq!(transition_all(Caller::Editor, "APPROVE", &items[..2]).await, ["APPROVED", "APPROVED"]);
        assert_eq!(transition_all(Caller::Editor, "PUBLISH", &items[..4]).await, ["PUBLISHED", "PUBLISHED", "STALE_REVISION", "PUBLISHED"]);
        assert_eq!(transition_all(Caller::Author, "WITHDRAW", &items[..1]).await, ["FORBIDDEN"]);
        assert_eq!(transition_all(Caller::Editor, "WITHDRAW", &[items[0].clone(), items[0].clone()]).await, ["WITHDRAWN", "ILLEGAL_TRANSITION"]);
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let many: Vec<Value> = std::iter::repeat_n(items[1].clone(), 501).collect();
        let data = server.data(Caller::Editor, BULK, json!({ "items": many, "action": "WITHDRAW", "withdrawal": { "kind": "GONE" } })).await;
        assert_eq!(data["releasesTransition"], json!([{ "release": null, "userErrors": [{ "field": ["items"], "code": "TOO_LONG" }] }]));
        let data = server.data(Caller::Editor, BULK, json!({ "items": &items[5..], "action": "PUBLISH", "note": "so" })).await;
        assert_eq!(data["releasesTransition"], json!([{ "release": null, "userErrors": [{ "field": ["note"], "code": "INVALID" }] }]));
        let response = server.execute(Caller::Editor, BULK, json!({ "items": &items[5..], "action": "SUBMIT", "withdrawal": { "kind": "GONE" } })).await;
        assert_eq!(response["errors"][0]["extensions"], json!({ "code": "BAD_USER_INPUT", "argument": "withdrawal" }), "{response}");
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), before);
    }
}
