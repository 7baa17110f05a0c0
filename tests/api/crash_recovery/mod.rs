//! `kill -9` in a storm of mutations, at least twenty times on one database: what was answered is there, what was sent and not
//! answered happened wholly or not at all, and rows and journal tell the same story.
//!
//! It is the program that dies, not the machine: what a loss of power leaves is for the database to promise (on SQLite
//! `synchronous = FULL`).

mod api_view;
mod concepts;
mod editor;
mod releases;
mod requests;
mod rows;
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
use editor::{Actor, Person, Tallies, Tally, UnderWay};
use releases::Release;
use rows::Rows;
use tokens::Token;

/// So many rounds, and more until each kind of request was answered and in flight once, but no more than that.
const ROUNDS: (usize, usize) = (20, 40);

/// Every kind of request that is to be in the storm.
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
    storm(folder.path(), &url, "SQLite");
}

#[test]
fn on_postgres() {
    let Some(cluster) = postgres::available() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(cluster.fresh_database());
    storm(tempfile::tempdir().unwrap().path(), &database.url, "PostgreSQL");
}

/// Whoever acts: editors, each with releases of their own, two who keep topics and places, one who keeps tokens.
fn people() -> Vec<Box<dyn Person>> {
    let mut people: Vec<Box<dyn Person>> = Vec::new();
    let seed = || u64::from(getrandom::u32().unwrap()) << 32 | 1;
    for number in 0..4 {
        people.push(Box::new(Actor::<Release>::new(format!("Editor {number}"), seed())));
    }
    for number in 0..2 {
        people.push(Box::new(Actor::<Concept>::new(format!("Concept {number}"), seed())));
    }
    people.push(Box::new(Actor::<Token>::new("Token".to_owned(), seed())));
    people
}

#[expect(clippy::print_stdout, reason = "the figures, for whoever runs it with --nocapture")]
fn storm(folder: &Path, url: &str, name: &str) {
    let begun = Instant::now();
    let made = ["token", "create", "--subject", "Kim", "--name", "storm", "--role", "ADMIN", "--database", url];
    let (code, secret, told) = run(folder, &made);
    assert_eq!(code, Some(0), "{told}");
    let token = secret.trim();
    let mut people = people();
    let mut served = serve(folder, &["--database", url]);
    for round in 1..=ROUNDS.1 {
        let tallies_before = tallies(&people);
        let missing = missing(&tallies_before);
        if round > ROUNDS.0 && missing.is_empty() {
            break;
        }
        let before = total(&tallies_before);
        let pause = Duration::from_millis(100 + u64::from(getrandom::u32().unwrap() % 901));
        let (under_way, acting) = (UnderWay::default(), Instant::now());
        thread::scope(|scope| {
            for person in &mut people {
                let (port, under_way) = (served.port, &under_way);
                scope.spawn(move || person.act(port, token, under_way));
            }
            thread::sleep(pause);
            wait_for(&missing, &under_way);
            served.child.kill().unwrap();
            served.child.wait().unwrap();
        });
        let lasted = acting.elapsed().as_millis();
        rows::are_let_go(url);
        served = serve(folder, &["--database", url]);
        let seen = api_view::read(served.port, token);
        people.iter_mut().for_each(|person| person.agree(&seen));
        let (things, acts) = people
            .iter()
            .map(|person| person.count())
            .fold((0, 0), |(things, acts), count| (things + count.0, acts + count.1));
        // One token, and one entry for it, are those of the storm itself.
        assert_eq!(seen.len(), things + 1, "there is something that nobody made");
        let rows = Rows::read(url);
        rows.agree();
        assert_eq!(rows.head, acts as i64 + 1, "an act is in the journal twice, or not at all");
        people.iter().for_each(|person| person.check_rows(&rows));
        people.iter_mut().for_each(|person| person.check_secrets(served.port));
        let now = total(&tallies(&people));
        println!(
            "{name}, round {round}: killed after {lasted} ms; {} requests answered, {} in flight, of which {} happened",
            now.answered - before.answered,
            now.open - before.open,
            now.happened - before.happened
        );
    }
    let tallies = tallies(&people);
    println!("{name}: {}; {:.1} s", summary(&tallies), begun.elapsed().as_secs_f64());
    for kind in KINDS {
        let tried = tallies.get(kind).is_some_and(|tally| tally.answered > 0 && tally.open > 0);
        assert!(tried, "nothing was learnt of {kind}");
    }
    assert_eq!(tallies.len(), KINDS.len(), "a kind that nobody knows");
}

/// The kinds of requests that were never answered or never in flight so far.
fn missing(tallies: &Tallies) -> Vec<&'static str> {
    KINDS
        .into_iter()
        .filter(|kind| tallies.get(kind).is_none_or(|tally| tally.answered == 0 || tally.open == 0))
        .collect()
}

/// Waits until a request of one of some kinds is under way, for two seconds at most.
fn wait_for(kinds: &[&str], under_way: &UnderWay) {
    let begun = Instant::now();
    while !kinds.is_empty() && begun.elapsed() < Duration::from_secs(2) {
        if under_way.lock().unwrap().values().any(|kind| kinds.contains(kind)) {
            return;
        }
        thread::sleep(Duration::from_micros(200));
    }
}

/// Everybody's requests.
fn tallies(people: &[Box<dyn Person>]) -> Tallies {
    let mut all = Tallies::new();
    for (kind, tally) in people.iter().flat_map(|person| person.tallies()) {
        all.entry(*kind).or_default().add(tally);
    }
    all
}

/// Requests of all kinds.
fn total(tallies: &Tallies) -> Tally {
    let mut total = Tally::default();
    tallies.values().for_each(|tally| total.add(tally));
    total
}

/// In one line: all, then each kind.
fn summary(tallies: &Tallies) -> String {
    let all = total(tallies);
    let mut text = format!(
        "{} requests answered and none lost, {} in flight, of which {} happened ({} in part); by kind, answered + in flight \
         (of which happened):",
        all.answered, all.open, all.happened, all.partly
    );
    for (kind, Tally { answered, open, happened, .. }) in tallies {
        let _ = write!(text, " {kind} {answered} + {open} ({happened}),");
    }
    text.pop();
    text
}
