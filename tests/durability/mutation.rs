//! The mutations of the durability tests: how a mutation is sent, and how a test finds out whether its rows and its
//! journal entry are stored. Each mutation has a unique `Idempotency-Key`, so a test can resolve an unknown result by
//! sending the mutation again.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

use crate::{
    client::{Client, RequestResult, Response, classify},
    stored_rows,
};

/// The kind of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MutationKind {
    ReleaseCreate,
    ReleasePublish,
    ReleaseRevise,
    ReleaseWithdraw,
    TokenCreate,
    TokenRevoke,
    TopicCreate,
}

pub(crate) const MUTATION_KINDS: [MutationKind; 7] = [
    MutationKind::ReleaseCreate,
    MutationKind::ReleasePublish,
    MutationKind::ReleaseRevise,
    MutationKind::ReleaseWithdraw,
    MutationKind::TokenCreate,
    MutationKind::TokenRevoke,
    MutationKind::TopicCreate,
];

const RELEASE_CREATE: &str =
    "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id } userErrors { code message } } }";
const RELEASE_PUBLISH: &str = "mutation($id: ID!) { releasePublish(id: $id, expectedRevision: 1) { release { id } userErrors { code message } } }";
const RELEASE_REVISE: &str = "mutation($id: ID!, $input: ReleaseInput!) { releaseRevise(id: $id, expectedRevision: 1, input: $input) { release { id } userErrors { code message } } }";
const RELEASE_WITHDRAW: &str = "mutation($id: ID!) { releaseWithdraw(id: $id, expectedRevision: 1, withdrawal: {kind: GONE}) { release { id } userErrors { code message } } }";
const TOKEN_CREATE: &str =
    "mutation($input: TokenInput!) { tokenCreate(input: $input) { token { id } secret userErrors { code message } } }";
const TOKEN_REVOKE: &str = "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code message } } }";
const TOPIC_CREATE: &str =
    "mutation($input: TopicInput!) { topicCreate(input: $input) { topic { id } userErrors { code message } } }";

/// One mutation with its variables and its `Idempotency-Key`.
#[derive(Clone, Debug)]
pub(crate) struct Mutation {
    query: &'static str,
    variables: Value,
    key: String,
    /// SQL statement that counts the rows that this mutation writes.
    rows: String,
    /// SQL statement that counts the journal entries of this mutation.
    entries: String,
}

/// Whether the database contains the changes of a mutation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Presence {
    Absent,
    Present,
    /// The changes are incomplete or duplicated.
    Wrong(String),
}

/// Returns a text that starts with a prefix and is unique on the machine.
fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix} {} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Sends a mutation that creates an object, without a fault. Returns the id of the object, or the result if the
/// mutation failed.
fn create(client: &Client, query: &'static str, variables: &Value, noun: &str) -> Result<String, RequestResult> {
    let response = client.execute(query, variables, None);
    match (classify(&response), response) {
        (RequestResult::Done, Ok(response)) => Ok(response.field()[noun]["id"].as_str().unwrap_or_default().to_owned()),
        (result, _) => Err(result),
    }
}

fn text(length: usize) -> String {
    "Twice a day, and on Sundays. ".chars().cycle().take(length).collect()
}

impl MutationKind {
    /// Returns a mutation of this kind. First creates the object that the mutation changes; if that fails, returns
    /// the result of the creation as an error.
    pub(crate) fn prepare(self, client: &Client) -> Result<Mutation, RequestResult> {
        self.prepare_sized(client, 300)
    }

