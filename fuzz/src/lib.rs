//! Test servers of the fuzz targets: the real router with a small set of data, and the invariants that every
//! response must satisfy.
//!
//! Each request is sent to a server with the profile `hardened` and to a server with the profile `open`.
//! Invariants: the status is below 500, the size is bounded, and the body is JSON with `data` or `errors`.

use std::{cell::LazyCell, sync::Arc};

use axum::{Router, body::Body, http::Request};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    config::{HttpConfig, SiteInfo},
    db::Db,
    http, interchange,
    limits::{Limits, Profile},
    newsroom::{NewsroomSettings, import::ImportOptions},
};
use entity::api_token::Role;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// Maximum size of a response, in bytes. Responses are small, because the newsroom has little data.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// A newsroom with two servers. Each fuzzing thread has its own newsroom.
pub struct TestServer {
    runtime: Runtime,
    /// The routers of the profiles `hardened` and `open`.
    routers: [Router; 2],
    _folder: tempfile::TempDir,
}

thread_local! {
    static SERVER: LazyCell<TestServer> = LazyCell::new(TestServer::open);
}

/// Sends a request to both servers and checks the invariants of the responses: no server error, and JSON with `data`
/// or `errors`.
pub fn check_request(request: impl Fn() -> Request<Body>) {
    SERVER.with(|server| server.routers.iter().for_each(|router| server.check_response(router, request())));
}

/// Posts a query with variables.
pub fn post_query(query: &str, variables: &Value) {
    send_query(query, variables, "application/json");
}

/// Opens a subscription with variables. Checks the response but does not read its stream.
pub fn subscribe(query: &str, variables: &Value) {
    send_query(query, variables, "text/event-stream");
}

fn send_query(query: &str, variables: &Value, accept: &str) {
    let body = json!({ "query": query, "variables": variables }).to_string();
    check_request(|| {
        let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
        request.body(Body::from(body.clone())).expect("build the request")
    });
}

impl TestServer {
    fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("build a runtime");
        let folder = tempfile::tempdir().expect("create a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("fuzz.db").display());
        let routers = runtime.block_on(async {
            let db = Db::open(&url).await.expect("open the database");
            db.migrate().await.expect("migrate the database");
            let clock = Clock::system();
            let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), clock)
                .await
                .expect("open the application");
            import_fixture(&app).await;
            [Profile::Hardened, Profile::Open].map(|profile| {
                let mut limits = Limits::of(profile);
                (limits.public_per_minute, limits.failures_per_minute) = (0, 0);
                let introspection = profile == Profile::Open;
                let edge = HttpConfig { limits: limits.into(), introspection, cache_bytes: 0, ..HttpConfig::default() };
                http::router(&app.clone().with_http_config(edge))
            })
        });
        Self { runtime, routers, _folder: folder }
    }

    fn check_response(&self, router: &Router, request: Request<Body>) {
        self.runtime.block_on(async {
            let response = router.clone().oneshot(request).await.expect("receive a response");
            let status = response.status().as_u16();
            let stream = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
            if stream {
                return;
            }
            let body = response.into_body().collect().await.expect("read the body").to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert!(status < 500 && body.len() < MAX_RESPONSE_BYTES, "{status}: {text}");
            let value: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(value.get("data").is_some() || value["errors"].is_array(), "{text}");
            // Compare the error code and not the message, because the message may contain text of the query.
            let failed = |error: &Value| error["extensions"]["code"] == "INTERNAL_SERVER_ERROR";
            assert!(!value["errors"].as_array().is_some_and(|errors| errors.iter().any(failed)), "{text}");
        });
    }
}

async fn import_fixture(app: &Arc<App>) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "work", "name": "Work" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "work" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "bangkok", "name": "Bangkok", "kind": "CITY", "within": "asia" }),
    ];
    lines.extend((0..20).map(|number| {
        json!({ "type": "release", "slug": format!("r-{number}"), "headline": format!("Release {number}"), "bodyMarkdown": "Words.",
            "releaseDate": format!("2006-05-{:02}", 1 + number), "state": "PUBLISHED", "topics": ["child-labour"], "datelinePlaces": ["bangkok"] })
    }));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let admin = Viewer::new(Role::Admin, "fuzz");
    let options = ImportOptions::default();
    let report = interchange::import_text(&app.newsroom, &admin, &text, "fuzz", options, app.clock.now()).await;
    assert_eq!(report.expect("import the records").refused, 0);
    app.newsroom.catalog.catch_up().await.expect("update the catalog");
}
