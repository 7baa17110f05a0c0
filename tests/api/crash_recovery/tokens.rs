//! Model of access tokens in the crash recovery test. Random mutations create and revoke tokens, and requests check
//! which secrets the server accepts.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    editor::{Request, Resource, StateChange, Tracked},
    rows::Rows,
};
use crate::harness::{random_acts::SeededRng, server_process::post};

/// The expected state of an access token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    name: String,
    role: &'static str,
    revoked: bool,
    /// The secret of the token. `None` if the response that contained it was lost.
    secret: Option<String>,
    /// Whether the token was created or revoked since the last restart.
    changed_since_restart: bool,
}

impl Resource for Token {
    fn expected_view(&self) -> Value {
        json!({ "name": self.name, "role": self.role, "revoked": self.revoked })
    }

    fn next_request(tracked: &[Tracked<Self>], rng: &mut SeededRng, name: &str) -> Request<Self> {
        let valid: Vec<usize> = (0..tracked.len()).filter(|&index| !tracked[index].model.revoked).collect();
        let index = rng.choose(&valid).filter(|_| rng.below(2) == 0);
        let Some(index) = index else {
            let role = rng.choose(&["PRESS", "AUTHOR", "EDITOR"]).unwrap();
            let input = format!("{{subject: {name:?}, name: {name:?}, role: {role}}}");
            let query = format!(
                "mutation {{ tokenCreate(input: {input}) {{ token {{ id }} secret userErrors {{ code message }} }} }}"
            );
            let token = Self { name: name.to_owned(), role, revoked: false, secret: None, changed_since_restart: true };
            let effect = StateChange { index: None, after: Tracked::created("token.create", token) };
            return Request { kind: "tokenCreate", query, steps: vec![vec![effect]] };
        };
        let mut after = tracked[index].clone();
        (after.model.revoked, after.model.changed_since_restart) = (true, true);
        after.actions.push("token.revoke");
        let query =
            format!("mutation {{ tokenRevoke(id: {:?}) {{ deletedId userErrors {{ code message }} }} }}", after.id);
        Request { kind: "tokenRevoke", query, steps: vec![vec![StateChange { index: Some(index), after }]] }
    }

    fn apply_response(&mut self, payload: &Value) {
        if let Some(secret) = payload["secret"].as_str() {
            self.secret = Some(secret.to_owned());
        }
    }

    fn apply_journal_note(&mut self, _: &str) {}

    fn check_rows(&self, key: Uuid, rows: &Rows) {
        let row = &rows.tokens[&key];
        assert_eq!(
            (&row.name, &row.subject, row.revoked_at.is_some()),
            (&self.name, &self.name, self.revoked),
            "{self:?}"
        );
        if let Some(secret) = &self.secret {
            assert_eq!(row.secret_hash, dateline::newsroom::access::tokens::hash(secret.as_bytes()), "{self:?}");
        }
    }

    fn check_secrets(&mut self, port: u16) {
        let Some(secret) = self.secret.as_deref().filter(|_| self.changed_since_restart) else { return };
        let response = post(port, Some(secret), "{ viewer { name role } }");
        if self.revoked {
            assert!(response.starts_with("HTTP/1.1 401"), "{self:?}: {response}");
        } else {
            let viewer = json!({ "name": self.name, "role": self.role });
            assert!(response.contains(&viewer.to_string()), "{self:?}: {response}");
        }
        self.changed_since_restart = false;
    }
}
