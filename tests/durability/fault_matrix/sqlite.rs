//! SQLite: each write, sync and change of size of the database, its write-ahead log and its shared memory fails once.

use std::path::Path;

use sea_orm::{ConnectionTrait, DbErr};

use super::report::{Sheet, Trial};
use crate::{
    client::{Caller, Reply, status_of},
    fault::{EDQUOT, EFBIG, EIO, ENOSPC, Fault, Faults, Operation, Operations},
    mutation::{Act, KINDS, Kind, Presence},
    program::{Program, Setup},
    stored_rows,
};

/// Frames in the write-ahead log from which on SQLite folds it into the file (`wal_autocheckpoint`), and some more.
const CHECKPOINT_FRAMES: usize = 1010;

const fn fault(name: &'static str, operations: Operations, error: i32, once: bool) -> Fault {
    Fault { name, operations, error, once, shortened: false }
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
fn no_room() {
    Bench::run("SQLite: no room", |bench| {
        for kind in KINDS {
            bench.steps(kind, &FULL, 1);
            bench.steps(kind, &FULL_ONCE, 3);
            bench.steps(kind, &FULL_IN_THE_MIDDLE, 5);
        }
    });
}

#[test]
fn quota_and_file_size() {
    Bench::run("SQLite: quota and file size", |bench| {
        for kind in KINDS {
            bench.steps(kind, &QUOTA, 7);
            bench.steps(kind, &TOO_BIG, 7);
        }
    });
}

#[test]
fn failing_syncs() {
    Bench::run("SQLite: failing syncs", |bench| {
        for kind in KINDS {
            bench.steps(kind, &SYNC, 1);
            bench.steps(kind, &SYNC_ONCE, 1);
        }
    });
}

#[test]
fn failing_writes() {
    Bench::run("SQLite: failing writes", |bench| {
        for kind in KINDS {
            let stride = if kind == Kind::ReleaseCreate { 1 } else { 5 };
            bench.steps(kind, &WRITE, stride);
            bench.steps(kind, &WRITE_ONCE, stride * 3);
            bench.steps(kind, &RESIZE_ONCE, stride * 5);
        }
    });
}

#[test]
fn checkpoints() {
    Bench::run("SQLite: checkpoints", |bench| {
        bench.checkpoint = true;
        for kind in [Kind::ReleaseCreate, Kind::ReleasePublish, Kind::TokenCreate] {
            bench.steps(kind, &FULL, 3);
            bench.steps(kind, &SYNC_ONCE, 1);
            bench.steps(kind, &WRITE_ONCE, 9);
        }
    });
}

/// A newsroom on SQLite whose disk can fail.
struct Bench<'a> {
    setup: Setup<'a>,
    faults: &'a Faults,
    /// None while it is started anew.
    program: Option<Program>,
    caller: Caller,
    sheet: Sheet,
    /// Whether each act is to be one that folds the write-ahead log into the file.
    checkpoint: bool,
    /// What has been done since the last start and must be there after the next one.
    done: Vec<Act>,
    /// The last fault was another error than a full disk.
    is_disk_error: bool,
}

