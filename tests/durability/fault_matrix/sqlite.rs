//! Fault matrix on SQLite: makes writes, syncs, and resizes of the database file, the write-ahead log, and the shared
//! memory file fail.

use std::path::Path;

use sea_orm::{ConnectionTrait, DbErr};

use super::report::{Trial, TrialReport};
use crate::{
    client::{Client, RequestResult, status_of},
    fault::{EDQUOT, EFBIG, EIO, ENOSPC, Fault, Faults, Operation, Operations},
    mutation::{MUTATION_KINDS, Mutation, MutationKind, Presence},
    program::{Program, Setup},
    stored_rows,
};

/// Number of frames after which SQLite checkpoints the write-ahead log at the next commit: the default of
/// `wal_autocheckpoint` (1,000) and a margin.
const CHECKPOINT_FRAMES: usize = 1010;

const fn fault(name: &'static str, operations: Operations, error: i32, only_once: bool) -> Fault {
    Fault { name, operations, error, only_once, shortened: false }
}

const FULL: Fault = fault("ENOSPC", Operations::Writes, ENOSPC, false);
const FULL_ONCE: Fault = fault("ENOSPC, once", Operations::Writes, ENOSPC, true);
const FULL_IN_THE_MIDDLE: Fault = Fault { name: "ENOSPC after half a write", shortened: true, ..FULL };
const QUOTA: Fault = fault("EDQUOT", Operations::Writes, EDQUOT, false);
const TOO_BIG: Fault = fault("EFBIG", Operations::Writes, EFBIG, false);
const WRITE: Fault = fault("EIO on write", Operations::Writes, EIO, false);
const WRITE_ONCE: Fault = fault("EIO on write, once", Operations::Writes, EIO, true);
const SYNC: Fault = fault("EIO on sync", Operations::Syncs, EIO, false);
const SYNC_ONCE: Fault = fault("EIO on sync, once", Operations::Syncs, EIO, true);
const RESIZE_ONCE: Fault = fault("EIO on anything, once", Operations::All, EIO, true);

#[test]
fn full_disk() {
    TrialRunner::run("SQLite: no space", |runner| {
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, &FULL, 1);
            runner.run_steps(kind, &FULL_ONCE, 3);
            runner.run_steps(kind, &FULL_IN_THE_MIDDLE, 5);
        }
    });
}

#[test]
fn quota_and_file_size() {
    TrialRunner::run("SQLite: quota and file size", |runner| {
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, &QUOTA, 7);
            runner.run_steps(kind, &TOO_BIG, 7);
        }
    });
}

#[test]
fn failing_syncs() {
    TrialRunner::run("SQLite: failing syncs", |runner| {
        for kind in MUTATION_KINDS {
            runner.run_steps(kind, &SYNC, 1);
            runner.run_steps(kind, &SYNC_ONCE, 1);
        }
    });
}

#[test]
fn failing_writes() {
    TrialRunner::run("SQLite: failing writes", |runner| {
        for kind in MUTATION_KINDS {
            let stride = if kind == MutationKind::ReleaseCreate { 1 } else { 5 };
            runner.run_steps(kind, &WRITE, stride);
            runner.run_steps(kind, &WRITE_ONCE, stride * 3);
            runner.run_steps(kind, &RESIZE_ONCE, stride * 5);
        }
    });
}

#[test]
fn checkpoints() {
    TrialRunner::run("SQLite: checkpoints", |runner| {
        runner.checkpoint = true;
        for kind in [MutationKind::ReleaseCreate, MutationKind::ReleasePublish, MutationKind::TokenCreate] {
            runner.run_steps(kind, &FULL, 3);
            runner.run_steps(kind, &SYNC_ONCE, 1);
            runner.run_steps(kind, &WRITE_ONCE, 9);
        }
    });
}

/// A newsroom on SQLite with injectable disk faults.
struct TrialRunner<'a> {
    setup: Setup<'a>,
    faults: &'a Faults,
    /// The running server. `None` only during a restart.
    program: Option<Program>,
    client: Client,
    report: TrialReport,
    /// Whether the commit of each mutation must trigger a checkpoint of the write-ahead log.
    checkpoint: bool,
    /// Mutations that were done since the last restart. They must be present after the next restart.
    done: Vec<Mutation>,
    /// True if the last injected fault was a disk error other than a full disk.
    is_disk_error: bool,
}

