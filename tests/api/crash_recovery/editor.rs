//! Somebody who acts without pause and notes what was answered: how each thing must be found, and the one act, if any, that was
//! sent and not answered.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    net::TcpStream,
    sync::Mutex,
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{api_view::Seen, rows::Rows};
use crate::harness::{random_acts::Dice, server_process::exchange};

/// A sort of thing, as its actor knows it.
pub(super) trait Thing: Clone + Debug + Send {
    /// What the API answers of it; null where it is no more.
    fn shown(&self) -> Value;
    /// An act that is allowed now; `name` was never used before.
    fn next(known: &[Known<Self>], dice: &mut Dice, name: &str) -> Act<Self>;
    /// Takes what only the answer tells, and checks the rest of it.
    fn answered(&mut self, payload: &Value);
    /// Takes what the journal tells of an act that was not answered.
    fn noted(&mut self, note: &str);
    /// Its rows are there, or are no more.
    fn check_rows(&self, key: Uuid, rows: &Rows);
    /// What was handed out since the last restart opens what it should, and nothing where it was taken back.
    fn check_secrets(&mut self, port: u16);
}

/// A thing, and what was done to it.
#[derive(Clone, Debug)]
pub(super) struct Known<T> {
    /// As the API names it.
    pub(super) id: String,
    /// The acts on it so far, as the journal names them.
    pub(super) acts: Vec<&'static str>,
    pub(super) is: T,
}

/// What one thing is afterwards; `on` says which of the actor's things, none where it is made.
#[derive(Clone, Debug)]
pub(super) struct Effect<T> {
    pub(super) on: Option<usize>,
    pub(super) after: Known<T>,
}

/// A request: its steps happen in order, each wholly or not at all. The first effect of a step is on what the answer shows.
#[derive(Clone, Debug)]
pub(super) struct Act<T> {
    pub(super) kind: &'static str,
    pub(super) query: String,
    pub(super) steps: Vec<Vec<Effect<T>>>,
}

/// How many requests of a kind there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) answered: usize,
    pub(super) open: usize,
    /// Of those open: happened, at least in part.
    pub(super) happened: usize,
    /// Of those that happened: not all of their steps.
    pub(super) partly: usize,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.open += other.open;
        self.happened += other.happened;
        self.partly += other.partly;
    }
}

/// Tallies by kind.
pub(super) type Tallies = BTreeMap<&'static str, Tally>;

/// The kinds of requests that were sent and are not answered yet, by actor.
pub(super) type UnderWay = Mutex<HashMap<String, &'static str>>;

/// An actor of whatever sort of thing.
pub(super) trait Person: Send {
    /// Acts until the server is gone.
    fn act(&mut self, port: u16, token: &str, under_way: &UnderWay);
    /// What it knows is there, and the act that was not answered happened or did not.
    fn agree(&mut self, seen: &Seen);
    /// The rows and the journal say the same.
    fn check_rows(&self, rows: &Rows);
    /// What was handed out opens what it should.
    fn check_secrets(&mut self, port: u16);
    /// How many things and how many acts it knows of.
    fn count(&self) -> (usize, usize);
    /// Its requests so far.
    fn tallies(&self) -> &Tallies;
}

/// An actor, and what it knows.
#[derive(Debug)]
pub(super) struct Actor<T> {
    name: String,
    known: Vec<Known<T>>,
    open: Option<Act<T>>,
    dice: Dice,
    turns: usize,
    tallies: Tallies,
}

impl<T> Known<T> {
    /// What is made by a first act.
    pub(super) fn made(act: &'static str, is: T) -> Self {
        Self { id: String::new(), acts: vec![act], is }
    }
}

impl<T: Thing> Actor<T> {
    pub(super) fn new(name: String, seed: u64) -> Self {
        Self { name, known: Vec::new(), open: None, dice: Dice(seed), turns: 0, tallies: Tallies::new() }
    }

