//! PostgreSQL for tests: finds or starts a server, and creates a database for each test.
//!
//! The variable `DATELINE_TEST_POSTGRES_URL` names the server to use. If it is not set, the tests of this process
//! start a temporary server and share it. If PostgreSQL is not installed, the tests that need it are skipped; with
//! `DATELINE_TEST_REQUIRE_POSTGRES=1` they fail instead. Set the URL for a test runner that starts a separate process
//! for each test, because each process would start its own server.
//!
//! - `server`: starts and stops the temporary server

mod server;

pub(crate) use server::Server;

use std::{collections::HashMap, env, io::Write, sync::OnceLock, thread, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, Statement};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

/// Environment variable with the URL of a PostgreSQL server to use instead of a temporary server. The role in the URL
/// must be allowed to create databases. The value `none` skips the tests on PostgreSQL.
const URL_VARIABLE: &str = "DATELINE_TEST_POSTGRES_URL";

/// Environment variable that, if set to 1, makes the tests on PostgreSQL fail instead of being skipped if PostgreSQL
/// is missing.
const REQUIRE_VARIABLE: &str = "DATELINE_TEST_REQUIRE_POSTGRES";

/// Prefix of the names of test databases. The rest of a name is a UUIDv7, which contains the creation time.
const PREFIX: &str = "dateline_test_";

/// Timeout for opening a connection to PostgreSQL.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A PostgreSQL server on which tests can create databases.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// URL of the database `postgres` on the temporary server, or the URL in [`URL_VARIABLE`].
    url: String,
    templates: Mutex<HashMap<&'static str, TestDatabase>>,
    swept: OnceCell<()>,
    /// The temporary server. `None` if the server was not started by this process.
    owned_server: Option<Server>,
}

/// The database of one test. Dropping this value drops the database, even if clients are still connected to it.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    name: String,
    server: String,
    /// The URL of the database, for `Db::open` and `--database`.
    pub(crate) url: String,
}

/// Returns the PostgreSQL server of this process. The first call finds or starts the server. If PostgreSQL is not
/// available, reports that the test was skipped and returns `None`.
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

/// Prints that the test of this thread was skipped. Rust's test runner has no status for a test that skips itself and
/// reports it as passed.
fn report_skipped() {
    let thread = thread::current();
    let name = thread.name().unwrap_or("a test");
    // `eprintln!` would be captured by the test harness.
    let _ = writeln!(std::io::stderr(), "skipped: {name} (PostgreSQL is not available)");
}

fn find_or_start() -> Result<Option<Cluster>, String> {
    let reason = match setting(URL_VARIABLE) {
        Some(url) if url == "none" => format!("{URL_VARIABLE} is \"none\""),
        Some(url) => return Ok(Some(Cluster::new(url, None))),
        None => match server::find_programs(&setting("PATH").unwrap_or_default()) {
            Some(program_folder) => {
                let owned_server = server::start(&program_folder)
                    .map_err(|error| format!("{error} (to skip PostgreSQL tests: {URL_VARIABLE}=none)"))?;
                return Ok(Some(Cluster::new(owned_server.url.clone(), Some(owned_server))));
            }
            None => "initdb, postgres and pg_ctl were not found".to_owned(),
        },
    };
    let advice = format!("install PostgreSQL 13 or newer (Debian: apt-get install postgresql) or set {URL_VARIABLE}");
    if setting(REQUIRE_VARIABLE).is_some_and(|value| value != "0") {
        return Err(format!("{REQUIRE_VARIABLE} requires PostgreSQL, but {reason}: {advice}"));
    }
    // `eprintln!` would be captured by the test harness.
    let _ =
        writeln!(std::io::stderr(), "note: tests on PostgreSQL are skipped, because {reason}; to run them, {advice}");
    Ok(None)
}

#[expect(clippy::disallowed_methods, reason = "settings of the tests, not of the product")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Cluster {
    fn new(url: String, owned_server: Option<Server>) -> Self {
        Self { url, templates: Mutex::default(), swept: OnceCell::new(), owned_server }
    }

    /// Starts a separate server for one test, which may stop and restart it. Returns `None` if PostgreSQL is not
    /// installed, or if [`URL_VARIABLE`] is `none`.
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

    /// Returns the temporary server, if this process started one.
    pub(crate) fn owned_server(&mut self) -> Option<&mut Server> {
        self.owned_server.as_mut()
    }

    /// Creates an empty database.
    pub(crate) async fn fresh_database(&self) -> TestDatabase {
        self.create("template0").await
    }

    /// Creates a database as a copy of a template database. In each process, the first call creates the template and
    /// fills it with `prepare`. `prepare` must close its connections, because PostgreSQL does not copy a database
    /// that has connections.
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

    /// Creates a copy of the database at a URL. First terminates all connections to the original, as PostgreSQL
    /// requires.
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
            .unwrap_or_else(|error| panic!("cannot create a database on the PostgreSQL server of the tests: {error}"));
        TestDatabase { url: with_database(&self.url, &name), server: self.url.clone(), name }
    }

    /// Drops test databases that are older than an hour. They were left behind by test runs that were killed. Only a
    /// permanent server needs this; a temporary server is deleted with its databases.
    async fn sweep(&self) {
        if self.owned_server.is_some() {
            return;
        }
        let Ok(connection) = connect(&self.url).await else { return };
        // The first 12 digits of a UUIDv7 are its creation time in milliseconds.
        let old = format!(
            "SELECT datname FROM pg_database WHERE datname ~ '^{PREFIX}[0-9a-f]{{32}}$' AND substr(datname, {}, 12) \
             < lpad(to_hex((extract(epoch FROM now() - interval '1 hour') * 1000)::bigint), 12, '0')",
            PREFIX.len() + 1,
        );
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), old)).await;
        for name in rows.into_iter().flatten().filter_map(|row| row.try_get::<String>("", "datname").ok()) {
            // Errors are ignored, because another process may drop the same database at the same time.
            let _ = connection.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}")).await;
        }
        let _ = connection.close().await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A separate thread drops the database, because `drop` cannot await on the runtime of the test. Errors are
        // ignored: the database is deleted with the temporary server, or `sweep` drops it later.
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

/// Returns the URL of the database `name` on the server of a URL.
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
        // The copy has the table of the template, under its original name: renaming the table in one copy does not
        // affect the next copy.
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
