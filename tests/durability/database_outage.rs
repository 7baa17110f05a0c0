//! A database that goes away and comes back, under load: stopped, restarted, its connections ended, paused, locked by somebody
//! else. Meanwhile everything is refused soon and in the same way; afterwards everything works again.

use std::{
    fs,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;

use crate::{
    client::{Caller, status_of},
    load::{Load, none},
    postgres::{Cluster, TestDatabase},
    program::{Setup, signal},
    proxy::Proxy,
    stored_rows,
};

/// How long it may take until things work again.
const RETURN: Duration = Duration::from_secs(10);

/// How long an outage is that has to show at `/health/ready`.
const OUTAGE: Duration = Duration::from_secs(6);

/// All processes of the server in a folder: the one that listens, and its children.
pub(crate) fn processes(folder: &Path) -> Vec<u32> {
    let postmaster = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    let Some(postmaster) = postmaster.lines().next().and_then(|line| line.trim().parse::<u32>().ok()) else {
        return Vec::new();
    };
    let mut found = vec![postmaster];
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // pid (name) state parent …
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(postmaster) {
            found.push(id);
        }
    }
    found
}

/// A paused server; it goes on with the end of this value.
pub(crate) struct Paused(Vec<u32>);

impl Paused {
    pub(crate) fn new(folder: &Path) -> Self {
        let mut all = Vec::new();
        // It may be making another process meanwhile.
        for _ in 0..2 {
            all = processes(folder);
            signal("STOP", &all);
        }
        Self(all)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

/// A SQLite file that somebody writes to, for as long as this value lives.
pub(crate) struct Locked {
    release: Option<mpsc::Sender<()>>,
    holder: Option<thread::JoinHandle<()>>,
}

impl Locked {
    pub(crate) fn new(url: &str) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let url = url.to_owned();
        let holder = thread::spawn(move || {
            stored_rows::runtime().block_on(async {
                let connection = stored_rows::connect(&url).await;
                connection.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
                tell.send(()).unwrap();
                let _ = released.recv();
                connection.execute_unprepared("ROLLBACK").await.unwrap();
                connection.close().await.unwrap();
            });
        });
        told.recv().expect("the file can be locked");
        Self { release: Some(release), holder: Some(holder) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.release.take();
        let _ = self.holder.take().map(thread::JoinHandle::join);
    }
}

/// What an outage has to look like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    /// It is so long, and so complete, that `/health/ready` has to say so.
    Turns,
    /// It is over soon, or reads go on.
    MayStay,
}

/// Under load: something happens, and is over when it returns.
fn outage(name: &str, setup: Setup, direct: &str, ready: Ready, happen: impl FnOnce()) {
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let caller = Caller { port: program.port, token };
    let mut wrong = Vec::new();
    let load = Load::begin(&caller, 2, 3, 300);
    thread::sleep(Duration::from_secs(1));

    let begun = Instant::now();
    let (stop, stopped) = mpsc::channel::<()>();
    let port = caller.port;
    // Looks at the health until it is told to stop: when it first was bad, and how long the slowest look took.
    let watch = thread::spawn(move || {
        let (mut bad, mut slowest) = (None, Duration::ZERO);
        while stopped.recv_timeout(Duration::from_millis(50)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let looked = status_of(port, "/health/ready");
            slowest = slowest.max(looked.map_or(Duration::ZERO, |(_, took)| took));
            if looked.is_none_or(|(status, _)| status != 200) {
                bad.get_or_insert((begun.elapsed(), looked.map(|(status, _)| status)));
            }
        }
        (bad, slowest)
    });
    happen();
    let back = Instant::now();
    let seconds =
        |time: Option<Duration>| time.map_or_else(|| "NEVER".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()));
    let (read, write) = (load.first(back, false, RETURN), load.first(back, true, RETURN));
    drop(stop);
    let (bad, slowest) = watch.join().unwrap();
    let good = (0..100).find_map(|_| {
        let ready = status_of(port, "/health/ready").is_some_and(|(status, _)| status == 200);
        thread::sleep(Duration::from_millis(if ready { 0 } else { 50 }));
        ready.then(|| back.elapsed())
    });
    println!(
        "{name}: away for {:.1} s; /health/ready was not 200 after {} (slowest look {:.2} s), 200 again; \
         after the return the first read came after {}, the first write after {}",
        (back - begun).as_secs_f64(),
        seconds(bad.map(|(after, _)| after)),
        slowest.as_secs_f64(),
        seconds(read),
        seconds(write)
    );
    let report = load.end();
    report.print(name);
    if ready == Ready::Turns && bad.is_none() {
        wrong.push("/health/ready stayed 200 during the outage".to_owned());
    }
    if let Some((_, status)) = bad.filter(|(_, status)| *status != Some(503)) {
        wrong.push(format!("/health/ready is {status:?}, not 503"));
    }
    if good.is_none() {
        wrong.push("/health/ready did not come back to 200".to_owned());
    }
    if read.is_none() || write.is_none() {
        wrong.push(format!("no read or no write within {} s after the return", RETURN.as_secs()));
    }
    wrong.extend(report.wrong());
    wrong.extend(report.lost(&caller, direct));
    none(name, &wrong);
    stored_rows::are_sound(direct);
}

/// The same on a PostgreSQL server of the test's own.
fn postgres_outage(name: &str, ready: Ready, happen: impl FnOnce(&mut Cluster, &TestDatabase)) {
    let Some(mut cluster) = Cluster::private() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &database.url, faults: None };
    outage(name, setup, &database.url, ready, || happen(&mut cluster, &database));
}

fn control(cluster: &mut Cluster, command: &str) {
    cluster.own().unwrap().control(command);
}

#[test]
fn restarted_fast() {
    postgres_outage("restart -m fast", Ready::MayStay, |cluster, _| control(cluster, "restart fast"));
}

#[test]
fn restarted_at_once() {
    postgres_outage("restart -m immediate", Ready::MayStay, |cluster, _| control(cluster, "restart immediate"));
}

#[test]
fn stopped_for_a_while() {
    postgres_outage("stopped", Ready::Turns, |cluster, _| {
        control(cluster, "stop fast");
        thread::sleep(OUTAGE);
        control(cluster, "start");
    });
}

#[test]
fn connections_ended() {
    postgres_outage("connections ended", Ready::MayStay, |_, database| {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for _ in 0..5 {
            stored_rows::numbers(&database.url, &[end]);
            thread::sleep(Duration::from_millis(300));
        }
    });
}

#[test]
fn paused() {
    postgres_outage("paused", Ready::Turns, |cluster, _| {
        let paused = Paused::new(&cluster.own().unwrap().folder);
        thread::sleep(Duration::from_secs(20));
        drop(paused);
    });
}

#[test]
fn network_gone() {
    let Some(cluster) = crate::postgres::available() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let proxy = Proxy::new(&database.url);
    let url = proxy.url(&database.url);
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    outage("nothing passes, then nothing is let in", setup, &database.url, Ready::Turns, || {
        proxy.stall();
        thread::sleep(OUTAGE);
        proxy.refuse();
        thread::sleep(OUTAGE);
        proxy.calm();
    });
}

#[test]
fn locked_by_another_writer() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    // Reads go on: whether a server that only reads is ready is not said here, but printed.
    outage("locked", setup, &url, Ready::MayStay, || {
        let locked = Locked::new(&url);
        thread::sleep(Duration::from_secs(15));
        drop(locked);
    });
}
