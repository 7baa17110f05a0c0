//! Load generator: threads of readers and editors that send concurrent requests. Records the results and compares
//! them with the database.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    client::{Client, RequestResult, Response, classify},
    mutation::{MUTATION_KINDS, Mutation, Presence},
};

/// Maximum time until a request is rejected. The documentation promises about two seconds.
pub(crate) const MAX_REFUSAL_TIME: Duration = Duration::from_secs(3);

/// Maximum duration of any request, rejected or not.
const MAX_RESPONSE_TIME: Duration = Duration::from_secs(10);

/// Pause between two requests of a thread, which limits the load on the machine.
const PAUSE: Duration = Duration::from_millis(5);

const LIST: &str = "{ releases(first: 20) { totalCount nodes { id headline topics { name } } } }";
const DETAIL: &str =
    "{ releases(first: 1) { nodes { id headline body { html } revisions(first: 3) { nodes { number headline } } } } }";

/// The recorded result of one request.
#[derive(Clone, Debug)]
pub(crate) struct RequestRecord {
    pub(crate) at: Instant,
    pub(crate) is_write: bool,
    pub(crate) result: RequestResult,
    pub(crate) took: Duration,
}

#[derive(Debug, Default)]
struct Recorded {
    events: Vec<RequestRecord>,
    /// Each mutation that was sent, with its result.
    mutations: Vec<(Mutation, RequestResult)>,
}

/// The threads that send requests, with the results so far.
#[derive(Debug)]
pub(crate) struct LoadGenerator {
    stop: Arc<AtomicBool>,
    recorded: Arc<Mutex<Recorded>>,
    threads: Vec<JoinHandle<()>>,
}

/// The results of all requests, after the threads have stopped.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) events: Vec<RequestRecord>,
    pub(crate) mutations: Vec<(Mutation, RequestResult)>,
}

