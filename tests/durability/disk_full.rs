//! A disk without room: what was refused can be done as soon as there is room again, and what was done is there.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    client::{Caller, Reply},
    fault::{ENOSPC, Fault, Faults, Operations},
    load::{Load, none},
    mutation::{Kind, Presence},
    program::Setup,
    stored_rows,
};

const ROUNDS: usize = 10;
const EDITORS: usize = 4;

/// Letters of a text that fills a disk quickly.
const LETTERS: usize = 20_000;

/// How long it may take until something is refused on a full disk, and done on one with room.
const PATIENCE: Duration = Duration::from_secs(20);

const FULL: Fault =
    Fault { name: "ENOSPC", operations: Operations::Writes, error: ENOSPC, once: false, shortened: true };

/// A small disk in memory; unmounted with this value.
struct Disk {
    mounted: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// None where it may not be mounted, which is told.
    fn new(megabytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = folder.path().join("disk");
        fs::create_dir(&mounted).unwrap();
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "dateline-test"]).arg(&mounted).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            let _ = writeln!(std::io::stderr(), "note: no disk can be mounted here; only root may");
            return None;
        }
        Some(Self { mounted, _folder: folder })
    }

    fn resize(&self, megabytes: usize) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.mounted).status().unwrap().success());
    }

    /// Takes all the room there is.
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
        self.mounted.join("filler")
    }

    fn path(&self) -> &Path {
        &self.mounted
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that is being killed may still have it open.
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

#[test]
fn ten_times_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(48);
    let faults = if disk.is_some() { None } else { Faults::new(folder.path()) };
    if disk.is_none() && faults.is_none() {
        return;
    }
    let place = disk.as_ref().map_or(folder.path(), Disk::path);
    let url = format!("sqlite://{}", place.join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: faults.as_ref() };
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let mut caller = Caller { port: program.port, token };
    let load = Load::begin(&caller, EDITORS, 1, LETTERS / 4);
    let mut wrong = Vec::new();
    for round in 1..=ROUNDS {
        let answered = |done: bool| load.count(|event| event.writes && (event.reply == Reply::Done) == done);
        let before = answered(false);
        match (&disk, &faults) {
            (Some(disk), _) => disk.fill(),
            (_, Some(faults)) => faults.arm(&FULL, 0),
            _ => unreachable!("one of them fills it"),
        }
        let begun = Instant::now();
        while answered(false) < before + EDITORS && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
        let refused = answered(false) - before;
        match (&disk, &faults) {
            (Some(disk), _) => disk.free(),
            (_, Some(faults)) => faults.disarm(),
            _ => unreachable!("one of them fills it"),
        }
        let first = load.first(Instant::now(), true, Duration::from_secs(10));
        println!(
            "round {round}: {refused} not done while the disk was full; the first write done {} after there was room",
            first.map_or("not".to_owned(), |first| format!("{:.3} s", first.as_secs_f64()))
        );
        if refused == 0 {
            wrong.push(format!("round {round}: nothing was refused though the disk was full"));
        }
        if first.is_none() {
            wrong.push(format!("round {round}: nothing is written though there is room again"));
            break;
        }
    }
    let report = load.end();
    report.print("full disk");
    wrong.extend(report.wrong());
    wrong.extend(report.lost(&caller, &url));
    program.kill();
    let program = setup.serve();
    caller.port = program.port;
    wrong.extend(report.lost(&caller, &url).into_iter().map(|what| format!("after a restart: {what}")));
    stored_rows::are_sound(&url);
    let done = report.acts.iter().filter(|(_, reply)| *reply == Reply::Done).count();
    println!("full disk: {} acts, {done} acknowledged", report.acts.len());
    none("full disk", &wrong);
}

/// A newsroom on a disk of 6 MB: long releases until it is full, then room, then all that an editor does.
#[test]
fn what_is_done_after_room_was_made_is_there() {
    let Some(disk) = Disk::new(6) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", disk.path().join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let mut caller = Caller { port: program.port, token };
    let kinds = [
        Kind::TokenCreate,
        Kind::TokenRevoke,
        Kind::ReleasePublish,
        Kind::ReleaseWithdraw,
        Kind::ReleaseRevise,
        Kind::TopicCreate,
        Kind::ReleaseCreate,
    ];
    let acts: Vec<_> = kinds.iter().map(|kind| (kind, kind.prepare(&caller).unwrap())).collect();
    let (mut wrong, mut failed, mut done) = (Vec::new(), Vec::new(), Vec::new());
    while failed.len() < 2 {
        assert!(done.len() < 2000, "the disk does not fill up");
        let act = Kind::ReleaseCreate.prepare_sized(&caller, LETTERS).unwrap();
        match act.reply(&caller) {
            Reply::Done => done.push(act),
            reply => failed.push((act, reply)),
        }
    }
    println!("{} releases were made, then: {}, {}", done.len(), failed[0].1, failed[1].1);
    disk.resize(64);
    for (act, reply) in &failed {
        match (reply, act.presence(&url)) {
            (Reply::Refused(code), Presence::Absent) if code == "STORAGE_FULL" => {}
            (Reply::Unknown, _) => {}
            (reply, presence) => wrong.push(format!("on a full disk: {reply}, {presence:?}")),
        }
    }
    for (kind, act) in &acts {
        let (reply, presence) = (act.reply(&caller), act.presence(&url));
        println!("{kind:?} after room was made: {reply}, {presence:?}");
        if reply != Reply::Done || presence != Presence::Present {
            wrong.push(format!("{kind:?} after room was made: {reply}, {presence:?}"));
        }
    }
    program.kill();
    let program = setup.serve();
    caller.port = program.port;
    for (kind, act) in &acts {
        let presence = act.presence(&url);
        println!("{kind:?} after a restart: {presence:?}");
        if presence != Presence::Present {
            wrong.push(format!("{kind:?} after a restart: {presence:?}"));
        }
    }
    for act in &done {
        if act.presence(&url) != Presence::Present {
            wrong.push(format!("acknowledged before the disk was full, and lost: {act:?}"));
        }
    }
    for (act, _) in &failed {
        let again = act.reply(&caller);
        if !matches!(again, Reply::Done | Reply::Repeated) || act.presence(&url) != Presence::Present {
            wrong.push(format!("refused on a full disk, and cannot be done later: {again}"));
        }
    }
    stored_rows::are_sound(&url);
    none("after room was made", &wrong);
}
