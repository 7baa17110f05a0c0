//! Tests that the databases of earlier versions (`tests/fixtures`) can be migrated, and that the current version
//! returns the same responses from them. Also contains helpers that execute SQL and query a router.

use std::{fs, path::PathBuf};

use axum::Router;
use chrono::{DateTime, TimeZone, Utc};
use dateline::{
    app::App,
    clock::Clock,
    config::SiteInfo,
    db::Db,
    http,
    newsroom::{NewsroomSettings, repair::find_out_of_range},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use super::check::run_check;
use crate::harness::{post, postgres};

/// The names of the fixtures. A fixture is named after the month in which its version of Dateline was current.
const FIXTURES: [&str; 1] = ["2026-11"];

/// The time at which tests open a fixture. It is after the creation of every fixture, and before the schedules and
/// embargoes of 2090 in the fixtures.
pub(crate) fn later() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2040, 1, 1, 0, 0, 0).unwrap()
}

/// Reads a file of `tests/fixtures`.
pub(crate) fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Executes SQL statements on the database at a URL. For the statements of a fixture, the database must be empty.
pub(crate) async fn execute_sql(url: &str, sql: &str) {
    let options = ConnectOptions::new(url).max_connections(1).sqlx_logging(false).clone();
    let connection = Database::connect(options).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// Sends a query to a router with a bearer token. Returns the `data` of the response, which must have no errors.
pub(crate) async fn graphql_data(router: &Router, bearer: Option<&str>, query: &str, variables: &Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let (_, _, mut response) = post(router, bearer, &[], &body).await;
    assert!(response.is_object() && response.get("errors").is_none(), "{query}: {response}");
    response["data"].take()
}

/// Converts an id of an earlier version, which contains the row key, into the id that the current version gives the
/// same object. Returns `None` if the text is not an id.
fn current_id(app: &App, id: &str) -> Option<String> {
    app.newsroom.ids.decode(id).map(|(noun, key)| app.newsroom.ids.encode(noun, key))
}

/// Collects the ids of all objects in a response.
fn collect_ids(response: &Value, ids: &mut Vec<String>) {
    match response {
        Value::Object(object) => {
            // The field `id` of an actor holds the subject of a token instead of an object id. Only object ids
            // contain `_`.
            let id = object.get("id").and_then(Value::as_str).filter(|id| id.contains('_'));
            ids.extend(id.map(str::to_owned));
            object.values().for_each(|value| collect_ids(value, ids));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_ids(value, ids)),
        _ => {}
    }
}

/// Replaces the ids in a recorded response by the ids of the current version, including the preview link ids in
/// journal notes.
fn replace_ids(app: &App, response: &mut Value) {
    match response {
        Value::Object(object) => object.values_mut().for_each(|value| replace_ids(app, value)),
        Value::Array(list) => list.iter_mut().for_each(|value| replace_ids(app, value)),
        Value::String(text) => {
            if let Some(id) = current_id(app, text) {
                *text = id;
            } else if let Some((key, rest)) =
                text.strip_prefix("preview link ").and_then(|rest| rest.split_at_checked(32))
            {
                *text = format!("preview link {}{rest}", current_id(app, &format!("preview_{key}")).unwrap());
            }
        }
        _ => {}
    }
}

/// Migrates a restored fixture database to the current version, sends the recorded queries, and compares the
/// responses with the recorded responses.
async fn check(url: &str, name: &str) {
    let db = Db::open(url).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(find_out_of_range(db.reader()).await.unwrap(), []);
    let clock = Clock::fixed_at(later());
    let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), clock.clone()).await.unwrap();
    assert_eq!(
        app.newsroom.resolve_schedules(clock.now()).await.unwrap(),
        0,
        "the scheduled release of 2090 is not due"
    );
    assert_eq!(app.newsroom.record_due_releases(clock.now()).await.unwrap(), 0);
    let router = http::router(&app);
    let recorded: Value = serde_json::from_str(&file(&format!("{name}.json"))).unwrap();
    let responses = recorded["answers"].as_array().unwrap();
    assert!(responses.len() > 20, "{name} has only {} responses", responses.len());
    for response in responses {
        let (role, query) = (response["as"].as_str().unwrap(), response["query"].as_str().unwrap());
        let actual = graphql_data(&router, recorded["tokens"][role].as_str(), query, &response["variables"]).await;
        let mut expected = response["answer"].clone();
        replace_ids(&app, &mut expected);
        assert_eq!(actual, expected, "{name}, as {role}: {query}");
    }
    // The ids that the earlier version issued must still refer to the same objects.
    let mut ids = Vec::new();
    collect_ids(&recorded["answers"], &mut ids);
    ids.retain(|id| !id.starts_with("token_"));
    assert!(ids.len() > 10, "{name} has only {} ids", ids.len());
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let actual = graphql_data(&router, recorded["tokens"]["admin"].as_str(), query, &json!({ "ids": ids })).await;
    for (id, node) in ids.iter().zip(actual["nodes"].as_array().unwrap()) {
        assert_eq!(node["id"], json!(current_id(&app, id)), "{name}: {id}");
    }
}

