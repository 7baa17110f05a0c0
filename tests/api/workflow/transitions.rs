//! The table of docs/workflow.md, tried out: every act in every state by every role, through the API, on both databases.

use std::collections::HashMap;

use dateline::newsroom::workflow;
use serde_json::{Value, json};

use crate::harness::{Desk, Who, on_both};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workflow.md");
const STATES: [&str; 7] = ["DRAFT", "IN_REVIEW", "APPROVED", "SCHEDULED", "PUBLISHED", "WITHDRAWN", "RETRACTED"];

/// An act: its name in the table, and how it is asked for.
const ACTS: [(&str, &str); 15] = [
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
    ("withdraw", "releaseWithdraw(id: $id, expectedRevision: $revision, kind: GONE)"),
    ("retract", "releaseRetract(id: $id, expectedRevision: $revision, notice: \"untrue\")"),
    ("restore", "releaseRestore(id: $id, expectedRevision: $revision, revision: 1)"),
    ("delete", "releaseDelete(id: $id, expectedRevision: $revision)"),
    ("preview", "previewLinkCreate(releaseId: $id, expiresAt: \"2007-07-01T00:00:00Z\")"),
    ("purge", "releasePurge(id: $id, expectedRevision: $revision, reason: \"order 1\")"),
];

/// The acts that lead from nothing to a state.
fn way_to(state: &str) -> &'static [&'static str] {
    match state {
        "DRAFT" => &[],
        "IN_REVIEW" => &["submit"],
        "APPROVED" => &["submit", "approve"],
        "SCHEDULED" => &["submit", "approve", "embargo", "schedule"],
        // With an embargo that can be moved, and a newer version that can be published.
        "PUBLISHED" => &["embargo", "publish", "revise"],
        "WITHDRAWN" => &["embargo", "publish", "revise", "withdraw"],
        _ => &["publish", "retract"],
    }
}

/// One line of the table: where an act leads from each state, and who may do it.
struct Line {
    to: Vec<Option<String>>,
    any: String,
    own: String,
}

/// The table as the documentation has it.
fn table() -> HashMap<String, Line> {
    let text = std::fs::read_to_string(DOCS).expect("docs/workflow.md");
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = lines
        .map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 10 && cells[0] != "act");
    let line = |cells: Vec<&str>| {
        let to = |(state, cell): (&str, &&str)| match *cell {
            "" => None,
            "·" => Some(state.to_owned()),
            other => Some(other.to_owned()),
        };
        let to = STATES.into_iter().zip(&cells[1..8]).map(to).collect();
        (cells[0].to_owned(), Line { to, any: cells[8].to_owned(), own: cells[9].to_owned() })
    };
    cells.map(line).collect()
}

fn rank(role: &str) -> usize {
    ["PUBLIC", "PRESS", "AUTHOR", "EDITOR", "ADMIN"].iter().position(|&other| other == role).expect("a role")
}

/// Does an act; its payload.
async fn act(desk: &Desk, who: Who, name: &str, id: &str, revision: i64) -> Value {
    let (_, field) = ACTS.iter().find(|(act, _)| *act == name).expect("an act");
    // What says nothing new makes no version.
    let field = field.replace("Third", &uuid::Uuid::now_v7().to_string());
    let thing = match name {
        "delete" | "purge" => "deletedId",
        "preview" => "id",
        _ => "release { state revision }",
    };
    let declared = if name == "preview" { "$id: ID!" } else { "$id: ID!, $revision: Int!" };
    let mutation = format!("mutation({declared}) {{ {field} {{ {thing} userErrors {{ field code message }} }} }}");
    let variables = json!({ "id": id, "revision": revision });
    if who == Who::Public {
        let answer = desk.ask(who, &mutation, variables).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{name}: {answer}");
        return Value::Null;
    }
    let mut data = desk.data(who, &mutation, variables).await;
    data.as_object_mut().expect("data").values_mut().next().expect("a payload").take()
}

/// A release in a state, created by somebody; its id and revision.
async fn release_in(desk: &Desk, state: &str, creator: Who) -> (String, i64) {
    let create = "mutation { releaseCreate(input: {headline: \"First\"}) { release { id } userErrors { message } } }";
    let payload = desk.done(creator, create, json!({})).await;
    let id = payload["release"]["id"].as_str().expect("an id").to_owned();
    let revise = "mutation($id: ID!) { releaseRevise(id: $id, expectedRevision: 1, input: {headline: \"Second\"}) { release { revision } userErrors { message } } }";
    let mut revision = desk.done(creator, revise, json!({ "id": id })).await["release"]["revision"].as_i64().unwrap();
    for name in way_to(state) {
        let payload = act(desk, Who::Editor, name, &id, revision).await;
        assert_eq!(payload["userErrors"], json!([]), "{name} on the way to {state}");
        revision = payload["release"]["revision"].as_i64().unwrap();
    }
    (id, revision)
}

async fn state_of(desk: &Desk, id: &str) -> Value {
    desk.data(Who::Admin, "query($id: ID!) { node(id: $id) { ... on Release { state } } }", json!({ "id": id })).await["node"]
        ["state"]
        .clone()
}

