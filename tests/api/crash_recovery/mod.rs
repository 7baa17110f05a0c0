//! Crash recovery test: kills the server with `kill -9` during random mutations, at least twenty times on each
//! database. After a restart, acknowledged mutations must be stored, other mutations must be applied completely or
//! not at all, and the rows must match the journal. The test kills only the program and not the machine. Recovery
//! from power loss is left to the database (on SQLite: `synchronous = FULL`).
//!
//! - `api_view`: the resources and journal that the API returns after a restart
//! - `concepts`: model of topics and places
//! - `editor`: clients that send mutations and record the expected state
//! - `releases`: model of releases and preview links
//! - `requests`: random release mutations and their expected effects
//! - `rows`: the database rows and the journal
//! - `search_index`: kills during the maintenance of the search index
//! - `tokens`: model of access tokens

mod api_view;
mod concepts;
mod editor;
mod releases;
mod requests;
mod rows;
mod search_index;
mod tokens;

use std::{
    fmt::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::harness::{
    postgres,
    server_process::{run, serve},
};
use concepts::Concept;
use editor::{CountsByKind, Editor, InFlightKinds, RequestCounts, ResourceEditor};
use releases::Release;
use rows::Rows;
use tokens::Token;

/// Minimum and maximum number of rounds; each round ends with a kill. The test continues until each kind of request
/// has been answered at least once, and has been in flight at a kill at least once.
const ROUNDS: (usize, usize) = (20, 40);

/// The kinds of requests that must be answered and be in flight at a kill at least once.
const KINDS: [&str; 29] = [
    "create",
    "revise",
    "restore",
    "submit",
    "return",
    "approve",
    "schedule",
    "unschedule",
    "publish",
    "embargo",
    "lift",
    "correct",
    "withdraw",
    "retract",
    "purge",
    "delete",
    "preview",
    "revoke",
    "releasesTransition",
    "topicCreate",
    "topicUpdate",
    "topicMerge",
    "topicRetire",
    "placeCreate",
    "placeUpdate",
    "placeMerge",
    "placeRetire",
    "tokenCreate",
    "tokenRevoke",
];

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("killed.db").display());
    run_rounds(folder.path(), &url, "SQLite");
}

#[test]
fn on_postgres() {
    let Some(cluster) = postgres::available() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.fresh_database());
    run_rounds(tempfile::tempdir().unwrap().path(), &database.url, "PostgreSQL");
}

/// Creates seven editors: four edit releases, two edit topics and places, and one creates and revokes tokens.
fn editors() -> Vec<Box<dyn Editor>> {
    let mut editors: Vec<Box<dyn Editor>> = Vec::new();
    let seed = || u64::from(getrandom::u32().unwrap()) << 32 | 1;
    for number in 0..4 {
        editors.push(Box::new(ResourceEditor::<Release>::new(format!("Editor {number}"), seed())));
    }
    for number in 0..2 {
        editors.push(Box::new(ResourceEditor::<Concept>::new(format!("Concept {number}"), seed())));
    }
    editors.push(Box::new(ResourceEditor::<Token>::new("Token".to_owned(), seed())));
    editors
}