    /// Like [`Self::prepare`]. If the mutation writes a release body, the body has `length` characters.
    pub(crate) fn prepare_sized(self, client: &Client, length: usize) -> Result<Mutation, RequestResult> {
        let name = unique("Durability");
        // The test cannot decode API ids into row keys, so it finds the rows by a unique text.
        let release_key = format!("SELECT release_id FROM revision WHERE headline = '{name} before'");
        let token_key = format!("SELECT id FROM api_token WHERE name = '{name}'");
        let release = || {
            let input = json!({ "input": { "headline": format!("{name} before"), "bodyMarkdown": text(100) } });
            create(client, RELEASE_CREATE, &input, "release")
        };
        let input = json!({ "headline": name, "bodyMarkdown": text(length) });
        let token = json!({ "subject": "Sam", "name": name, "role": "PRESS" });
        let entries = |action: &str, keys: &str| {
            format!("SELECT count(*) FROM journal WHERE act = '{action}' AND noun_id IN ({keys})")
        };
        let (query, variables, rows, entries) = match self {
            Self::ReleaseCreate => {
                let created_rows = format!("FROM revision WHERE headline = '{name}'");
                (
                    RELEASE_CREATE,
                    json!({ "input": input }),
                    format!("SELECT count(*) {created_rows}"),
                    entries("release.create", &format!("SELECT release_id {created_rows}")),
                )
            }
            Self::ReleasePublish => {
                let id = release()?;
                (
                    RELEASE_PUBLISH,
                    json!({ "id": id }),
                    format!("SELECT count(*) FROM release WHERE id IN ({release_key}) AND state = 'PUBLISHED'"),
                    entries("release.publish", &release_key),
                )
            }
            Self::ReleaseRevise => {
                let id = release()?;
                (
                    RELEASE_REVISE,
                    json!({ "id": id, "input": input }),
                    format!("SELECT count(*) FROM revision WHERE headline = '{name}'"),
                    entries("release.revise", &release_key),
                )
            }
            Self::ReleaseWithdraw => {
                let id = release()?;
                create(client, RELEASE_PUBLISH, &json!({ "id": id }), "release")?;
                (
                    RELEASE_WITHDRAW,
                    json!({ "id": id }),
                    format!("SELECT count(*) FROM release WHERE id IN ({release_key}) AND state = 'WITHDRAWN'"),
                    entries("release.withdraw", &release_key),
                )
            }
            Self::TokenCreate => {
                let created_rows = format!("FROM api_token WHERE name = '{name}'");
                (
                    TOKEN_CREATE,
                    json!({ "input": token }),
                    format!("SELECT count(*) {created_rows}"),
                    entries("token.create", &format!("SELECT id {created_rows}")),
                )
            }
            Self::TokenRevoke => {
                let id = create(client, TOKEN_CREATE, &json!({ "input": token }), "token")?;
                (
                    TOKEN_REVOKE,
                    json!({ "id": id }),
                    format!("SELECT count(*) FROM api_token WHERE id IN ({token_key}) AND revoked_at IS NOT NULL"),
                    entries("token.revoke", &token_key),
                )
            }
            Self::TopicCreate => {
                let created_rows = format!("FROM topic WHERE name = '{name}'");
                (
                    TOPIC_CREATE,
                    json!({ "input": { "name": name } }),
                    format!("SELECT count(*) {created_rows}"),
                    entries("topic.create", &format!("SELECT id {created_rows}")),
                )
            }
        };
        Ok(Mutation { query, variables, key: unique("key"), rows, entries })
    }
}

impl Mutation {
    /// Sends the mutation. Each call sends the same idempotency key.
    pub(crate) fn send(&self, client: &Client) -> io::Result<Response> {
        client.execute(self.query, &self.variables, Some(&self.key))
    }

    /// Sends the mutation and classifies the response.
    pub(crate) fn result(&self, client: &Client) -> RequestResult {
        classify(&self.send(client))
    }

    /// Reads the database directly to find out whether the changes of the mutation are present.
    pub(crate) fn presence(&self, url: &str) -> Presence {
        match stored_rows::query_numbers(url, &[&self.rows, &self.entries])[..] {
            [0, 0] => Presence::Absent,
            [1, 1] => Presence::Present,
            ref other => Presence::Wrong(format!("numbers of rows and journal entries: {other:?}")),
        }
    }
}
