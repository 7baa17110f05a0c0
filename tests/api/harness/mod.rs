//! Test harness. A `TestServer` is a newsroom with a separate database, the real router, and one token for each role.
//! Requests go directly to the router; `serve` also listens on TCP. The clock shows `noon()` until a test sets it.
//! `on_both_databases!` runs a test on SQLite and, if PostgreSQL is available, on PostgreSQL.
//!
//! - `mutations`: mutations that many tests send
//! - `postgres`: PostgreSQL servers and databases for tests
//! - `random_acts`: random mutations, the same for the same seed
//! - `requests`: requests to a test server
//! - `secret_scan`: searches responses for row keys and creation times
//! - `server_process`: the real program as a child process
//! - `statements`: records the SQL statements that are sent
//! - `websocket_client`: a client of `graphql-transport-ws`

mod mutations;
pub(crate) mod postgres;
pub(crate) mod random_acts;
mod requests;
pub(crate) mod secret_scan;
pub(crate) mod server_process;
pub(crate) mod statements;
pub(crate) mod websocket_client;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
};
use chrono::{DateTime, TimeZone, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    config::{HttpConfig, SiteInfo},
    db::Db,
    http, interchange,
    newsroom::{NewsroomSettings, access::tokens::TokenInput, import::ImportOptions, workflow::WorkflowPolicy},
};
use entity::api_token::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::ServiceExt;

use crate::command::fixtures::{self, execute_sql};
use postgres::TestDatabase;
pub(crate) use requests::post;
use statements::StatementLog;

pub(crate) use mutations::{CREATE, PLACE, PUBLISH, REVISE, TOPIC, WITHDRAW};

/// A newsroom under test.
pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    pub(crate) statements: StatementLog,
    pub(crate) url: String,
    router: Router,
    admin: String,
    editor: String,
    author: String,
    press: String,
    _guard: Guard,
}

/// The temporary folder or database of a newsroom. Dropping this value deletes it.
enum Guard {
    Folder(#[expect(dead_code, reason = "kept until it is dropped")] tempfile::TempDir),
    Database(#[expect(dead_code, reason = "kept until it is dropped")] TestDatabase),
}

/// The caller of a request, by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Public,
    Press,
    Author,
    Editor,
    Admin,
}

/// Runs each test on SQLite, and on PostgreSQL if it is available.
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($server:ident: TestServer) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn test($server: crate::harness::TestServer) $body

                #[tokio::test]
                $(#[$attribute])*
                async fn on_sqlite() {
                    test(crate::harness::TestServer::on_sqlite().await).await;
                }

                #[tokio::test]
                $(#[$attribute])*
                async fn on_postgres() {
                    if let Some(server) = crate::harness::TestServer::on_postgres().await {
                        test(server).await;
                    }
                }
            }
        )*
    };
}
pub(crate) use on_both_databases;

/// Returns the time of the clock at the start of a test: 1 June 2007, 12:00 UTC.
pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2007, 6, 1, 12, 0, 0).unwrap()
}

/// Sends a request through a router. Returns status, headers and body of the response.
pub(crate) async fn exchange(router: &Router, request: Request<Body>) -> (u16, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, headers, String::from_utf8(bytes.to_vec()).unwrap())
}

