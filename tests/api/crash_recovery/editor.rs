//! Editors of the crash recovery test: send mutations until the server is gone, and keep the expected state.
//! After a restart `reconcile` decides how many steps of the request in flight were applied.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    net::TcpStream,
    sync::Mutex,
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{api_view::ApiView, rows::Rows};
use crate::harness::{random_acts::SeededRng, server_process::exchange};

/// A kind of resource, as its editor expects it.
pub(super) trait Resource: Clone + Debug + Send {
    /// What the API answers of it; null where it is no more.
    fn expected_view(&self) -> Value;
    /// An act that is allowed now; `name` was never used before.
    fn next_request(tracked: &[Tracked<Self>], rng: &mut SeededRng, name: &str) -> Request<Self>;
    /// Takes what only the answer tells, and checks the rest of it.
    fn apply_response(&mut self, payload: &Value);
    /// Takes what the journal tells of an act that was not answered.
    fn apply_journal_note(&mut self, note: &str);
    /// Its rows are there, or are no more.
    fn check_rows(&self, key: Uuid, rows: &Rows);
    /// What was handed out since the last restart opens what it should, and nothing where it was taken back.
    fn check_secrets(&mut self, port: u16);
}

/// A thing, and what was done to it.
#[derive(Clone, Debug)]
pub(super) struct Tracked<T> {
    /// As the API names it.
    pub(super) id: String,
    /// The acts on it so far, as the journal names them.
    pub(super) actions: Vec<&'static str>,
    pub(super) model: T,
}

/// What one thing is afterwards; `index` says which of the editor's resources, none where it is made.
#[derive(Clone, Debug)]
pub(super) struct StateChange<T> {
    pub(super) index: Option<usize>,
    pub(super) after: Tracked<T>,
}

/// A request: its steps happen in order, each wholly or not at all. The first effect of a step is on what the answer shows.
#[derive(Clone, Debug)]
pub(super) struct Request<T> {
    pub(super) kind: &'static str,
    pub(super) query: String,
    pub(super) steps: Vec<Vec<StateChange<T>>>,
}

/// How many requests of a kind there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestCounts {
    pub(super) answered: usize,
    pub(super) in_flight: usize,
    /// Of those open: happened, at least in part.
    pub(super) applied: usize,
    /// Of those that happened: not all of their steps.
    pub(super) partially_applied: usize,
}

impl RequestCounts {
    pub(super) fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.in_flight += other.in_flight;
        self.applied += other.applied;
        self.partially_applied += other.partially_applied;
    }
}

/// CountsByKind by kind.
pub(super) type CountsByKind = BTreeMap<&'static str, RequestCounts>;

/// The kinds of requests that were sent and are not answered yet, by editor.
pub(super) type InFlightKinds = Mutex<HashMap<String, &'static str>>;

/// An editor of any kind of resource.
pub(super) trait Editor: Send {
    /// Acts until the server is gone.
    fn run(&mut self, port: u16, token: &str, in_flight_kinds: &InFlightKinds);
    /// What it knows is there, and the act that was not answered happened or did not.
    fn reconcile(&mut self, view: &ApiView);
    /// The rows and the journal say the same.
    fn check_rows(&self, rows: &Rows);
    /// What was handed out opens what it should.
    fn check_secrets(&mut self, port: u16);
    /// How many things and how many acts it knows of.
    fn totals(&self) -> (usize, usize);
    /// Its requests so far.
    fn counts(&self) -> &CountsByKind;
}

/// An editor, and what it expects.
#[derive(Debug)]
pub(super) struct ResourceEditor<T> {
    name: String,
    tracked: Vec<Tracked<T>>,
    in_flight: Option<Request<T>>,
    rng: SeededRng,
    request_count: usize,
    counts: CountsByKind,
}

impl<T> Tracked<T> {
    /// What is made by a first act.
    pub(super) fn created(action: &'static str, model: T) -> Self {
        Self { id: String::new(), actions: vec![action], model }
    }
}

impl<T: Resource> ResourceEditor<T> {
    pub(super) fn new(name: String, seed: u64) -> Self {
        Self {
            name,
            tracked: Vec::new(),
            in_flight: None,
            rng: SeededRng(seed),
            request_count: 0,
            counts: CountsByKind::new(),
        }
    }