    fn note(&mut self, act: Act<T>, answer: &Value) {
        let payloads = match answer["data"].as_object().and_then(|data| data.values().next()) {
            Some(Value::Array(payloads)) => payloads.as_slice(),
            Some(payload) => std::slice::from_ref(payload),
            None => &[],
        };
        assert_eq!(payloads.len(), act.steps.len(), "{}: {answer}", act.query);
        for (step, payload) in act.steps.into_iter().zip(payloads) {
            assert_eq!(payload["userErrors"], json!([]), "{}: {answer}", act.query);
            for (number, Effect { on, mut after }) in step.into_iter().enumerate() {
                if number == 0 {
                    after.is.answered(payload);
                }
                match on {
                    Some(on) => self.known[on] = after,
                    None => {
                        let made =
                            ["release", "topic", "place", "token"].iter().find_map(|noun| payload[noun]["id"].as_str());
                        made.unwrap_or_else(|| panic!("{}: {answer}", act.query)).clone_into(&mut after.id);
                        self.known.push(after);
                    }
                }
            }
        }
        self.tallies.entry(act.kind).or_default().answered += 1;
    }

    /// What is known after some steps, if that is what is there. What a step made is told by what it shows, since no two things
    /// ever have the same name.
    fn after(&self, steps: &[Vec<Effect<T>>], seen: &Seen) -> Option<Vec<Known<T>>> {
        let mut known = self.known.clone();
        for (number, Effect { on, after }) in steps.iter().flat_map(|step| step.iter().enumerate()) {
            let mut after = after.clone();
            if on.is_none() {
                let shown = after.is.shown();
                let others = |id: &String| self.known.iter().all(|known| known.id != *id);
                let (id, _) = seen.iter().find(|(id, found)| found.shown == shown && others(id))?;
                after.id.clone_from(id);
            }
            if number == 0 {
                after.is.noted(&seen.get(&after.id)?.note);
            }
            match *on {
                Some(on) => known[on] = after,
                None => known.push(after),
            }
        }
        known.iter().all(|known| fits(known, seen)).then_some(known)
    }
}

fn fits<T: Thing>(known: &Known<T>, seen: &Seen) -> bool {
    seen.get(&known.id).is_some_and(|found| found.shown == known.is.shown() && found.acts == known.acts)
}

impl<T: Thing> Person for Actor<T> {
    fn act(&mut self, port: u16, token: &str, under_way: &UnderWay) {
        loop {
            self.turns += 1;
            let name = format!("{} {}", self.name, self.turns);
            let act = T::next(&self.known, &mut self.dice, &name);
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
            under_way.lock().unwrap().insert(self.name.clone(), act.kind);
            let answer = exchange(&mut stream, Some(token), &json!({ "query": act.query })).ok();
            under_way.lock().unwrap().remove(&self.name);
            let answer = answer.as_ref().and_then(|answer| answer.split_once("\r\n\r\n"));
            // Where the server died while it answered, less than the answer arrived.
            let Some(answer) = answer.and_then(|(_, body)| serde_json::from_str::<Value>(body).ok()) else {
                self.open = Some(act);
                return;
            };
            self.note(act, &answer);
        }
    }

    fn agree(&mut self, seen: &Seen) {
        let open = self.open.take();
        let steps = open.as_ref().map_or(&[][..], |act| &act.steps);
        // Each step leaves an entry in the journal, so no two numbers of steps leave the same; where the one step made something
        // and did not happen, there is nothing that nobody knows of, which whoever calls this looks at.
        let found = (0..=steps.len()).rev().find_map(|count| Some((count, self.after(&steps[..count], seen)?)));
        let Some((count, known)) = found else {
            let lost: Vec<_> = self.known.iter().filter(|known| !fits(known, seen)).collect();
            let there: Vec<_> = lost.iter().map(|known| seen.get(&known.id)).collect();
            panic!("{lost:#?}\nis neither there nor what this would make of it: {open:#?}\nfound: {there:#?}");
        };
        self.known = known;
        if let Some(act) = open {
            let tally = self.tallies.entry(act.kind).or_default();
            tally.open += 1;
            tally.happened += usize::from(count > 0);
            tally.partly += usize::from(count > 0 && count < act.steps.len());
        }
    }

    fn check_rows(&self, rows: &Rows) {
        for known in &self.known {
            let key = rows.key(&known.id);
            assert_eq!(rows.acts(key), known.acts, "{known:?}");
            known.is.check_rows(key, rows);
        }
    }

    fn check_secrets(&mut self, port: u16) {
        self.known.iter_mut().for_each(|known| known.is.check_secrets(port));
    }

    fn count(&self) -> (usize, usize) {
        (self.known.len(), self.known.iter().map(|known| known.acts.len()).sum())
    }

    fn tallies(&self) -> &Tallies {
        &self.tallies
    }
}
