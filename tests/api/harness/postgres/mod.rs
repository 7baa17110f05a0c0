//! PostgreSQL for tests: finds or starts a server, and creates a database for each test.
//! The server is the one that `DATELINE_TEST_POSTGRES_URL` names, else one that is started for this process.
//! Without PostgreSQL the tests on it are skipped, unless `DATELINE_TEST_REQUIRE_POSTGRES=1` is set.
//! A test runner that starts one process for each test would start one server each: set the URL there.
//!
//! - `server`: starting and stopping a temporary server

mod server;

pub(crate) use server::Server;

use std::{collections::HashMap, env, io::Write, sync::OnceLock, thread, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

/// A server to use instead of one of our own, by a role that may create databases; `none` to leave PostgreSQL out.
const URL_VARIABLE: &str = "DATELINE_TEST_POSTGRES_URL";

/// Set to 1 it makes the absence of PostgreSQL a failure.
const REQUIRE_VARIABLE: &str = "DATELINE_TEST_REQUIRE_POSTGRES";

/// What the names of the databases made here begin with; a UUIDv7 follows, which tells when.
const PREFIX: &str = "dateline_test_";

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server on which databases may be made.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Address of its database `postgres`, or of the one that was named.
    url: String,
    templates: Mutex<HashMap<&'static str, TestDatabase>>,
    swept: OnceCell<()>,
    /// The server that was started here, which ends with this process.
    owned_server: Option<Server>,
}

/// One test's database. It is dropped with this value, whoever is still connected.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    name: String,
    server: String,
    /// For `Db::open` and `--database`.
    pub(crate) url: String,
}

/// The server, made at the first call; none where PostgreSQL is not to be had, and then it is told that the test did not run.
pub(crate) fn available() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Option<Cluster>, String>> = OnceLock::new();
    match CLUSTER.get_or_init(find_or_start) {
        Ok(None) => {
            report_skipped();
            None
        }
        Ok(cluster) => cluster.as_ref(),
        Err(reason) => panic!("{reason}"),
    }
}

/// Tells that the test of this thread did not run. The harness reports it as passed, since it has no word for that.
fn report_skipped() {
    let thread = thread::current();
    let name = thread.name().unwrap_or("a test");
    // Not `eprintln!`, which the test harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "did not run: {name} (there is no PostgreSQL)");
}

fn find_or_start() -> Result<Option<Cluster>, String> {
    let reason = match setting(URL_VARIABLE) {
        Some(url) if url == "none" => format!("{URL_VARIABLE} is \"none\""),
        Some(url) => return Ok(Some(Cluster::new(url, None))),
        None => match server::find_programs(&setting("PATH").unwrap_or_default()) {
            Some(program_folder) => {
                let owned_server = server::start(&program_folder)
                    .map_err(|error| format!("{error} (to go without: {URL_VARIABLE}=none)"))?;
                return Ok(Some(Cluster::new(owned_server.url.clone(), Some(owned_server))));
            }
            None => "no initdb and postgres were found".to_owned(),
        },
    };
    let advice = format!("install PostgreSQL 13 or newer (Debian: apt-get install postgresql) or set {URL_VARIABLE}");
    if setting(REQUIRE_VARIABLE).is_some_and(|value| value != "0") {
        return Err(format!("{REQUIRE_VARIABLE} asks for PostgreSQL, but {reason}: {advice}"));
    }
    // Not `eprintln!`, which the test harness keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "note: the tests on PostgreSQL are left out, since {reason}; to have them {advice}"
    );
    Ok(None)
}