#[tokio::test]
async fn sqlite_databases_of_earlier_versions_give_the_same_responses() {
    for fixture in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixture.db").display().to_string();
        let name = format!("{fixture}.sqlite");
        execute_sql(&format!("sqlite://{path}?mode=rwc"), &file(&format!("{name}.sql"))).await;
        check(&format!("sqlite://{path}"), &name).await;
    }
}

#[tokio::test]
async fn postgres_databases_of_earlier_versions_give_the_same_responses() {
    let Some(cluster) = postgres::available() else { return };
    for fixture in FIXTURES {
        let database = cluster.fresh_database().await;
        let name = format!("{fixture}.postgres");
        execute_sql(&database.url, &file(&format!("{name}.sql"))).await;
        check(&database.url, &name).await;
    }
}

/// Replaces the bodies of a restored fixture database by bodies with HTML, migrates the database, and checks the
/// bodies of all revisions.
async fn check_html_bodies(url: &str) {
    let deep = "<div>".repeat(300);
    let replace = format!(
        "UPDATE revision SET body_markdown = '50<sup>th</sup> ~old~ 2^3^\n\n- <b>a</b>'; \
         UPDATE revision SET body_markdown = '{deep}' WHERE id IN (SELECT working_revision_id FROM \"release\"); \
         UPDATE revision SET body_markdown = '*a* b' WHERE number = 2"
    );
    execute_sql(url, &replace).await;
    let db = Db::open(url).await.unwrap();
    db.migrate().await.unwrap();
    let sql = "SELECT DISTINCT body_markdown FROM revision ORDER BY body_markdown";
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    let mut bodies: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    bodies.sort();
    assert_eq!(bodies, ["*a* b", "50^th^ ~~old~~ 2\\^3\\^\n\n- **a**", &deep]);
    let report = dateline::newsroom::check::check(&db).await.unwrap();
    db.close().await;
    assert_eq!(report.findings, []);
    let (slug, revision) = &report.html_bodies.listed[0];
    let (code, output) = run_check(url);
    assert_eq!(code, Some(0), "{output}");
    let note = format!("note: release {slug}, revision {revision}: the body contains HTML, which is shown as text");
    assert!(output.contains(&note), "{output}");
}

#[tokio::test]
async fn sqlite_bodies_with_html_are_rewritten_as_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fixture.db").display().to_string();
    execute_sql(&format!("sqlite://{path}?mode=rwc"), &file("2026-11.sqlite.sql")).await;
    check_html_bodies(&format!("sqlite://{path}")).await;
}

#[tokio::test]
async fn postgres_bodies_with_html_are_rewritten_as_markdown() {
    let Some(cluster) = postgres::available() else { return };
    let database = cluster.fresh_database().await;
    execute_sql(&database.url, &file("2026-11.postgres.sql")).await;
    check_html_bodies(&database.url).await;
}