on_both! {
    async fn every_act_in_every_state_by_every_role_does_what_the_table_says(desk: Desk) {
        let table = table();
        assert_eq!(table.len(), 16, "one line for each act");
        let mut tried = [0; 3];
        for creator in [Who::Author, Who::Editor] {
            for (number, state) in STATES.into_iter().enumerate() {
                let mut at_hand: Option<(String, i64)> = None;
                for (name, _) in ACTS {
                    let line = &table[name];
                    for who in [Who::Public, Who::Press, Who::Author, Who::Editor, Who::Admin] {
                        let role = format!("{who:?}").to_uppercase();
                        let least = if who == creator { &line.own } else { &line.any };
                        let may = rank(&role) >= rank(least);
                        let (id, revision) = match at_hand.take() {
                            Some(release) => release,
                            None => release_in(&desk, state, creator).await,
                        };
                        let before = desk.app.newsroom.catalog.snapshot().sequence();
                        let payload = act(&desk, who, name, &id, revision).await;
                        let told = format!("{name} in {state} by {role}, created by {creator:?}: {payload}");
                        let after = desk.app.newsroom.catalog.catch_up().await.unwrap().sequence();
                        if let (true, Some(to)) = (may, &line.to[number]) {
                            assert_eq!(payload["userErrors"], json!([]), "{told}");
                            let now = if name == "delete" || name == "purge" { Value::Null } else { json!(to) };
                            assert_eq!(state_of(&desk, &id).await, now, "{told}");
                            assert_eq!(after, before + 1, "one entry: {told}");
                            tried[0] += 1;
                        } else {
                            let code = if may { "ILLEGAL_TRANSITION" } else { "FORBIDDEN" };
                            // Who has no token does not come as far as the table.
                            let refused = payload["userErrors"][0]["code"] == code || (who == Who::Public && payload.is_null());
                            assert!(refused, "{told}");
                            assert_eq!(after, before, "nothing happened: {told}");
                            tried[if may { 1 } else { 2 }] += 1;
                            at_hand = Some((id, revision));
                        }
                    }
                }
            }
        }
        assert_eq!(tried.iter().sum::<usize>(), 2 * 7 * 15 * 5);
        println!("{} acts done, {} illegal, {} forbidden", tried[0], tried[1], tried[2]);
    }

    async fn many_at_once_each_have_their_own_result(desk: Desk) {
        const BULK: &str = "mutation($items: [TransitionItem!]!, $act: BulkAct!, $note: String, $kind: WithdrawalKind) { releasesTransition(items: $items, act: $act, note: $note, withdrawal: $kind) { release { state } userErrors { field code } } }";
        let mut items = Vec::new();
        for number in 0..6 {
            let (id, revision) = desk.draft(json!({ "headline": format!("Bulk {number}") })).await;
            items.push(json!({ "id": id, "expectedRevision": revision }));
        }
        items[2]["expectedRevision"] = json!(7);
        items[4]["id"] = json!("release_00000000000000000000000000000000");
        let before = desk.app.newsroom.catalog.snapshot().sequence();
        let told = async |who, act: &str, items: &[Value]| {
            let variables = json!({ "items": items, "act": act, "note": "so", "kind": (act == "WITHDRAW").then_some("WITH_NOTICE") });
            let data = desk.data(who, BULK, variables).await;
            data["releasesTransition"].as_array().unwrap().iter().map(|payload| {
                payload["release"]["state"].as_str().or(payload["userErrors"][0]["code"].as_str()).unwrap().to_owned()
            }).collect::<Vec<_>>()
        };
        assert_eq!(told(Who::Editor, "SUBMIT", &items).await, ["IN_REVIEW", "IN_REVIEW", "STALE_REVISION", "IN_REVIEW", "NOT_FOUND", "IN_REVIEW"]);
        assert_eq!(desk.app.newsroom.catalog.snapshot().sequence(), before + 4);
        assert_eq!(told(Who::Editor, "APPROVE", &items[..2]).await, ["APPROVED", "APPROVED"]);
        assert_eq!(told(Who::Editor, "PUBLISH", &items[..4]).await, ["PUBLISHED", "PUBLISHED", "STALE_REVISION", "PUBLISHED"]);
        assert_eq!(told(Who::Author, "WITHDRAW", &items[..1]).await, ["FORBIDDEN"]);
        assert_eq!(told(Who::Editor, "WITHDRAW", &[items[0].clone(), items[0].clone()]).await, ["WITHDRAWN", "ILLEGAL_TRANSITION"]);
        let before = desk.app.newsroom.catalog.snapshot().sequence();
        let many: Vec<Value> = std::iter::repeat_n(items[1].clone(), 501).collect();
        let data = desk.data(Who::Editor, BULK, json!({ "items": many, "act": "WITHDRAW", "kind": "GONE" })).await;
        assert_eq!(data["releasesTransition"], json!([{ "release": null, "userErrors": [{ "field": ["items"], "code": "TOO_LONG" }] }]));
        assert_eq!(desk.app.newsroom.catalog.snapshot().sequence(), before);
    }
}

#[test]
fn the_documentation_has_the_real_table() {
    let text = std::fs::read_to_string(DOCS).expect("docs/workflow.md");
    let (start, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let (head, rest) = text.split_once(start).expect("the table's beginning");
    let (there, tail) = rest.split_once(end).expect("the table's end");
    let wanted = workflow::markdown_table();
    if there != wanted {
        std::fs::write(DOCS, format!("{head}{start}{wanted}{end}{tail}")).expect("written");
        panic!("docs/workflow.md had another table than the code; it has been written anew: look at it and commit it");
    }
}