#[expect(clippy::print_stdout, reason = "measurements for runs with --nocapture")]
fn run_rounds(folder: &Path, url: &str, name: &str) {
    let started = Instant::now();
    let create_token = ["token", "create", "--subject", "Kim", "--name", "storm", "--role", "ADMIN", "--database", url];
    let (code, secret, stderr) = run(folder, &create_token);
    assert_eq!(code, Some(0), "{stderr}");
    let token = secret.trim();
    let mut editors = editors();
    let mut server = serve(folder, &["--database", url]);
    for round in 1..=ROUNDS.1 {
        let counts_before = counts(&editors);
        let missing = missing(&counts_before);
        if round > ROUNDS.0 && missing.is_empty() {
            break;
        }
        let before = total(&counts_before);
        let pause = Duration::from_millis(100 + u64::from(getrandom::u32().unwrap() % 901));
        let (in_flight_kinds, round_start) = (InFlightKinds::default(), Instant::now());
        thread::scope(|scope| {
            for editor in &mut editors {
                let (port, in_flight_kinds) = (server.port, &in_flight_kinds);
                scope.spawn(move || editor.run(port, token, in_flight_kinds));
            }
            thread::sleep(pause);
            wait_for(&missing, &in_flight_kinds);
            server.child.kill().unwrap();
            server.child.wait().unwrap();
        });
        let elapsed_ms = round_start.elapsed().as_millis();
        rows::wait_for_connections_to_close(url);
        server = serve(folder, &["--database", url]);
        let api_view = api_view::read(server.port, token);
        editors.iter_mut().for_each(|editor| editor.reconcile(&api_view));
        let (resources, actions) = editors
            .iter()
            .map(|editor| editor.totals())
            .fold((0, 0), |(resources, actions), totals| (resources + totals.0, actions + totals.1));
        // The `+ 1` here and below is the token that the test itself created, and its journal entry.
        assert_eq!(api_view.len(), resources + 1, "the newsroom contains a resource that no editor created");
        let rows = Rows::read(url);
        rows.assert_consistent();
        assert_eq!(rows.head, actions as i64 + 1, "an action is in the journal twice or missing");
        editors.iter().for_each(|editor| editor.check_rows(&rows));
        editors.iter_mut().for_each(|editor| editor.check_secrets(server.port));
        let now = total(&counts(&editors));
        println!(
            "{name}, round {round}: killed after {elapsed_ms} ms; {} requests answered, {} in flight, {} of them applied",
            now.answered - before.answered,
            now.in_flight - before.in_flight,
            now.applied - before.applied
        );
    }
    let counts = counts(&editors);
    println!("{name}: {}; {:.1} s", summary(&counts), started.elapsed().as_secs_f64());
    for kind in KINDS {
        let covered = counts.get(kind).is_some_and(|count| count.answered > 0 && count.in_flight > 0);
        assert!(covered, "requests of kind {kind} were never answered or never in flight");
    }
    assert_eq!(counts.len(), KINDS.len(), "KINDS does not list every kind");
}

/// Returns the kinds of requests that have not been answered yet, or have not been in flight at a kill yet.
fn missing(counts: &CountsByKind) -> Vec<&'static str> {
    KINDS
        .into_iter()
        .filter(|kind| counts.get(kind).is_none_or(|count| count.answered == 0 || count.in_flight == 0))
        .collect()
}

/// Waits until a request of one of these kinds is in flight. Gives up after two seconds.
fn wait_for(kinds: &[&str], in_flight_kinds: &InFlightKinds) {
    let started = Instant::now();
    while !kinds.is_empty() && started.elapsed() < Duration::from_secs(2) {
        if in_flight_kinds.lock().unwrap().values().any(|kind| kinds.contains(kind)) {
            return;
        }
        thread::sleep(Duration::from_micros(200));
    }
}

/// Sums the request counts of all editors, by kind.
fn counts(editors: &[Box<dyn Editor>]) -> CountsByKind {
    let mut all = CountsByKind::new();
    for (kind, count) in editors.iter().flat_map(|editor| editor.counts()) {
        all.entry(*kind).or_default().add(count);
    }
    all
}

/// Sums the request counts of all kinds.
fn total(counts: &CountsByKind) -> RequestCounts {
    let mut total = RequestCounts::default();
    counts.values().for_each(|count| total.add(count));
    total
}

/// Formats the request counts for printing: the total of all kinds, then the counts of each kind.
fn summary(counts: &CountsByKind) -> String {
    let all = total(counts);
    let mut text = format!(
        "{} requests answered and none lost, {} in flight, {} of them applied ({} in part); by kind, answered + in flight \
         (applied):",
        all.answered, all.in_flight, all.applied, all.partially_applied
    );
    for (kind, RequestCounts { answered, in_flight, applied, .. }) in counts {
        let _ = write!(text, " {kind} {answered} + {in_flight} ({applied}),");
    }
    text.pop();
    text
}