#[expect(clippy::disallowed_methods, reason = "these are settings of the tests, not of the product")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Cluster {
    fn new(url: String, owned_server: Option<Server>) -> Self {
        Self { url, templates: Mutex::default(), swept: OnceCell::new(), owned_server }
    }

    /// A server of the test's own, to be stopped and started; none where PostgreSQL is not installed or not wanted.
    pub(crate) fn private() -> Option<Self> {
        let is_enabled = setting(URL_VARIABLE).is_none_or(|url| url != "none");
        let program_folder = server::find_programs(&setting("PATH").unwrap_or_default()).filter(|_| is_enabled);
        if program_folder.is_none() {
            report_skipped();
        }
        let program_folder = program_folder?;
        let owned_server = server::start(&program_folder).unwrap_or_else(|error| panic!("{error}"));
        Some(Self::new(owned_server.url.clone(), Some(owned_server)))
    }

    /// The server, where it was started here.
    pub(crate) fn owned_server(&mut self) -> Option<&mut Server> {
        self.owned_server.as_mut()
    }

    /// A new, empty database.
    pub(crate) async fn fresh_database(&self) -> TestDatabase {
        self.create("template0").await
    }

    /// A new database that has what `prepare` makes, which is called with a database's URL once per process and `template`.
    /// It closes what it opens: PostgreSQL does not copy a database to which somebody is connected.
    pub(crate) async fn database_from_template(
        &self,
        template: &'static str,
        prepare: impl AsyncFnOnce(&str),
    ) -> TestDatabase {
        let mut templates = self.templates.lock().await;
        let source = if let Some(database) = templates.get(template) {
            database.name.clone()
        } else {
            let database = self.fresh_database().await;
            prepare(&database.url).await;
            let name = database.name.clone();
            templates.insert(template, database);
            name
        };
        drop(templates);
        self.create(&source).await
    }

    /// A new database with all that is in another one. Whoever is connected to that one loses the connection.
    pub(crate) async fn copy_of(&self, url: &str) -> TestDatabase {
        let name = url.split('?').next().and_then(|address| address.rsplit('/').next()).unwrap_or_default();
        let terminate_sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        execute(&self.url, &terminate_sql).await.unwrap();
        self.create(name).await
    }

    async fn create(&self, template: &str) -> TestDatabase {
        self.swept.get_or_init(|| self.sweep()).await;
        let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
        execute(&self.url, &format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"))
            .await
            .unwrap_or_else(|error| panic!("no database could be made on the PostgreSQL of the tests: {error}"));
        TestDatabase { url: with_database(&self.url, &name), server: self.url.clone(), name }
    }

    /// Drops what a killed run left behind an hour ago or longer, on a server that is not ours to remove.
    async fn sweep(&self) {
        if self.owned_server.is_some() {
            return;
        }
        let Ok(connection) = connect(&self.url).await else { return };
        // The first 12 digits of a UUIDv7 are milliseconds.
        let old = format!(
            "SELECT datname FROM pg_database WHERE datname ~ '^{PREFIX}[0-9a-f]{{32}}$' AND substr(datname, {}, 12) \
             < lpad(to_hex((extract(epoch FROM now() - interval '1 hour') * 1000)::bigint), 12, '0')",
            PREFIX.len() + 1,
        );
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), old)).await;
        for name in rows.into_iter().flatten().filter_map(|row| row.try_get::<String>("", "datname").ok()) {
            // Another process may sweep too.
            let _ = connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
        let _ = connection.close().await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // The test's runtime cannot be waited for in here. A failure is no matter: the server or the next sweep ends it.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(execute(&server, &statement)))
        });
        let _ = dropping.join();
    }
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    Database::connect(
        ConnectOptions::new(url).max_connections(1).acquire_timeout(CONNECT_TIMEOUT).sqlx_logging(false).clone(),
    )
    .await
}

async fn execute(url: &str, statement: &str) -> Result<(), DbErr> {
    let connection = connect(url).await?;
    let result = connection.execute_unprepared(statement).await;
    connection.close().await?;
    result.map(drop)
}

/// The URL of another database on the same server.
fn with_database(url: &str, name: &str) -> String {
    let (server, query) = url.split_once('?').map_or((url, None), |(server, query)| (server, Some(query)));
    let authority = server.find("://").map_or(0, |at| at + 3);
    let end = server[authority..].find('/').map_or(server.len(), |at| authority + at);
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{}/{name}{query}", &server[..end])
}

#[test]
fn with_database_replaces_only_the_database_name() {
    assert_eq!(with_database("postgres://me:pw@db:5433/old", "new"), "postgres://me:pw@db:5433/new");
    assert_eq!(with_database("postgres://db", "new"), "postgres://db/new");
    assert_eq!(with_database("postgres://a@localhost/b?host=/tmp/x", "new"), "postgres://a@localhost/new?host=/tmp/x");
}

#[tokio::test]
async fn each_database_copies_its_template_and_is_dropped_with_its_value() {
    let Some(cluster) = available() else { return };
    let mut prepared = 0;
    let mut databases = Vec::new();
    for _ in 0..2 {
        let database = cluster
            .database_from_template("with a table", async |url| {
                prepared += 1;
                execute(url, "CREATE TABLE page (number bigint)").await.unwrap();
            })
            .await;
        // It is there, and what another database got is not.
        execute(&database.url, "ALTER TABLE page RENAME TO sheet").await.unwrap();
        databases.push(database);
    }
    assert_eq!(prepared, 1);
    let copy = cluster.copy_of(&databases[0].url).await;
    execute(&copy.url, "SELECT number FROM sheet").await.unwrap();
    let open = connect(&databases[0].url).await.unwrap();
    let url = databases[0].url.clone();
    drop(databases);
    assert!(open.execute_unprepared("SELECT 1").await.is_err());
    assert!(connect(&url).await.is_err());
}

#[tokio::test]
async fn a_private_server_stops_and_starts() {
    let Some(mut cluster) = Cluster::private() else { return };
    let database = cluster.fresh_database().await;
    let owned_server = cluster.owned_server().unwrap();
    let process = owned_server.folder.join("data/postmaster.pid");
    let before = std::fs::read_to_string(&process).unwrap();
    owned_server.control("restart immediate");
    assert_ne!(std::fs::read_to_string(&process).unwrap(), before);
    execute(&database.url, "SELECT 1").await.unwrap();
    owned_server.control("stop fast");
    assert!(connect(&database.url).await.is_err());
    owned_server.control("start");
    execute(&database.url, "SELECT 1").await.unwrap();
}