impl TrialRunner<'_> {
    fn run(name: &'static str, trials: impl FnOnce(&mut TrialRunner)) {
        let folder = tempfile::tempdir().unwrap();
        let Some(faults) = Faults::new(folder.path()) else { return };
        let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
        let setup = Setup { folder: folder.path(), url: &url, faults: Some(&faults) };
        let token = setup.token("Kim", "ADMIN");
        execute_without_checkpoint(&url, "CREATE TABLE scratch (number integer); INSERT INTO scratch VALUES (0)")
            .unwrap();
        let program = setup.serve();
        let client = Client { port: program.port, token };
        let mut runner = TrialRunner {
            setup,
            faults: &faults,
            program: Some(program),
            client,
            report: TrialReport::new(name),
            checkpoint: false,
            done: Vec::new(),
            is_disk_error: false,
        };
        trials(&mut runner);
        runner.restart();
        stored_rows::assert_consistent(&url);
        runner.report.finish();
    }

    /// Kills the server with `kill -9` and starts it again without a fault. Checks that all mutations in `done` are
    /// present.
    fn restart(&mut self) {
        self.faults.disarm();
        self.program.take().unwrap().kill();
        let program = self.setup.serve();
        self.client.port = program.port;
        self.program = Some(program);
        let done = std::mem::take(&mut self.done);
        self.report.check_still_present(&done, self.setup.url);
    }

    /// Prepares a mutation. Restarts the server first if it rejects writes.
    fn prepare(&mut self, kind: MutationKind) -> Mutation {
        match kind.prepare(&self.client) {
            Ok(mutation) => mutation,
            Err(result) => {
                // It is not a violation if the server rejects writes and is not ready after a disk error. The
                // previous mutation may have succeeded, but an operation after its commit may have failed: storing
                // the response for the idempotency key, or a checkpoint.
                let ready = status_of(self.client.port, "/health/ready").map(|(status, _)| status);
                if !(self.is_disk_error
                    && ready == Some(503)
                    && result == RequestResult::Refused("UNAVAILABLE".to_owned()))
                {
                    self.report.record_stuck_server(&result);
                }
                self.restart();
                kind.prepare(&self.client).expect("a restarted server accepts writes")
            }
        }
    }

    /// Runs one trial for every `stride`-th operation of a mutation, until the mutation has no more operations.
    fn run_steps(&mut self, kind: MutationKind, fault: &Fault, stride: usize) {
        for after in (0..).step_by(stride) {
            if !self.run_trial(kind, fault, after) {
                return;
            }
        }
    }

    /// Runs one trial: sends a mutation with a fault that occurs after `after` file operations. Returns false if the
    /// mutation completed before the fault, so that larger values need no trial.
    fn run_trial(&mut self, kind: MutationKind, fault: &Fault, after: u64) -> bool {
        let url = self.setup.url;
        let mutation = self.prepare(kind);
        if self.checkpoint
            && let Err(error) = fill_wal(url)
        {
            self.report.record_stuck_server(&format!("another connection cannot write: {error}"));
            self.restart();
            return true;
        }
        self.is_disk_error = fault.error != ENOSPC;
        self.faults.arm(fault, after);
        let first_result = mutation.result(&self.client);
        let presence_after_response = mutation.presence(url);
        let was_injected = self.faults.failed() > 0;
        self.faults.disarm();
        let step = describe_step(&self.faults.trace());
        if !was_injected {
            // The fault did not occur. Either the mutation completed with fewer operations, or the server rejected it
            // before any disk operation.
            if first_result == RequestResult::Done && presence_after_response == Presence::Present {
                self.done.push(mutation);
                return false;
            }
            self.report.record_stuck_server(&first_result);
            self.restart();
            return true;
        }
        // After a disk error other than a full disk, the server does not know what is on the disk, so it must stop
        // writing.
        let writes_stop = fault.error != ENOSPC && first_result != RequestResult::Done;
        // This is not tested after a fault that occurs only once: the test sends a write, which could overwrite the
        // rejected data before the restart.
        if writes_stop && !fault.only_once {
            self.assert_writes_stopped(fault, &step);
        }
        // Restarts the server even if the mutation was done, because an operation after the commit may have failed.
        if fault.error != ENOSPC || after.is_multiple_of(4) {
            self.restart();
        }
        let presence_later = mutation.presence(url);
        let retry_result = mutation.result(&self.client);
        let final_presence = mutation.presence(url);
        let trial = Trial {
            kind,
            fault: fault.name.to_owned(),
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

    /// Checks the server after a disk error: it must reject writes, report at `/health/ready` that it is not ready,
    /// and log an error that asks for a restart.
    fn assert_writes_stopped(&mut self, fault: &Fault, step: &str) {
        let ready = status_of(self.client.port, "/health/ready").map(|(status, _)| status);
        if ready != Some(503) {
            self.report.fail(format!("/health/ready is {ready:?} after a disk error | {}, {step}", fault.name));
        }
        if !self.program.as_ref().unwrap().log().lines().any(|line| line.contains("ERROR") && line.contains("restart"))
        {
            self.report.fail(format!("the log does not ask for a restart | {}, {step}", fault.name));
        }
        match MutationKind::TopicCreate.prepare(&self.client).unwrap().result(&self.client) {
            RequestResult::Refused(code) if code == "UNAVAILABLE" => {}
            result => {
                let violation = "a write after a disk error is not rejected as UNAVAILABLE";
                self.report.fail(format!("{violation}: {result} | {}, {step}", fault.name));
            }
        }
    }
}

/// Describes the first failed operation in a trace and its position in the mutation, for example `write -wal, up to
/// the commit`.
fn describe_step(trace: &[Operation]) -> String {
    let Some(number) = trace.iter().position(|operation| operation.failed) else { return "?".to_owned() };
    let committed = trace[..number].iter().any(|before| before.file == "-wal" && before.kind == "sync");
    let phase = if committed { "after the commit" } else { "up to the commit" };
    format!("{} {}, {phase}", trace[number].kind, trace[number].file)
}

/// Executes statements on a separate connection that never checkpoints the write-ahead log.
fn execute_without_checkpoint(url: &str, statements: &str) -> Result<(), DbErr> {
    stored_rows::runtime().block_on(async {
        let connection = stored_rows::connect(url).await;
        connection.execute_unprepared("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF").await?;
        let done = connection.execute_unprepared(statements).await;
        connection.close().await?;
        done.map(drop)
    })
}

/// Fills the write-ahead log by rewriting one page repeatedly, so that the next commit triggers a checkpoint.
fn fill_wal(url: &str) -> Result<(), DbErr> {
    execute_without_checkpoint(url, &"UPDATE scratch SET number = number + 1; ".repeat(CHECKPOINT_FRAMES))
}

#[test]
fn the_fault_shim_counts_and_fails_operations() {
    let folder = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::new(folder.path()) else { return };
    let run_script = |path: &Path, script: &str| {
        let mut command = std::process::Command::new("sh");
        faults.preload(&mut command);
        command.args(["-c", script, "sh"]).arg(path).output().unwrap()
    };
    let write = |failed: bool| Operation { file: "-wal", kind: "write", failed };
    let (wal_file, other_file) = (folder.path().join("x.db-wal"), folder.path().join("x.txt"));
    let two_writes = "printf one >\"$1\"; printf two >>\"$1\"";
    faults.arm(&FULL, 1);
    assert!(
        run_script(&other_file, two_writes).status.success() && faults.trace().is_empty(),
        "other files must not be affected"
    );
    assert!(!run_script(&wal_file, two_writes).status.success());
    assert_eq!(std::fs::read_to_string(&wal_file).unwrap(), "one");
    assert_eq!((faults.failed(), faults.trace()), (1, vec![write(false), write(true)]));
    faults.arm(&FULL_IN_THE_MIDDLE, 0);
    run_script(&wal_file, "printf whole >\"$1\"");
    assert_eq!(std::fs::read_to_string(&wal_file).unwrap(), "wh");
    faults.disarm();
    assert!(run_script(&wal_file, two_writes).status.success());
}