    fn note(&mut self, request: Request<T>, response: &Value) {
        let payloads = match response["data"].as_object().and_then(|data| data.values().next()) {
            Some(Value::Array(payloads)) => payloads.as_slice(),
            Some(payload) => std::slice::from_ref(payload),
            None => &[],
        };
        assert_eq!(payloads.len(), request.steps.len(), "{}: {response}", request.query);
        for (step, payload) in request.steps.into_iter().zip(payloads) {
            assert_eq!(payload["userErrors"], json!([]), "{}: {response}", request.query);
            for (number, StateChange { index, mut after }) in step.into_iter().enumerate() {
                if number == 0 {
                    after.model.apply_response(payload);
                }
                match index {
                    Some(index) => self.tracked[index] = after,
                    None => {
                        let id =
                            ["release", "topic", "place", "token"].iter().find_map(|noun| payload[noun]["id"].as_str());
                        id.unwrap_or_else(|| panic!("{}: {response}", request.query)).clone_into(&mut after.id);
                        self.tracked.push(after);
                    }
                }
            }
        }
        self.counts.entry(request.kind).or_default().answered += 1;
    }

    /// What is known after some steps, if that is what is there. What a step made is told by what it shows, since no two things
    /// ever have the same name.
    fn after(&self, steps: &[Vec<StateChange<T>>], view: &ApiView) -> Option<Vec<Tracked<T>>> {
        let mut tracked = self.tracked.clone();
        for (number, StateChange { index, after }) in steps.iter().flat_map(|step| step.iter().enumerate()) {
            let mut after = after.clone();
            if index.is_none() {
                let shown = after.model.expected_view();
                let others = |id: &String| self.tracked.iter().all(|tracked| tracked.id != *id);
                let (id, _) = view.iter().find(|(id, resource)| resource.fields == shown && others(id))?;
                after.id.clone_from(id);
            }
            if number == 0 {
                after.model.apply_journal_note(&view.get(&after.id)?.note);
            }
            match *index {
                Some(index) => tracked[index] = after,
                None => tracked.push(after),
            }
        }
        tracked.iter().all(|tracked| matches_view(tracked, view)).then_some(tracked)
    }
}

fn matches_view<T: Resource>(tracked: &Tracked<T>, view: &ApiView) -> bool {
    view.get(&tracked.id)
        .is_some_and(|resource| resource.fields == tracked.model.expected_view() && resource.actions == tracked.actions)
}

impl<T: Resource> Editor for ResourceEditor<T> {
    fn run(&mut self, port: u16, token: &str, in_flight_kinds: &InFlightKinds) {
        loop {
            self.request_count += 1;
            let name = format!("{} {}", self.name, self.request_count);
            let request = T::next_request(&self.tracked, &mut self.rng, &name);
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
            in_flight_kinds.lock().unwrap().insert(self.name.clone(), request.kind);
            let response = exchange(&mut stream, Some(token), &json!({ "query": request.query })).ok();
            in_flight_kinds.lock().unwrap().remove(&self.name);
            let response = response.as_ref().and_then(|response| response.split_once("\r\n\r\n"));
            // Where the server died while it answered, less than the answer arrived.
            let Some(response) = response.and_then(|(_, body)| serde_json::from_str::<Value>(body).ok()) else {
                self.in_flight = Some(request);
                return;
            };
            self.note(request, &response);
        }
    }

    fn reconcile(&mut self, view: &ApiView) {
        let in_flight = self.in_flight.take();
        let steps = in_flight.as_ref().map_or(&[][..], |request| &request.steps);
        // Each step leaves an entry in the journal, so no two numbers of steps leave the same; where the one step made something
        // and did not happen, there is nothing that nobody knows of, which whoever calls this looks at.
        let outcome =
            (0..=steps.len()).rev().find_map(|step_count| Some((step_count, self.after(&steps[..step_count], view)?)));
        let Some((step_count, tracked)) = outcome else {
            let mismatched: Vec<_> = self.tracked.iter().filter(|tracked| !matches_view(tracked, view)).collect();
            let views: Vec<_> = mismatched.iter().map(|tracked| view.get(&tracked.id)).collect();
            panic!(
                "{mismatched:#?}\nis neither there nor what this would make of it: {in_flight:#?}\nfound: {views:#?}"
            );
        };
        self.tracked = tracked;
        if let Some(request) = in_flight {
            let count = self.counts.entry(request.kind).or_default();
            count.in_flight += 1;
            count.applied += usize::from(step_count > 0);
            count.partially_applied += usize::from(step_count > 0 && step_count < request.steps.len());
        }
    }

    fn check_rows(&self, rows: &Rows) {
        for tracked in &self.tracked {
            let key = rows.key(&tracked.id);
            assert_eq!(rows.actions(key), tracked.actions, "{tracked:?}");
            tracked.model.check_rows(key, rows);
        }
    }

    fn check_secrets(&mut self, port: u16) {
        self.tracked.iter_mut().for_each(|tracked| tracked.model.check_secrets(port));
    }

    fn totals(&self) -> (usize, usize) {
        (self.tracked.len(), self.tracked.iter().map(|tracked| tracked.actions.len()).sum())
    }

    fn counts(&self) -> &CountsByKind {
        &self.counts
    }
}
