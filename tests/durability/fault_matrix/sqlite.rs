//! Fault matrix on SQLite: writes, syncs, and resizes of the database, its write-ahead log, and shared memory fail.

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

/// Frames in the write-ahead log from which on SQLite folds it into the file (`wal_autocheckpoint`), and some more.
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
    TrialRunner::run("SQLite: no room", |runner| {
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

/// A newsroom on SQLite whose disk can fail.
struct TrialRunner<'a> {
    setup: Setup<'a>,
    faults: &'a Faults,
    /// None while it is started anew.
    program: Option<Program>,
    client: Client,
    report: TrialReport,
    /// Whether each act is to be one that folds the write-ahead log into the file.
    checkpoint: bool,
    /// What has been done since the last start and must be there after the next one.
    done: Vec<Mutation>,
    /// The last fault was another error than a full disk.
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

    /// `kill -9`, and a start without faults; what had been done is still there.
    fn restart(&mut self) {
        self.faults.disarm();
        self.program.take().unwrap().kill();
        let program = self.setup.serve();
        self.client.port = program.port;
        self.program = Some(program);
        let done = std::mem::take(&mut self.done);
        self.report.check_still_present(&done, self.setup.url);
    }

    /// An act, on a server that has had to be started anew where it did nothing more.
    fn prepare(&mut self, kind: MutationKind) -> Mutation {
        match kind.prepare(&self.client) {
            Ok(mutation) => mutation,
            Err(result) => {
                // After an error of the disk in something beside the act, the keeping of its answer or a checkpoint, nothing
                // is written before the next start; and the server says so.
                let ready = status_of(self.client.port, "/health/ready").map(|(status, _)| status);
                if !(self.is_disk_error
                    && ready == Some(503)
                    && result == RequestResult::Refused("UNAVAILABLE".to_owned()))
                {
                    self.report.record_stuck_server(&result);
                }
                self.restart();
                kind.prepare(&self.client).expect("it writes after a start")
            }
        }
    }

    /// One trial for every so many operations of an act, as long as there are any.
    fn run_steps(&mut self, kind: MutationKind, fault: &Fault, stride: usize) {
        for after in (0..).step_by(stride) {
            if !self.run_trial(kind, fault, after) {
                return;
            }
        }
    }

    /// Whether there may be a later step.
    fn run_trial(&mut self, kind: MutationKind, fault: &Fault, after: u64) -> bool {
        let url = self.setup.url;
        let mutation = self.prepare(kind);
        if self.checkpoint
            && let Err(error) = fill_wal(url)
        {
            self.report.record_stuck_server(&format!("another program cannot write: {error}"));
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
            // It had fewer operations than that; or the server does not get as far as the disk.
            if first_result == RequestResult::Done && presence_after_response == Presence::Present {
                self.done.push(mutation);
                return false;
            }
            self.report.record_stuck_server(&first_result);
            self.restart();
            return true;
        }
        // Other errors than a full disk leave it open what is on it: nothing is written any more.
        let writes_stop = fault.error != ENOSPC && first_result != RequestResult::Done;
        // The other times it is killed with nothing in between that would write over what was refused.
        if writes_stop && !fault.only_once {
            self.assert_writes_stopped(fault, &step);
        }
        // Also where it was done: what comes after the commit may have failed.
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

    /// After an error of the disk nothing is written before the next start, and whoever looks after the server is told.
    fn assert_writes_stopped(&mut self, fault: &Fault, step: &str) {
        let ready = status_of(self.client.port, "/health/ready").map(|(status, _)| status);
        if ready != Some(503) {
            self.report.fail(format!("/health/ready is {ready:?} after an error of the disk | {}, {step}", fault.name));
        }
        if !self.program.as_ref().unwrap().log().lines().any(|line| line.contains("ERROR") && line.contains("restart"))
        {
            self.report
                .fail(format!("the log does not say that the server has to be restarted | {}, {step}", fault.name));
        }
        match MutationKind::TopicCreate.prepare(&self.client).unwrap().result(&self.client) {
            RequestResult::Refused(code) if code == "UNAVAILABLE" => {}
            result => {
                let violation = "a write after an error of the disk is not refused as UNAVAILABLE";
                self.report.fail(format!("{violation}: {result} | {}, {step}", fault.name));
            }
        }
    }
}

/// Where in an act the first operation that failed lies: `write -wal, up to the commit`.
fn describe_step(trace: &[Operation]) -> String {
    let Some(number) = trace.iter().position(|operation| operation.failed) else { return "?".to_owned() };
    let committed = trace[..number].iter().any(|before| before.file == "-wal" && before.kind == "sync");
    let phase = if committed { "after the commit" } else { "up to the commit" };
    format!("{} {}, {phase}", trace[number].kind, trace[number].file)
}

/// Does something to the database through a connection that folds nothing.
fn execute_without_checkpoint(url: &str, statements: &str) -> Result<(), DbErr> {
    stored_rows::runtime().block_on(async {
        let connection = stored_rows::connect(url).await;
        connection.execute_unprepared("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF").await?;
        let done = connection.execute_unprepared(statements).await;
        connection.close().await?;
        done.map(drop)
    })
}

/// Makes the write-ahead log so long that the next commit folds it: one page, again and again.
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
        "other files are left alone"
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
