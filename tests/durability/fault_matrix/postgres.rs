//! Fault matrix on PostgreSQL: cuts the connection or makes the statement fail at each statement of a mutation, and
//! stalls commits.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::report::{Trial, TrialReport};
use crate::{
    client::{Client, RequestResult},
    mutation::{MUTATION_KINDS, Mutation, MutationKind, Presence},
    postgres,
    program::{Program, Setup},
    proxy::{InjectionPoint, Proxy, ProxyFault},
    stored_rows,
};

/// Number of trials between two restarts of the server.
const RESTART: u64 = 6;

/// Maximum time for which a rejected request is retried.
const TIMEOUT: Duration = Duration::from_secs(15);

#[test]
fn cut_connections() {
    TrialRunner::run("PostgreSQL: cut connections", |runner| {
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, "cut before", ProxyFault::CutBefore);
            runner.run_steps(kind, "cut after", ProxyFault::CutAfter);
        }
    });
}

#[test]
fn failing_statements() {
    TrialRunner::run("PostgreSQL: failing statements", |runner| {
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, "disk full (53100)", ProxyFault::Raise("53100"));
            runner.run_steps(kind, "I/O error (58030)", ProxyFault::Raise("58030"));
        }
    });
}

#[test]
fn stalled_commits() {
    TrialRunner::run("PostgreSQL: stalled commits", |runner| {
        runner.commits_only = true;
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, "stall before", ProxyFault::StallBefore);
            runner.run_steps(kind, "stall after", ProxyFault::StallAfter);
        }
    });
}

/// A newsroom on PostgreSQL behind a fault-injecting proxy.
struct TrialRunner<'a> {
    setup: Setup<'a>,
    /// URL of the database that does not go through the proxy.
    direct: &'a str,
    proxy: &'a Proxy,
    /// The running server. `None` only during a restart.
    program: Option<Program>,
    client: Client,
    report: TrialReport,
    commits_only: bool,
    trials: u64,
    /// Mutations that were done since the last restart. They must be present after the next restart.
    done: Vec<Mutation>,
}

impl TrialRunner<'_> {
    fn run(name: &'static str, trials: impl FnOnce(&mut TrialRunner)) {
        let Some(cluster) = postgres::available() else { return };
        let database = stored_rows::runtime().block_on(cluster.fresh_database());
        let folder = tempfile::tempdir().unwrap();
        let proxy = Proxy::new(&database.url);
        let url = proxy.url(&database.url);
        let setup = Setup { folder: folder.path(), url: &url, faults: None };
        let token = setup.token("Kim", "ADMIN");
        let program = setup.serve();
        let client = Client { port: program.port, token };
        let mut runner = TrialRunner {
            setup,
            direct: &database.url,
            proxy: &proxy,
            program: Some(program),
            client,
            report: TrialReport::new(name),
            commits_only: false,
            trials: 0,
            done: Vec::new(),
        };
        trials(&mut runner);
        runner.restart();
        stored_rows::assert_consistent(&database.url);
        runner.report.finish();
    }

    /// Kills the server with `kill -9` and starts it again. Checks that all mutations in `done` are present.
    fn restart(&mut self) {
        self.program.take().unwrap().kill();
        let program = self.setup.serve();
        self.client.port = program.port;
        self.program = Some(program);
        let done = std::mem::take(&mut self.done);
        self.report.check_still_present(&done, self.direct);
    }

    /// Prepares a mutation. If the server keeps rejecting writes, first reports this as a violation and restarts the
    /// server.
    fn prepare(&mut self, kind: MutationKind) -> Mutation {
        match retry_while_refused(|| kind.prepare(&self.client), Result::is_err) {
            Ok(mutation) => mutation,
            Err(result) => {
                self.report.record_stuck_server(&result);
                self.restart();
                kind.prepare(&self.client).expect("a restarted server accepts writes")
            }
        }
    }

    /// Runs one trial for each statement of a mutation, or for each COMMIT if `commits_only` is set.
    fn run_steps(&mut self, kind: MutationKind, fault: &str, proxy_fault: ProxyFault) {
        for number in 0.. {
            let point =
                if self.commits_only { InjectionPoint::Commit(number) } else { InjectionPoint::Statement(number) };
            if !self.run_trial(kind, fault, point, proxy_fault) {
                return;
            }
        }
    }

    /// Runs one trial: sends a mutation with a fault at `point`. Returns false if the mutation completed before that
    /// point, so that later points need no trial.
    fn run_trial(&mut self, kind: MutationKind, fault: &str, point: InjectionPoint, proxy_fault: ProxyFault) -> bool {
        let mutation = self.prepare(kind);
        self.proxy.arm(Some((point, proxy_fault)));
        let first_result = mutation.result(&self.client);
        let presence_after_response = mutation.presence(self.direct);
        let statements = self.proxy.statements();
        let Some(at) = self.proxy.reset() else {
            if first_result == RequestResult::Done && presence_after_response == Presence::Present {
                self.done.push(mutation);
                return false;
            }
            self.report.record_stuck_server(&first_result);
            self.restart();
            return true;
        };
        self.trials += 1;
        if self.trials.is_multiple_of(RESTART) {
            self.restart();
        }
        let presence_later = mutation.presence(self.direct);
        let retry_result =
            retry_while_refused(|| mutation.result(&self.client), |result| matches!(result, RequestResult::Refused(_)));
        let final_presence = mutation.presence(self.direct);
        let step = describe_step(&statements, at);
        let trial = Trial {
            kind,
            fault: fault.to_owned(),
            step,
            first_result,
            presence_after_response,
            presence_later,
            retry_result,
            final_presence,
        };
        self.report.record(&trial);
        self.done.push(mutation);
        true
    }
}

/// Describes the statement at an index and its position in the mutation, for example `INSERT, up to the commit`.
fn describe_step(statements: &[String], at: usize) -> String {
    let Some(statement) = statements.get(at) else { return "?".to_owned() };
    if statement.is_empty() {
        return "no statement".to_owned();
    }
    let first_words = statement.split_whitespace().take(if statement.starts_with("prepare") { 2 } else { 1 });
    let committed = statements[..at].iter().any(|statement| statement.starts_with("COMMIT"));
    let phase = if committed { "after the commit" } else { "up to the commit" };
    format!("{}, {phase}", first_words.collect::<Vec<_>>().join(" "))
}

/// Retries while the server rejects the request, at most for [`TIMEOUT`]. Requests are rejected until the server has
/// detected that the database responds again, and until PostgreSQL has ended the session of a connection that was cut
/// during a transaction.
fn retry_while_refused<T>(mut attempt: impl FnMut() -> T, is_refused: impl Fn(&T) -> bool) -> T {
    let started = Instant::now();
    loop {
        let response = attempt();
        if !is_refused(&response) || started.elapsed() > TIMEOUT {
            return response;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
