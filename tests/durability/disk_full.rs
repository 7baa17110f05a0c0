//! Tests of a full disk. Acknowledged mutations must be stored, and rejected mutations must succeed after space is
//! freed.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::{Client, RequestResult},
    fault::{ENOSPC, Fault, Faults, Operations},
    load::{LoadGenerator, assert_no_failures},
    mutation::{MutationKind, Presence},
    program::Setup,
    stored_rows,
};

const ROUNDS: usize = 10;
const EDITORS: usize = 4;

/// Length of release bodies in characters. Bodies of this length fill a small disk quickly.
const TEXT_LENGTH: usize = 20_000;

/// Maximum time from the moment when the disk is full until the server rejects writes.
const TIMEOUT: Duration = Duration::from_secs(20);

const DISK_FULL: Fault =
    Fault { name: "ENOSPC", operations: Operations::Writes, error: ENOSPC, only_once: false, shortened: true };

/// A small disk in memory (tmpfs). Dropping this value unmounts it.
struct Disk {
    mount_point: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// Mounts a disk of some megabytes. If mounting is not permitted, prints a note and returns `None`.
    fn new(megabytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount_point = folder.path().join("disk");
        fs::create_dir(&mount_point).unwrap();
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "dateline-test"]).arg(&mount_point).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            let _ = writeln!(std::io::stderr(), "note: cannot mount a test disk; mounting needs root");
            return None;
        }
        Some(Self { mount_point, _folder: folder })
    }

    fn resize(&self, megabytes: usize) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.mount_point).status().unwrap().success());
    }

    /// Fills all free space of the disk with a file.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.mount_point.join("filler")
    }

    fn path(&self) -> &Path {
        &self.mount_point
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Unmounts lazily (`-l`), because a server that is being killed may still have files open.
        let _ = Command::new("umount").arg("-l").arg(&self.mount_point).status();
    }
}

#[test]
fn writes_resume_each_time_a_full_disk_has_space_again() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(48);
    let faults = if disk.is_some() { None } else { Faults::new(folder.path()) };
    if disk.is_none() && faults.is_none() {
        return;
    }
    let database_folder = disk.as_ref().map_or(folder.path(), Disk::path);
    let url = format!("sqlite://{}", database_folder.join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: faults.as_ref() };
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let mut client = Client { port: program.port, token };
    let load = LoadGenerator::start(&client, EDITORS, 1, TEXT_LENGTH / 4);
    let mut failures = Vec::new();
    for round in 1..=ROUNDS {
        let count_writes =
            |done: bool| load.count(|event| event.is_write && (event.result == RequestResult::Done) == done);
        let before = count_writes(false);
        match (&disk, &faults) {
            (Some(disk), _) => disk.fill(),
            (_, Some(faults)) => faults.arm(&DISK_FULL, 0),
            _ => unreachable!("either a disk or a fault shim exists"),
        }
        let started = Instant::now();
        while count_writes(false) < before + EDITORS && started.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(10));
        }
        let refused = count_writes(false) - before;
        match (&disk, &faults) {
            (Some(disk), _) => disk.free(),
            (_, Some(faults)) => faults.disarm(),
            _ => unreachable!("either a disk or a fault shim exists"),
        }
        let first = load.first_success(Instant::now(), true, Duration::from_secs(10));
        println!(
            "round {round}: {refused} writes failed while the disk was full; first successful write after space was freed: {}",
            first.map_or("none".to_owned(), |first| format!("{:.3} s", first.as_secs_f64()))
        );
        if refused == 0 {
            failures.push(format!("round {round}: no write was rejected although the disk was full"));
        }
        if first.is_none() {
            failures.push(format!("round {round}: no write succeeded although the disk has space again"));
            break;
        }
    }
    let report = load.finish();
    report.print("full disk");
    failures.extend(report.failures());
    failures.extend(report.inconsistencies(&client, &url));
    program.kill();
    let program = setup.serve();
    client.port = program.port;
    failures
        .extend(report.inconsistencies(&client, &url).into_iter().map(|failure| format!("after a restart: {failure}")));
    stored_rows::assert_consistent(&url);
    let done = report.mutations.iter().filter(|(_, result)| *result == RequestResult::Done).count();
    println!("full disk: {} mutations, {done} acknowledged", report.mutations.len());
    assert_no_failures("full disk", &failures);
}

/// Fills a disk of 6 MB with long releases, frees space, then sends one mutation of each kind, which must be stored.
#[test]
fn mutations_after_space_was_freed_are_stored() {
    let Some(disk) = Disk::new(6) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", disk.path().join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let mut client = Client { port: program.port, token };
    let kinds = [
        MutationKind::TokenCreate,
        MutationKind::TokenRevoke,
        MutationKind::ReleasePublish,
        MutationKind::ReleaseWithdraw,
        MutationKind::ReleaseRevise,
        MutationKind::TopicCreate,
        MutationKind::ReleaseCreate,
    ];
    let mutations: Vec<_> = kinds.iter().map(|kind| (kind, kind.prepare(&client).unwrap())).collect();
    let (mut failures, mut failed, mut done) = (Vec::new(), Vec::new(), Vec::new());
    while failed.len() < 2 {
        assert!(done.len() < 2000, "the disk did not fill up");
        let mutation = MutationKind::ReleaseCreate.prepare_sized(&client, TEXT_LENGTH).unwrap();
        match mutation.result(&client) {
            RequestResult::Done => done.push(mutation),
            result => failed.push((mutation, result)),
        }
    }
    println!("{} releases were created, then: {}, {}", done.len(), failed[0].1, failed[1].1);
    disk.resize(64);
    for (mutation, result) in &failed {
        match (result, mutation.presence(&url)) {
            (RequestResult::Refused(code), Presence::Absent) if code == "STORAGE_FULL" => {}
            (RequestResult::Unknown, _) => {}
            (result, presence) => failures.push(format!("on a full disk: {result}, {presence:?}")),
        }
    }
    for (kind, mutation) in &mutations {
        let (result, presence) = (mutation.result(&client), mutation.presence(&url));
        println!("{kind:?} after space was freed: {result}, {presence:?}");
        if result != RequestResult::Done || presence != Presence::Present {
            failures.push(format!("{kind:?} after space was freed: {result}, {presence:?}"));
        }
    }
    program.kill();
    let program = setup.serve();
    client.port = program.port;
    for (kind, mutation) in &mutations {
        let presence = mutation.presence(&url);
        println!("{kind:?} after a restart: {presence:?}");
        if presence != Presence::Present {
            failures.push(format!("{kind:?} after a restart: {presence:?}"));
        }
    }
    for mutation in &done {
        if mutation.presence(&url) != Presence::Present {
            failures.push(format!("acknowledged before the disk was full, but lost: {mutation:?}"));
        }
    }
    for (mutation, _) in &failed {
        let retry_result = mutation.result(&client);
        if !matches!(retry_result, RequestResult::Done | RequestResult::Repeated)
            || mutation.presence(&url) != Presence::Present
        {
            failures.push(format!("rejected on a full disk, and the retry failed: {retry_result}"));
        }
    }
    stored_rows::assert_consistent(&url);
    assert_no_failures("after space was freed", &failures);
}