impl Bench<'_> {
    fn run(name: &'static str, trials: impl FnOnce(&mut Bench)) {
        let folder = tempfile::tempdir().unwrap();
        let Some(faults) = Faults::new(folder.path()) else { return };
        let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
        let setup = Setup { folder: folder.path(), url: &url, faults: Some(&faults) };
        let token = setup.token("Kim", "ADMIN");
        scratch(&url, "CREATE TABLE scratch (number integer); INSERT INTO scratch VALUES (0)").unwrap();
        let program = setup.serve();
        let caller = Caller { port: program.port, token };
        let mut bench = Bench {
            setup,
            faults: &faults,
            program: Some(program),
            caller,
            sheet: Sheet::new(name),
            checkpoint: false,
            done: Vec::new(),
            is_disk_error: false,
        };
        trials(&mut bench);
        bench.restart();
        stored_rows::are_sound(&url);
        bench.sheet.close();
    }

    /// `kill -9`, and a start without faults; what had been done is still there.
    fn restart(&mut self) {
        self.faults.disarm();
        self.program.take().unwrap().kill();
        let program = self.setup.serve();
        self.caller.port = program.port;
        self.program = Some(program);
        let done = std::mem::take(&mut self.done);
        self.sheet.still_there(&done, self.setup.url);
    }

    /// An act, on a server that has had to be started anew where it did nothing more.
    fn prepare(&mut self, kind: Kind) -> Act {
        match kind.prepare(&self.caller) {
            Ok(act) => act,
            Err(reply) => {
                // After an error of the disk in something beside the act, the keeping of its answer or a checkpoint, nothing
                // is written before the next start; and the server says so.
                let ready = status_of(self.caller.port, "/health/ready").map(|(status, _)| status);
                if !(self.is_disk_error && ready == Some(503) && reply == Reply::Refused("UNAVAILABLE".to_owned())) {
                    self.sheet.stuck(&reply);
                }
                self.restart();
                kind.prepare(&self.caller).expect("it writes after a start")
            }
        }
    }

    /// One trial for every so many operations of an act, as long as there are any.
    fn steps(&mut self, kind: Kind, fault: &Fault, stride: usize) {
        for after in (0..).step_by(stride) {
            if !self.trial(kind, fault, after) {
                return;
            }
        }
    }

    /// Whether there may be a later step.
    fn trial(&mut self, kind: Kind, fault: &Fault, after: u64) -> bool {
        let url = self.setup.url;
        let act = self.prepare(kind);
        if self.checkpoint
            && let Err(error) = fill_log(url)
        {
            self.sheet.stuck(&format!("another program cannot write: {error}"));
            self.restart();
            return true;
        }
        self.is_disk_error = fault.error != ENOSPC;
        self.faults.arm(fault, after);
        let answered = act.reply(&self.caller);
        let seen = act.presence(url);
        let struck = self.faults.failed() > 0;
        self.faults.disarm();
        let step = step(&self.faults.trace());
        if !struck {
            // It had fewer operations than that; or the server does not get as far as the disk.
            if answered == Reply::Done && seen == Presence::Present {
                self.done.push(act);
                return false;
            }
            self.sheet.stuck(&answered);
            self.restart();
            return true;
        }
        // Other errors than a full disk leave it open what is on it: nothing is written any more.
        let stops = fault.error != ENOSPC && answered != Reply::Done;
        // The other times it is killed with nothing in between that would write over what was refused.
        if stops && !fault.once {
            self.is_stopped(fault, &step);
        }
        // Also where it was done: what comes after the commit may have failed.
        if fault.error != ENOSPC || after.is_multiple_of(4) {
            self.restart();
        }
        let kept = act.presence(url);
        let again = act.reply(&self.caller);
        let last = act.presence(url);
        let trial = Trial { kind, fault: fault.name.to_owned(), step, answered, seen, kept, again, last };
        self.sheet.note(&trial);
        self.done.push(act);
        true
    }

    /// After an error of the disk nothing is written before the next start, and whoever looks after the server is told.
    fn is_stopped(&mut self, fault: &Fault, step: &str) {
        let ready = status_of(self.caller.port, "/health/ready").map(|(status, _)| status);
        if ready != Some(503) {
            self.sheet.fail(format!("/health/ready is {ready:?} after an error of the disk | {}, {step}", fault.name));
        }
        if !self.program.as_ref().unwrap().log().lines().any(|line| line.contains("ERROR") && line.contains("restart"))
        {
            self.sheet
                .fail(format!("the log does not say that the server has to be restarted | {}, {step}", fault.name));
        }
        match Kind::TopicCreate.prepare(&self.caller).unwrap().reply(&self.caller) {
            Reply::Refused(code) if code == "UNAVAILABLE" => {}
            reply => {
                let told = "a write after an error of the disk is not refused as UNAVAILABLE";
                self.sheet.fail(format!("{told}: {reply} | {}, {step}", fault.name));
            }
        }
    }
}

/// Where in an act the first operation that failed lies: `write -wal, up to the commit`.
fn step(trace: &[Operation]) -> String {
    let Some(number) = trace.iter().position(|operation| operation.struck) else { return "?".to_owned() };
    let committed = trace[..number].iter().any(|before| before.file == "-wal" && before.kind == "sync");
    let when = if committed { "after the commit" } else { "up to the commit" };
    format!("{} {}, {when}", trace[number].kind, trace[number].file)
}

/// Does something to the database through a connection that folds nothing.
fn scratch(url: &str, statements: &str) -> Result<(), DbErr> {
    stored_rows::runtime().block_on(async {
        let connection = stored_rows::connect(url).await;
        connection.execute_unprepared("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF").await?;
        let done = connection.execute_unprepared(statements).await;
        connection.close().await?;
        done.map(drop)
    })
}

/// Makes the write-ahead log so long that the next commit folds it: one page, again and again.
fn fill_log(url: &str) -> Result<(), DbErr> {
    scratch(url, &"UPDATE scratch SET number = number + 1; ".repeat(CHECKPOINT_FRAMES))
}

#[test]
fn the_shim_counts_and_strikes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(faults) = Faults::new(folder.path()) else { return };
    let act = |path: &Path, script: &str| {
        let mut command = std::process::Command::new("sh");
        faults.preload(&mut command);
        command.args(["-c", script, "sh"]).arg(path).output().unwrap()
    };
    let write = |struck: bool| Operation { file: "-wal", kind: "write", struck };
    let (wal, other) = (folder.path().join("x.db-wal"), folder.path().join("x.txt"));
    let twice = "printf one >\"$1\"; printf two >>\"$1\"";
    faults.arm(&FULL, 1);
    assert!(act(&other, twice).status.success() && faults.trace().is_empty(), "other files are left alone");
    assert!(!act(&wal, twice).status.success());
    assert_eq!(std::fs::read_to_string(&wal).unwrap(), "one");
    assert_eq!((faults.failed(), faults.trace()), (1, vec![write(false), write(true)]));
    faults.arm(&FULL_IN_THE_MIDDLE, 0);
    act(&wal, "printf whole >\"$1\"");
    assert_eq!(std::fs::read_to_string(&wal).unwrap(), "wh");
    faults.disarm();
    assert!(act(&wal, twice).status.success());
}
