//! PostgreSQL: at each statement of an act's transactions the connection is cut, before and after the server has done it, or the
//! server fails; at the ends of transactions the wire stalls.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::report::{Sheet, Trial};
use crate::{
    client::{Caller, Reply},
    mutation::{Act, KINDS, Kind, Presence},
    postgres,
    program::{Program, Setup},
    proxy::{Point, Proxy, Strike},
    stored_rows,
};

/// After how many trials the server is killed and started anew.
const RESTART: u64 = 6;

/// How long something is tried again while it is refused.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn cut_connections() {
    Bench::run("PostgreSQL: cut connections", |bench| {
        for kind in KINDS {
            bench.steps(kind, "cut before", Strike::CutBefore);
            bench.steps(kind, "cut after", Strike::CutAfter);
        }
    });
}

#[test]
fn failing_statements() {
    Bench::run("PostgreSQL: failing statements", |bench| {
        for kind in KINDS {
            bench.steps(kind, "disk full (53100)", Strike::Raise("53100"));
            bench.steps(kind, "I/O error (58030)", Strike::Raise("58030"));
        }
    });
}

#[test]
fn stalled_commits() {
    Bench::run("PostgreSQL: stalled commits", |bench| {
        bench.commits_only = true;
        for kind in KINDS {
            bench.steps(kind, "stall before", Strike::StallBefore);
            bench.steps(kind, "stall after", Strike::StallAfter);
        }
    });
}

/// A newsroom on PostgreSQL behind a wire that can be cut.
struct Bench<'a> {
    setup: Setup<'a>,
    /// The database past the wire.
    direct: &'a str,
    proxy: &'a Proxy,
    /// None while it is started anew.
    program: Option<Program>,
    caller: Caller,
    sheet: Sheet,
    commits_only: bool,
    trials: u64,
    /// What has been done since the last start and must be there after the next one.
    done: Vec<Act>,
}

impl Bench<'_> {
    fn run(name: &'static str, trials: impl FnOnce(&mut Bench)) {
        let Some(cluster) = postgres::available() else { return };
        let database = stored_rows::runtime().block_on(cluster.fresh_database());
        let folder = tempfile::tempdir().unwrap();
        let proxy = Proxy::new(&database.url);
        let url = proxy.url(&database.url);
        let setup = Setup { folder: folder.path(), url: &url, faults: None };
        let token = setup.token("Kim", "ADMIN");
        let program = setup.serve();
        let caller = Caller { port: program.port, token };
        let mut bench = Bench {
            setup,
            direct: &database.url,
            proxy: &proxy,
            program: Some(program),
            caller,
            sheet: Sheet::new(name),
            commits_only: false,
            trials: 0,
            done: Vec::new(),
        };
        trials(&mut bench);
        bench.restart();
        stored_rows::are_sound(&database.url);
        bench.sheet.close();
    }

    /// `kill -9`, and a start; what had been done is still there.
    fn restart(&mut self) {
        self.program.take().unwrap().kill();
        let program = self.setup.serve();
        self.caller.port = program.port;
        self.program = Some(program);
        let done = std::mem::take(&mut self.done);
        self.sheet.still_there(&done, self.direct);
    }

    /// An act, on a server that has had to be started anew where it did nothing more.
    fn prepare(&mut self, kind: Kind) -> Act {
        match patiently(|| kind.prepare(&self.caller), Result::is_err) {
            Ok(act) => act,
            Err(reply) => {
                self.sheet.stuck(&reply);
                self.restart();
                kind.prepare(&self.caller).expect("it writes after a start")
            }
        }
    }

    /// One trial for each statement of an act, or for each commit.
    fn steps(&mut self, kind: Kind, fault: &str, strike: Strike) {
        for number in 0.. {
            let point = if self.commits_only { Point::Commit(number) } else { Point::Statement(number) };
            if !self.trial(kind, fault, point, strike) {
                return;
            }
        }
    }

    /// Whether there may be a later step.
    fn trial(&mut self, kind: Kind, fault: &str, point: Point, strike: Strike) -> bool {
        let act = self.prepare(kind);
        self.proxy.arm(Some((point, strike)));
        let answered = act.reply(&self.caller);
        let seen = act.presence(self.direct);
        let statements = self.proxy.statements();
        let Some(at) = self.proxy.calm() else {
            if answered == Reply::Done && seen == Presence::Present {
                self.done.push(act);
                return false;
            }
            self.sheet.stuck(&answered);
            self.restart();
            return true;
        };
        self.trials += 1;
        if self.trials.is_multiple_of(RESTART) {
            self.restart();
        }
        let kept = act.presence(self.direct);
        let again = patiently(|| act.reply(&self.caller), |reply| matches!(reply, Reply::Refused(_)));
        let last = act.presence(self.direct);
        let step = step(&statements, at);
        let trial = Trial { kind, fault: fault.to_owned(), step, answered, seen, kept, again, last };
        self.sheet.note(&trial);
        self.done.push(act);
        true
    }
}

/// Where in an act a statement lies: `INSERT, up to the commit`.
fn step(statements: &[String], at: usize) -> String {
    let Some(statement) = statements.get(at) else { return "?".to_owned() };
    if statement.is_empty() {
        return "no statement".to_owned();
    }
    let words = statement.split_whitespace().take(if statement.starts_with("prepare") { 2 } else { 1 });
    let committed = statements[..at].iter().any(|statement| statement.starts_with("COMMIT"));
    let when = if committed { "after the commit" } else { "up to the commit" };
    format!("{}, {when}", words.collect::<Vec<_>>().join(" "))
}

/// Tries again while it is refused: until the database is found to answer, and until it has ended the session of a connection
/// that was given up in the middle of a transaction.
fn patiently<T>(mut ask: impl FnMut() -> T, is_refused: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if !is_refused(&answer) || begun.elapsed() > PATIENCE {
            return answer;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
