//! Tests of database outages under load: the database is stopped, restarted, paused, disconnected, or locked. During
//! an outage, the server must reject requests quickly and with the same error, and `/health/ready` must report the
//! outage. Afterwards the server must recover without a restart.

use std::{
    fs,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;

use crate::{
    client::{Client, status_of},
    load::{LoadGenerator, assert_no_failures},
    postgres::{Cluster, TestDatabase},
    program::{Setup, signal},
    proxy::Proxy,
    stored_rows,
};

/// Maximum time from the end of an outage until requests succeed.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Duration of an outage that is long enough for `/health/ready` to report it.
const OUTAGE_DURATION: Duration = Duration::from_secs(6);

/// Returns the process ids of the PostgreSQL server in a folder: the postmaster and its child processes.
pub(crate) fn processes(folder: &Path) -> Vec<u32> {
    let postmaster = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    let Some(postmaster) = postmaster.lines().next().and_then(|line| line.trim().parse::<u32>().ok()) else {
        return Vec::new();
    };
    let mut ids = vec![postmaster];
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // The file `stat` starts with: pid (name) state parent-pid.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(postmaster) {
            ids.push(id);
        }
    }
    ids
}

/// A PostgreSQL server whose processes are paused with SIGSTOP. Dropping this value resumes them.
pub(crate) struct PausedServer(Vec<u32>);

impl PausedServer {
    pub(crate) fn new(folder: &Path) -> Self {
        let mut all = Vec::new();
        // Pauses the processes twice, because the postmaster may fork another process before it is paused itself.
        for _ in 0..2 {
            all = processes(folder);
            signal("STOP", &all);
        }
        Self(all)
    }
}

impl Drop for PausedServer {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

/// A write lock on a SQLite file. A separate connection holds the lock until this value is dropped.
pub(crate) struct WriteLock {
    release: Option<mpsc::Sender<()>>,
    lock_thread: Option<thread::JoinHandle<()>>,
}

impl WriteLock {
    pub(crate) fn new(url: &str) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (locked_sender, locked) = mpsc::channel();
        let url = url.to_owned();
        let lock_thread = thread::spawn(move || {
            stored_rows::runtime().block_on(async {
                let connection = stored_rows::connect(&url).await;
                connection.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
                locked_sender.send(()).unwrap();
                let _ = released.recv();
                connection.execute_unprepared("ROLLBACK").await.unwrap();
                connection.close().await.unwrap();
            });
        });
        locked.recv().expect("lock the file");
        Self { release: Some(release), lock_thread: Some(lock_thread) }
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        self.release.take();
        let _ = self.lock_thread.take().map(thread::JoinHandle::join);
    }
}

/// Whether `/health/ready` must report an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExpectedReadiness {
    /// `/health/ready` must fail, because the outage is long and complete.
    BecomesNotReady,
    /// `/health/ready` may stay 200, because the outage is short or reads still work.
    MayStay,
}

/// Runs a server under load, calls `cause_outage`, and checks the responses and the recovery. `cause_outage` must end
/// the outage before it returns.
fn outage(name: &str, setup: Setup, direct: &str, ready: ExpectedReadiness, cause_outage: impl FnOnce()) {
    let token = setup.token("Kim", "ADMIN");
    let program = setup.serve();
    let client = Client { port: program.port, token };
    let mut failures = Vec::new();
    let load = LoadGenerator::start(&client, 2, 3, 300);
    thread::sleep(Duration::from_secs(1));

    let started = Instant::now();
    let (stop, stopped) = mpsc::channel::<()>();
    let port = client.port;
    // Polls `/health/ready` until `stop` is dropped. The thread returns the time of the first failure, and the
    // longest response time.
    let health_monitor = thread::spawn(move || {
        let (mut first_failure, mut slowest) = (None, Duration::ZERO);
        while stopped.recv_timeout(Duration::from_millis(50)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let response = status_of(port, "/health/ready");
            slowest = slowest.max(response.map_or(Duration::ZERO, |(_, took)| took));
            if response.is_none_or(|(status, _)| status != 200) {
                first_failure.get_or_insert((started.elapsed(), response.map(|(status, _)| status)));
            }
        }
        (first_failure, slowest)
    });
    cause_outage();
    let outage_end = Instant::now();
    let seconds =
        |time: Option<Duration>| time.map_or_else(|| "NEVER".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()));
    let (read, write) = (
        load.first_success(outage_end, false, RECOVERY_TIMEOUT),
        load.first_success(outage_end, true, RECOVERY_TIMEOUT),
    );
    drop(stop);
    let (first_failure, slowest) = health_monitor.join().unwrap();
    let recovered_after = (0..100).find_map(|_| {
        let ready = status_of(port, "/health/ready").is_some_and(|(status, _)| status == 200);
        thread::sleep(Duration::from_millis(if ready { 0 } else { 50 }));
        ready.then(|| outage_end.elapsed())
    });
    println!(
        "{name}: outage of {:.1} s; /health/ready first failed after {} (slowest response {:.2} s); \
         after the outage, first successful read after {}, first successful write after {}",
        (outage_end - started).as_secs_f64(),
        seconds(first_failure.map(|(after, _)| after)),
        slowest.as_secs_f64(),
        seconds(read),
        seconds(write)
    );
    let report = load.finish();
    report.print(name);
    if ready == ExpectedReadiness::BecomesNotReady && first_failure.is_none() {
        failures.push("/health/ready stayed 200 during the outage".to_owned());
    }
    if let Some((_, status)) = first_failure.filter(|(_, status)| *status != Some(503)) {
        failures.push(format!("/health/ready is {status:?}, not 503"));
    }
    if recovered_after.is_none() {
        failures.push("/health/ready did not return to 200 after the outage".to_owned());
    }
    if read.is_none() || write.is_none() {
        failures.push(format!("no successful read or write within {} s after the outage", RECOVERY_TIMEOUT.as_secs()));
    }
    failures.extend(report.failures());
    failures.extend(report.inconsistencies(&client, direct));
    assert_no_failures(name, &failures);
    stored_rows::assert_consistent(direct);
}