impl LoadGenerator {
    /// Starts the threads of a number of editors and readers. The editors write release bodies of `text_length`
    /// characters.
    pub(crate) fn start(client: &Client, editors: usize, readers: usize, text_length: usize) -> Self {
        let mut load = Self { stop: Arc::default(), recorded: Arc::default(), threads: Vec::new() };
        let shared = (load.stop.clone(), load.recorded.clone());
        for number in 0..editors {
            let (stop, recorded, client) = (shared.0.clone(), shared.1.clone(), client.clone());
            load.threads.push(thread::spawn(move || {
                let mut index = number;
                while !stop.load(Ordering::Relaxed) {
                    send_mutation(&recorded, &client, index, text_length);
                    index += 1;
                    thread::sleep(PAUSE);
                }
            }));
        }
        for number in 0..readers {
            let (stop, recorded, mut client) = (shared.0.clone(), shared.1.clone(), client.clone());
            // Every other reader sends requests without a token, as the public.
            if !number.is_multiple_of(2) {
                client.token.clear();
            }
            let query = if number.is_multiple_of(2) { DETAIL } else { LIST };
            load.threads.push(thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    let response = client.execute(query, &json!({}), None);
                    let result = response.as_ref().map_or_else(|_| classify(&response), Response::query_result);
                    record_request(&recorded, false, started, result);
                    thread::sleep(PAUSE);
                }
            }));
        }
        load
    }

    fn with_recorded<T>(&self, read: impl FnOnce(&Recorded) -> T) -> T {
        read(&self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how many recorded requests satisfy a condition.
    pub(crate) fn count(&self, of: impl Fn(&RequestRecord) -> bool) -> usize {
        self.with_recorded(|recorded| recorded.events.iter().filter(|event| of(event)).count())
    }

    /// Waits until a read or write that was sent after the instant `after` succeeds. Returns the time from `after` to
    /// its response, or `None` on timeout.
    pub(crate) fn first_success(&self, after: Instant, is_write: bool, timeout: Duration) -> Option<Duration> {
        loop {
            let elapsed = self.with_recorded(|recorded| {
                let is_success =
                    |event: &&RequestRecord| event.is_write == is_write && event.result == RequestResult::Done;
                let was_sent_after =
                    |event: &&RequestRecord| event.at.checked_sub(event.took).is_some_and(|sent| sent >= after);
                recorded
                    .events
                    .iter()
                    .find(|event| is_success(event) && was_sent_after(event))
                    .map(|event| event.at - after)
            });
            if elapsed.is_some() || after.elapsed() > timeout {
                return elapsed;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops each thread after its current request. Returns the results.
    pub(crate) fn finish(mut self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("a load thread panicked");
        }
        self.with_recorded(|recorded| Report { events: recorded.events.clone(), mutations: recorded.mutations.clone() })
    }
}

impl Drop for LoadGenerator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn record_request(recorded: &Mutex<Recorded>, is_write: bool, started: Instant, result: RequestResult) {
    let event = RequestRecord { at: Instant::now(), is_write, result, took: started.elapsed() };
    recorded.lock().unwrap_or_else(PoisonError::into_inner).events.push(event);
}

/// Prepares and sends one mutation, and records its result.
fn send_mutation(recorded: &Mutex<Recorded>, client: &Client, index: usize, text_length: usize) {
    let started = Instant::now();
    match MUTATION_KINDS[index % MUTATION_KINDS.len()].prepare_sized(client, text_length) {
        Err(result) => record_request(recorded, true, started, result),
        Ok(mutation) => {
            let started = Instant::now();
            let result = mutation.result(client);
            record_request(recorded, true, started, result.clone());
            recorded.lock().unwrap_or_else(PoisonError::into_inner).mutations.push((mutation, result));
        }
    }
}

impl Report {
    /// Prints, for each result, the number of requests and the longest duration.
    pub(crate) fn print(&self, name: &str) {
        let mut counts: BTreeMap<(bool, String), (usize, Duration)> = BTreeMap::new();
        for event in &self.events {
            let description: String = event.result.to_string().chars().take(120).collect();
            let (count, longest) = counts.entry((event.is_write, description)).or_default();
            *count += 1;
            *longest = (*longest).max(event.took);
        }
        for ((is_write, description), (count, longest)) in counts {
            let request_kind = if is_write { "writes" } else { "reads" };
            println!("{name}: {request_kind:<6} {description}: {count}, longest {:.2} s", longest.as_secs_f64());
        }
    }

    /// Returns descriptions of the responses that must never occur, and of the rejections that took too long.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        for event in &self.events {
            let request_kind = if event.is_write { "a write" } else { "a read" };
            let description = match &event.result {
                RequestResult::Wrong(description) => format!("{request_kind}: {description:.200}"),
                RequestResult::Unknown | RequestResult::Refused(_) if event.took > MAX_REFUSAL_TIME => {
                    format!("{request_kind} was rejected too late")
                }
                _ if event.took > MAX_RESPONSE_TIME => {
                    format!("{request_kind} took more than {} s", MAX_RESPONSE_TIME.as_secs())
                }
                _ => continue,
            };
            *failures.entry(description).or_default() += 1;
        }
        failures.into_iter().map(|(description, count)| format!("{count} times: {description}")).collect()
    }

    /// Compares the results with the database. The changes of acknowledged mutations must be present, and those of
    /// rejected mutations absent. Mutations with an unknown result are sent again and must then be present. Returns
    /// descriptions of the differences.
    pub(crate) fn inconsistencies(&self, client: &Client, url: &str) -> Vec<String> {
        let mut inconsistencies = Vec::new();
        for (mutation, result) in &self.mutations {
            let presence = mutation.presence(url);
            match (result, &presence) {
                (RequestResult::Done, Presence::Present) | (RequestResult::Refused(_), Presence::Absent) => {}
                (RequestResult::Unknown, Presence::Absent | Presence::Present) => {
                    let retry_result = mutation.result(client);
                    if !matches!(retry_result, RequestResult::Done | RequestResult::Repeated)
                        || mutation.presence(url) != Presence::Present
                    {
                        inconsistencies
                            .push(format!("unknown, and the retry did not resolve it: {mutation:?}: {retry_result}"));
                    }
                }
                // `failures` already reports this response.
                (RequestResult::Wrong(_), Presence::Absent | Presence::Present) => {}
                _ => inconsistencies.push(format!("response {result}, but rows {presence:?}: {mutation:?}")),
            }
        }
        inconsistencies
    }
}

/// Panics with a list of the failures, if there are any.
pub(crate) fn assert_no_failures(name: &str, failures: &[String]) {
    let listed: String = failures.iter().take(20).map(|description| format!("\n- {description:.600}")).collect();
    assert!(failures.is_empty(), "{name}: {} failures:{listed}", failures.len());
}
