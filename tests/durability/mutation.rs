//! Acts that are tried out under faults: how each is sent, and how it is found in the database afterwards.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

use crate::{
    client::{Answer, Caller, Reply, reply},
    stored_rows,
};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ReleaseCreate,
    ReleasePublish,
    ReleaseRevise,
    ReleaseWithdraw,
    TokenCreate,
    TokenRevoke,
    TopicCreate,
}

pub(crate) const KINDS: [Kind; 7] = [
    Kind::ReleaseCreate,
    Kind::ReleasePublish,
    Kind::ReleaseRevise,
    Kind::ReleaseWithdraw,
    Kind::TokenCreate,
    Kind::TokenRevoke,
    Kind::TopicCreate,
];

const RELEASE_CREATE: &str =
    "mutation($input: ReleaseInput!) { releaseCreate(input: $input) { release { id } userErrors { code message } } }";
const RELEASE_PUBLISH: &str = "mutation($id: ID!) { releasePublish(id: $id, expectedRevision: 1) { release { id } userErrors { code message } } }";
const RELEASE_REVISE: &str = "mutation($id: ID!, $input: ReleaseInput!) { releaseRevise(id: $id, expectedRevision: 1, input: $input) { release { id } userErrors { code message } } }";
const RELEASE_WITHDRAW: &str = "mutation($id: ID!) { releaseWithdraw(id: $id, expectedRevision: 1, kind: GONE) { release { id } userErrors { code message } } }";
const TOKEN_CREATE: &str =
    "mutation($input: TokenInput!) { tokenCreate(input: $input) { token { id } secret userErrors { code message } } }";
const TOKEN_REVOKE: &str = "mutation($id: ID!) { tokenRevoke(id: $id) { userErrors { code message } } }";
const TOPIC_CREATE: &str =
    "mutation($input: TopicInput!) { topicCreate(input: $input) { topic { id } userErrors { code message } } }";

/// One act, under its own `Idempotency-Key`.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    query: &'static str,
    variables: Value,
    key: String,
    /// Counts what it makes of rows.
    rows: String,
    /// Counts its entries in the journal.
    entries: String,
}

/// What of an act is in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Presence {
    Absent,
    Present,
    /// Half of it, or twice.
    Wrong(String),
}

/// A text that nothing else has.
fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{what} {} {}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Does something without a fault, and answers the id of what it made; else what was answered.
fn made(caller: &Caller, query: &'static str, variables: &Value, noun: &str) -> Result<String, Reply> {
    let answer = caller.ask(query, variables, None);
    match (reply(&answer), answer) {
        (Reply::Done, Ok(answer)) => Ok(answer.field()[noun]["id"].as_str().unwrap_or_default().to_owned()),
        (reply, _) => Err(reply),
    }
}

fn text(letters: usize) -> String {
    "Twice a day, and on Sundays. ".chars().cycle().take(letters).collect()
}

impl Kind {
    /// An act of this kind, and what it is done to; what was answered where that cannot be made.
    pub(crate) fn prepare(self, caller: &Caller) -> Result<Act, Reply> {
        self.prepare_sized(caller, 300)
    }

    /// The same with a text of so many letters, where it has one.
    pub(crate) fn prepare_sized(self, caller: &Caller, letters: usize) -> Result<Act, Reply> {
        let name = unique("Durability");
        // Ids are not the keys of rows: a row is found by the text that nothing else has.
        let release_key = format!("SELECT release_id FROM revision WHERE headline = '{name} before'");
        let token_key = format!("SELECT id FROM api_token WHERE name = '{name}'");
        let release = || {
            let input = json!({ "input": { "headline": format!("{name} before"), "bodyMarkdown": text(100) } });
            made(caller, RELEASE_CREATE, &input, "release")
        };
        let input = json!({ "headline": name, "bodyMarkdown": text(letters) });
        let token = json!({ "subject": "Sam", "name": name, "role": "PRESS" });
        let entries =
            |act: &str, keys: &str| format!("SELECT count(*) FROM journal WHERE act = '{act}' AND noun_id IN ({keys})");
        let (query, variables, rows, entries) = match self {
            Self::ReleaseCreate => {
                let made = format!("FROM revision WHERE headline = '{name}'");
                (
                    RELEASE_CREATE,
                    json!({ "input": input }),
                    format!("SELECT count(*) {made}"),
                    entries("release.create", &format!("SELECT release_id {made}")),
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
                made(caller, RELEASE_PUBLISH, &json!({ "id": id }), "release")?;
                (
                    RELEASE_WITHDRAW,
                    json!({ "id": id }),
                    format!("SELECT count(*) FROM release WHERE id IN ({release_key}) AND state = 'WITHDRAWN'"),
                    entries("release.withdraw", &release_key),
                )
            }
            Self::TokenCreate => {
                let made = format!("FROM api_token WHERE name = '{name}'");
                (
                    TOKEN_CREATE,
                    json!({ "input": token }),
                    format!("SELECT count(*) {made}"),
                    entries("token.create", &format!("SELECT id {made}")),
                )
            }
            Self::TokenRevoke => {
                let id = made(caller, TOKEN_CREATE, &json!({ "input": token }), "token")?;
                (
                    TOKEN_REVOKE,
                    json!({ "id": id }),
                    format!("SELECT count(*) FROM api_token WHERE id IN ({token_key}) AND revoked_at IS NOT NULL"),
                    entries("token.revoke", &token_key),
                )
            }
            Self::TopicCreate => {
                let made = format!("FROM topic WHERE name = '{name}'");
                (
                    TOPIC_CREATE,
                    json!({ "input": { "name": name } }),
                    format!("SELECT count(*) {made}"),
                    entries("topic.create", &format!("SELECT id {made}")),
                )
            }
        };
        Ok(Act { query, variables, key: unique("key"), rows, entries })
    }
}

impl Act {
    /// Sends it; each time under the same key.
    pub(crate) fn send(&self, caller: &Caller) -> io::Result<Answer> {
        caller.ask(self.query, &self.variables, Some(&self.key))
    }

    /// What is answered.
    pub(crate) fn reply(&self, caller: &Caller) -> Reply {
        reply(&self.send(caller))
    }

    /// What of it is there.
    pub(crate) fn presence(&self, url: &str) -> Presence {
        match stored_rows::numbers(url, &[&self.rows, &self.entries])[..] {
            [0, 0] => Presence::Absent,
            [1, 1] => Presence::Present,
            ref other => Presence::Wrong(format!("rows and journal entries are {other:?}")),
        }
    }
}
