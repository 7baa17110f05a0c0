//! An editor who acts without pause and notes what was answered: the state in which each release must be found, and the one
//! act, if any, that was sent and not answered.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::{
    desk::{CREATE, PUBLISH, REVISE, WITHDRAW},
    served::exchange,
};

/// A release as its editor last knew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// As the API names it.
    pub(super) id: String,
    pub(super) state: &'static str,
    pub(super) revision: i64,
    /// The headline of the version that is or was public.
    pub(super) live: Option<String>,
    /// The headline of the newest version.
    pub(super) newest: String,
    /// Acts on it so far, its creation included.
    pub(super) acts: usize,
}

/// An act on a release: what is there when it has happened; before it, nothing or what was there.
#[derive(Clone, Debug)]
pub(super) struct Act {
    mutation: &'static str,
    variables: Value,
    /// Which of the editor's releases; none where it makes one.
    pub(super) on: Option<usize>,
    pub(super) after: Known,
}

/// An editor, and what they know.
#[derive(Debug)]
pub(super) struct Editor {
    name: String,
    pub(super) known: Vec<Known>,
    /// Sent, and not answered.
    pub(super) open: Option<Act>,
    pub(super) answered: usize,
    turns: usize,
}

impl Known {
    /// The headline that the API shows.
    pub(super) fn headline(&self) -> &str {
        self.live.as_ref().unwrap_or(&self.newest)
    }
}

impl Editor {
    pub(super) fn new(name: String) -> Self {
        Self { name, known: Vec::new(), open: None, answered: 0, turns: 0 }
    }

    /// Acts until the server is gone.
    pub(super) fn act(&mut self, port: u16, token: &str) {
        loop {
            let act = self.next();
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
            let body = json!({ "query": act.mutation, "variables": act.variables });
            let answer = exchange(&mut stream, Some(token), &body).ok();
            let answer = answer.as_ref().and_then(|answer| answer.split_once("\r\n\r\n"));
            // Where the server died while it answered, less than the answer arrived.
            let Some(answer) = answer.and_then(|(_, body)| serde_json::from_str::<Value>(body).ok()) else {
                self.open = Some(act);
                return;
            };
            self.note(act, &answer);
        }
    }

    /// One release begun, then four acts on those that there are, the newest twice.
    fn next(&mut self) -> Act {
        self.turns += 1;
        let (turn, count) = (self.turns, self.known.len());
        let headline = format!("{} {turn}", self.name);
        let on = match turn % 5 {
            0 => None,
            1 | 2 => count.checked_sub(1),
            _ => (turn * 7919).checked_rem(count),
        };
        let Some(on) = on else {
            let after =
                Known { id: String::new(), state: "DRAFT", revision: 1, live: None, newest: headline.clone(), acts: 1 };
            return Act { mutation: CREATE, variables: json!({ "input": { "headline": headline } }), on: None, after };
        };
        let mut after = Known { acts: self.known[on].acts + 1, ..self.known[on].clone() };
        let mut variables = json!({ "id": after.id, "revision": after.revision });
        let news = after.live.as_ref() != Some(&after.newest);
        let mutation = if after.state == "PUBLISHED" && turn.is_multiple_of(3) {
            variables["kind"] = json!("GONE");
            after.state = "WITHDRAWN";
            WITHDRAW
        } else if turn.is_multiple_of(2) && (news || after.state != "PUBLISHED") {
            after.state = "PUBLISHED";
            after.live = Some(after.newest.clone());
            PUBLISH
        } else {
            variables["input"] = json!({ "headline": headline });
            after.revision += 1;
            after.newest = headline;
            REVISE
        };
        Act { mutation, variables, on: Some(on), after }
    }

    fn note(&mut self, act: Act, answer: &Value) {
        let payload = answer["data"].as_object().and_then(|data| data.values().next()).unwrap_or(&Value::Null);
        let release = &payload["release"];
        assert!(payload["userErrors"] == json!([]) && release["id"].is_string(), "{act:?}: {answer}");
        let Act { on, after, .. } = act;
        assert_eq!(release["state"], after.state, "{answer}");
        if let Some(revision) = release.get("revision") {
            assert_eq!(*revision, after.revision, "{answer}");
        }
        self.answered += 1;
        match on {
            Some(on) => self.known[on] = after,
            None => {
                let id = release["id"].as_str().unwrap().to_owned();
                self.known.push(Known { id, ..after });
            }
        }
    }

    /// The act that was not answered happened, or did not: from here on that is what the editor knows.
    pub(super) fn settle(&mut self, happened: Option<String>) {
        let Some(Act { on, after, .. }) = self.open.take() else { return };
        let Some(id) = happened else { return };
        let after = Known { id, ..after };
        match on {
            Some(on) => self.known[on] = after,
            None => self.known.push(after),
        }
    }
}