/// Runs [`outage`] with a separate PostgreSQL server, which `cause_outage` may stop and restart.
fn postgres_outage(name: &str, ready: ExpectedReadiness, cause_outage: impl FnOnce(&mut Cluster, &TestDatabase)) {
    let Some(mut cluster) = Cluster::private() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &database.url, faults: None };
    outage(name, setup, &database.url, ready, || cause_outage(&mut cluster, &database));
}

fn control(cluster: &mut Cluster, command: &str) {
    cluster.owned_server().unwrap().control(command);
}

#[test]
fn recovers_after_a_fast_restart_of_postgres() {
    postgres_outage("restart -m fast", ExpectedReadiness::MayStay, |cluster, _| control(cluster, "restart fast"));
}

#[test]
fn recovers_after_an_immediate_restart_of_postgres() {
    postgres_outage("restart -m immediate", ExpectedReadiness::MayStay, |cluster, _| {
        control(cluster, "restart immediate")
    });
}

#[test]
fn recovers_after_postgres_was_stopped() {
    postgres_outage("stopped", ExpectedReadiness::BecomesNotReady, |cluster, _| {
        control(cluster, "stop fast");
        thread::sleep(OUTAGE_DURATION);
        control(cluster, "start");
    });
}

#[test]
fn recovers_after_connections_were_terminated() {
    postgres_outage("connections ended", ExpectedReadiness::MayStay, |_, database| {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for _ in 0..5 {
            stored_rows::query_numbers(&database.url, &[end]);
            thread::sleep(Duration::from_millis(300));
        }
    });
}

#[test]
fn recovers_after_postgres_was_paused() {
    postgres_outage("paused", ExpectedReadiness::BecomesNotReady, |cluster, _| {
        let paused = PausedServer::new(&cluster.owned_server().unwrap().folder);
        thread::sleep(Duration::from_secs(20));
        drop(paused);
    });
}

#[test]
fn recovers_after_a_network_outage() {
    let Some(cluster) = crate::postgres::available() else { return };
    let database = stored_rows::runtime().block_on(cluster.fresh_database());
    let proxy = Proxy::new(&database.url);
    let url = proxy.url(&database.url);
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    outage(
        "network stalled, then connections refused",
        setup,
        &database.url,
        ExpectedReadiness::BecomesNotReady,
        || {
            proxy.stall();
            thread::sleep(OUTAGE_DURATION);
            proxy.refuse();
            thread::sleep(OUTAGE_DURATION);
            proxy.reset();
        },
    );
}

#[test]
fn recovers_after_a_sqlite_write_lock() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("newsroom.db").display());
    let setup = Setup { folder: folder.path(), url: &url, faults: None };
    // Reads continue while writes are locked, so `/health/ready` may succeed or fail.
    outage("locked", setup, &url, ExpectedReadiness::MayStay, || {
        let locked = WriteLock::new(&url);
        thread::sleep(Duration::from_secs(15));
        drop(locked);
    });
}
