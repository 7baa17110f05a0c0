//! Access tokens: made and taken back, and good for what they should be.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    editor::{Act, Effect, Known, Thing},
    rows::Rows,
};
use crate::harness::{random_acts::Dice, server_process::post};

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    name: String,
    role: &'static str,
    revoked: bool,
    /// None where the answer that had it never arrived.
    secret: Option<String>,
    /// Made or taken back since the last restart.
    fresh: bool,
}

impl Thing for Token {
    fn shown(&self) -> Value {
        json!({ "name": self.name, "role": self.role, "revoked": self.revoked })
    }

    fn next(known: &[Known<Self>], dice: &mut Dice, name: &str) -> Act<Self> {
        let valid: Vec<usize> = (0..known.len()).filter(|&on| !known[on].is.revoked).collect();
        let on = dice.one(&valid).filter(|_| dice.roll(2) == 0);
        let Some(on) = on else {
            let role = dice.one(&["PRESS", "AUTHOR", "EDITOR"]).unwrap();
            let input = format!("{{subject: {name:?}, name: {name:?}, role: {role}}}");
            let query = format!(
                "mutation {{ tokenCreate(input: {input}) {{ token {{ id }} secret userErrors {{ code message }} }} }}"
            );
            let token = Self { name: name.to_owned(), role, revoked: false, secret: None, fresh: true };
            let effect = Effect { on: None, after: Known::made("token.create", token) };
            return Act { kind: "tokenCreate", query, steps: vec![vec![effect]] };
        };
        let mut after = known[on].clone();
        (after.is.revoked, after.is.fresh) = (true, true);
        after.acts.push("token.revoke");
        let query =
            format!("mutation {{ tokenRevoke(id: {:?}) {{ deletedId userErrors {{ code message }} }} }}", after.id);
        Act { kind: "tokenRevoke", query, steps: vec![vec![Effect { on: Some(on), after }]] }
    }

    fn answered(&mut self, payload: &Value) {
        if let Some(secret) = payload["secret"].as_str() {
            self.secret = Some(secret.to_owned());
        }
    }

    fn noted(&mut self, _: &str) {}

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
        let Some(secret) = self.secret.as_deref().filter(|_| self.fresh) else { return };
        let answer = post(port, Some(secret), "{ viewer { name role } }");
        if self.revoked {
            assert!(answer.starts_with("HTTP/1.1 401"), "{self:?}: {answer}");
        } else {
            let viewer = json!({ "name": self.name, "role": self.role });
            assert!(answer.contains(&viewer.to_string()), "{self:?}: {answer}");
        }
        self.fresh = false;
    }
}
