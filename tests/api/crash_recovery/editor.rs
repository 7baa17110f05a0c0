//! Editors of the crash recovery test. An editor is a client that sends mutations until the server is killed and
//! records the state that it expects. After a restart, `reconcile` finds out how many steps of the request in flight
//! the server had applied.

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

/// The model of one kind of resource: its expected state and the mutations on it.
pub(super) trait Resource: Clone + Debug + Send {
    /// Returns the fields that the API should return for the resource; null if the resource no longer exists.
    fn expected_view(&self) -> Value;
    /// Returns a random mutation that the server should accept now. A created resource gets `name`, which must be
    /// unique.
    fn next_request(tracked: &[Tracked<Self>], rng: &mut SeededRng, name: &str) -> Request<Self>;
    /// Stores the values that only the response contains (ids, secrets), and checks the rest of the response.
    fn apply_response(&mut self, payload: &Value);
    /// Stores the values that the journal note of a mutation contains, if the response to the mutation was lost.
    fn apply_journal_note(&mut self, note: &str);
    /// Checks the database rows of the resource. If the resource no longer exists, checks that its rows are gone.
    fn check_rows(&self, key: Uuid, rows: &Rows);
    /// Sends requests with the secrets that were issued or revoked since the last restart. The server must accept the
    /// valid secrets and reject the revoked secrets.
    fn check_secrets(&mut self, port: u16);
}

/// A resource that an editor created, with the actions on it.
#[derive(Clone, Debug)]
pub(super) struct Tracked<T> {
    /// The id of the resource in the API.
    pub(super) id: String,
    /// The journal names of the actions on the resource so far, oldest first.
    pub(super) actions: Vec<&'static str>,
    pub(super) model: T,
}

/// The new state of one resource. `index` is the position of the resource in the editor's list, or `None` if the
/// request creates the resource.
#[derive(Clone, Debug)]
pub(super) struct StateChange<T> {
    pub(super) index: Option<usize>,
    pub(super) after: Tracked<T>,
}

/// A mutation with its expected effects. The server executes the steps in order, each completely or not at all. The
/// first change of each step is to the resource that the response contains.
#[derive(Clone, Debug)]
pub(super) struct Request<T> {
    pub(super) kind: &'static str,
    pub(super) query: String,
    pub(super) steps: Vec<Vec<StateChange<T>>>,
}

/// Numbers of requests of one kind, such as `publish`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestCounts {
    pub(super) answered: usize,
    pub(super) in_flight: usize,
    /// Number of requests that were in flight at a kill, and that the server had applied at least in part.
    pub(super) applied: usize,
    /// Number of requests that were in flight at a kill, and that the server had applied only in part.
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

/// The request counts for each kind of request.
pub(super) type CountsByKind = BTreeMap<&'static str, RequestCounts>;

/// The kind of the request that each editor has in flight, by the name of the editor.
pub(super) type InFlightKinds = Mutex<HashMap<String, &'static str>>;

/// An editor, whatever its type of resource.
pub(super) trait Editor: Send {
    /// Sends mutations until the server is killed.
    fn run(&mut self, port: u16, token: &str, in_flight_kinds: &InFlightKinds);
    /// Checks that the API view contains the expected state, and finds out whether the request in flight was applied.
    fn reconcile(&mut self, view: &ApiView);
    /// Checks that the database rows and the journal match the expected state.
    fn check_rows(&self, rows: &Rows);
    /// Checks the secrets that were issued or revoked since the last restart, with requests to the server.
    fn check_secrets(&mut self, port: u16);
    /// Returns the number of resources that this editor created, and the number of actions on them.
    fn totals(&self) -> (usize, usize);
    /// Returns how many requests this editor has sent so far, by kind.
    fn counts(&self) -> &CountsByKind;
}

/// An editor of one type of resource, with the expected state of the resources that it created.
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
    /// Returns the state of a new resource after the action that creates it.
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

    /// Returns the expected state after the given steps, or `None` if that state does not match the API view. The
    /// view does not say which resource a step created, so this function finds it by its fields: no two resources
    /// have the same name.
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
            // The response is missing or incomplete if the server was killed before it had sent the whole response.
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
        // Tries the possible numbers of applied steps, the largest first. A number that is too small does not match
        // the view, because each applied step adds a journal entry to a resource. The exception is a step that
        // creates a resource: this editor does not know the new resource yet. The caller therefore counts all
        // resources, and so detects a resource that was created with wrong fields.
        let outcome =
            (0..=steps.len()).rev().find_map(|step_count| Some((step_count, self.after(&steps[..step_count], view)?)));
        let Some((step_count, tracked)) = outcome else {
            let mismatched: Vec<_> = self.tracked.iter().filter(|tracked| !matches_view(tracked, view)).collect();
            let views: Vec<_> = mismatched.iter().map(|tracked| view.get(&tracked.id)).collect();
            panic!(
                "{mismatched:#?}\nis not in the view, neither before nor after the request in flight: {in_flight:#?}\nfound: {views:#?}"
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