impl TestServer {
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::open(url, Guard::Folder(folder)).await
    }

    pub(crate) async fn on_postgres() -> Option<Self> {
        let database = postgres::available()?.fresh_database().await;
        Some(Self::open(database.url.clone(), Guard::Database(database)).await)
    }

    async fn open(url: String, guard: Guard) -> Self {
        let mut db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        let statements = StatementLog::default();
        db.on_statement(statements.callback());
        let settings = NewsroomSettings {
            url_template: Some("https://example.org/news/{slug}".to_owned()),
            preview_template: Some("https://example.org/preview?token={token}".to_owned()),
            ..NewsroomSettings::default()
        };
        let app = App::new(db, settings, SiteInfo::default(), Clock::fixed_at(noon())).await.unwrap();
        let token = async |role: Role, subject: &str| {
            let input = TokenInput { subject: subject.to_owned(), name: "test".to_owned(), role, expires_at: None };
            app.newsroom.token_create(&Viewer::new(Role::Admin, "test"), input, noon()).await.unwrap().1
        };
        Self {
            admin: token(Role::Admin, "Kim").await,
            editor: token(Role::Editor, "Eda").await,
            author: token(Role::Author, "Ana").await,
            press: token(Role::Press, "Paper").await,
            router: http::router(&app),
            app,
            statements,
            url,
            _guard: guard,
        }
    }

    /// Opens a fixture of `tests/fixtures` on SQLite, with its tokens. The clock shows `fixtures::later()`.
    pub(crate) async fn of_fixture(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("fixture.db").display());
        execute_sql(&format!("{url}?mode=rwc"), &fixtures::file(&format!("{name}.sql"))).await;
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Clock::fixed_at(fixtures::later());
        let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), clock).await.unwrap();
        let known: Value = serde_json::from_str(&fixtures::file(&format!("{name}.json"))).unwrap();
        let token = |caller: &str| known["tokens"][caller].as_str().unwrap().to_owned();
        Self {
            admin: token("admin"),
            editor: token("editor"),
            author: token("author"),
            press: token("press"),
            router: http::router(&app),
            app,
            statements: StatementLog::default(),
            url,
            _guard: Guard::Folder(folder),
        }
    }

    /// Reopens the newsroom with the four-eyes principle enabled (setting `workflow.four_eyes`).
    pub(crate) async fn with_four_eyes(self) -> Self {
        let settings = NewsroomSettings {
            workflow_policy: WorkflowPolicy { four_eyes: true },
            ..self.app.newsroom.settings.clone()
        };
        self.with_settings(settings).await
    }

    /// Reopens the newsroom on the same database, like a server restart.
    pub(crate) async fn restarted(self) -> Self {
        let settings = self.app.newsroom.settings.clone();
        self.with_settings(settings).await
    }

    /// Reopens the newsroom on the same database with other settings, like a server restart.
    pub(crate) async fn with_settings(mut self, settings: NewsroomSettings) -> Self {
        let db = Db::open(&self.url).await.unwrap();
        self.app = App::new(db, settings, SiteInfo::default(), self.app.clock.clone()).await.unwrap();
        self.router = http::router(&self.app);
        self
    }

    /// Reopens the newsroom on the same database with other settings of its pages. Without the setting `release_url`.
    pub(crate) async fn with_site(mut self, site: SiteInfo) -> Self {
        let db = Db::open(&self.url).await.unwrap();
        let settings = NewsroomSettings { url_template: None, ..self.app.newsroom.settings.clone() };
        self.app = App::new(db, settings, site, self.app.clock.clone()).await.unwrap();
        self.router = http::router(&self.app);
        self
    }

    /// Opens a second application on the same database, like a second server.
    pub(crate) async fn second_app(&self, clock: Clock) -> Arc<App> {
        let db = Db::open(&self.url).await.unwrap();
        App::new(db, self.app.newsroom.settings.clone(), SiteInfo::default(), clock).await.unwrap()
    }

    /// Replaces the HTTP configuration of the newsroom.
    pub(crate) fn with_http_config(mut self, edge: HttpConfig) -> Self {
        self.app = self.app.clone().with_http_config(edge);
        self.router = http::router(&self.app);
        self
    }

    /// Copies the newsroom to a new database, with a clock at the same time. On PostgreSQL this closes the original's
    /// connections, because PostgreSQL does not copy a database that has connections.
    pub(crate) async fn copy(&self) -> Self {
        let (url, guard) = if let Some(file) = self.url.strip_prefix("sqlite://") {
            let folder = tempfile::tempdir().unwrap();
            let copy = folder.path().join("copy.db").display().to_string();
            execute_sql(&format!("sqlite://{file}"), &format!("VACUUM INTO '{copy}'")).await;
            (format!("sqlite://{copy}"), Guard::Folder(folder))
        } else {
            self.app.newsroom.db.clone().close().await;
            let database = postgres::available().unwrap().copy_of(&self.url).await;
            (database.url.clone(), Guard::Database(database))
        };
        let db = Db::open(&url).await.unwrap();
        let clock = Clock::fixed_at(self.app.clock.now());
        let app = App::new(db, self.app.newsroom.settings.clone(), SiteInfo::default(), clock).await.unwrap();
        Self {
            admin: self.admin.clone(),
            editor: self.editor.clone(),
            author: self.author.clone(),
            press: self.press.clone(),
            router: http::router(&app),
            app,
            statements: StatementLog::default(),
            url,
            _guard: guard,
        }
    }

    /// Returns the router.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves the newsroom over TCP until the test ends. Returns the port.
    pub(crate) async fn serve(&self) -> u16 {
        self.serve_with(None, std::future::pending()).await.0
    }

    /// Serves the newsroom over TCP or TLS until `stop` completes. Returns the port and the server task.
    pub(crate) async fn serve_with(
        &self,
        tls: Option<http::transport::tls::Tls>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> (u16, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (port, tokio::spawn(http::transport::server::serve(self.app.clone(), listener, tls, stop)))
    }

    pub(crate) fn token(&self, caller: Caller) -> Option<&str> {
        match caller {
            Caller::Public => None,
            Caller::Press => Some(&self.press),
            Caller::Author => Some(&self.author),
            Caller::Editor => Some(&self.editor),
            Caller::Admin => Some(&self.admin),
        }
    }

    /// Imports NDJSON records. The import must not refuse a record or report a conflict.
    pub(crate) async fn import(&self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let viewer = Viewer::new(Role::Admin, "import");
        let report = interchange::import_text(
            &self.app.newsroom,
            &viewer,
            &text,
            "test",
            ImportOptions::default(),
            self.app.clock.now(),
        )
        .await
        .unwrap();
        assert_eq!((report.refused, report.conflicts), (0, 0));
        self.app.newsroom.catalog.catch_up().await.unwrap();
    }

    /// Creates a release as the editor. Returns its id and revision.
    pub(crate) async fn create_draft(&self, input: Value) -> (String, i64) {
        let payload = self.mutate(Caller::Editor, CREATE, json!({ "input": input })).await;
        (payload["release"]["id"].as_str().unwrap().to_owned(), payload["release"]["revision"].as_i64().unwrap())
    }

    /// Creates and publishes a release as the editor. Returns its id.
    pub(crate) async fn create_published(&self, input: Value) -> String {
        let (id, revision) = self.create_draft(input).await;
        self.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": revision })).await;
        id
    }
}
