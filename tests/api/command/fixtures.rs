//! Databases that earlier versions wrote, served by this one: the answers are those that were given then.

use std::{fs, path::PathBuf};

use axum::Router;
use chrono::{DateTime, TimeZone, Utc};
use dateline::{
    app::{App, SiteInfo},
    clock::Clock,
    db::Db,
    http,
    newsroom::{NewsroomSettings, repair::find_out_of_range},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::harness::{post, postgres};

/// The fixtures: each is a version by the month in which it was current.
const FIXTURES: [&str; 1] = ["2026-11"];

/// An instant after a fixture was made, and before those of 2090 that it holds.
pub(crate) fn later() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2040, 1, 1, 0, 0, 0).unwrap()
}

/// A file of tests/fixtures.
pub(crate) fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs statements on a database; those of a fixture on an empty one.
pub(crate) async fn execute(url: &str, sql: &str) {
    let options = ConnectOptions::new(url).max_connections(1).sqlx_logging(false).clone();
    let connection = Database::connect(options).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// Asks a router with a bearer token; the data of the answer.
pub(crate) async fn ask(router: &Router, bearer: Option<&str>, query: &str, variables: &Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let (_, _, mut answer) = post(router, bearer, &[], &body).await;
    assert!(answer.is_object() && answer.get("errors").is_none(), "{query}: {answer}");
    answer["data"].take()
}

/// An id as this version gives it out; the version of the fixture had the key in it.
fn as_now(app: &App, id: &str) -> Option<String> {
    app.newsroom.ids.decode(id).map(|(noun, key)| app.newsroom.ids.encode(noun, key))
}

/// The ids in an answer.
fn ids_in(answer: &Value, ids: &mut Vec<String>) {
    match answer {
        Value::Object(object) => {
            ids.extend(object.get("id").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| ids_in(value, ids));
        }
        Value::Array(list) => list.iter().for_each(|value| ids_in(value, ids)),
        _ => {}
    }
}

/// Puts the ids of this version in place of those in an answer of then; a note of the journal names a preview link by its id.
fn put_ids(app: &App, answer: &mut Value) {
    match answer {
        Value::Object(object) => object.values_mut().for_each(|value| put_ids(app, value)),
        Value::Array(list) => list.iter_mut().for_each(|value| put_ids(app, value)),
        Value::String(text) => {
            if let Some(id) = as_now(app, text) {
                *text = id;
            } else if let Some((key, rest)) =
                text.strip_prefix("preview link ").and_then(|rest| rest.split_at_checked(32))
            {
                *text = format!("preview link {}{rest}", as_now(app, &format!("preview_{key}")).unwrap());
            }
        }
        _ => {}
    }
}

/// Brings a restored database to the shape of this version, and compares its answers with those of the fixture.
async fn check(url: &str, name: &str) {
    let db = Db::open(url).await.unwrap();
    db.migrate().await.unwrap();
    assert_eq!(find_out_of_range(db.reader()).await.unwrap(), []);
    let clock = Clock::fixed_at(later());
    let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), clock.clone()).await.unwrap();
    assert_eq!(app.newsroom.resolve_schedules(clock.now()).await.unwrap(), 0, "the schedule of 2090 stays");
    assert_eq!(app.newsroom.record_due_releases(clock.now()).await.unwrap(), 0);
    let router = http::router(&app);
    let known: Value = serde_json::from_str(&file(&format!("{name}.json"))).unwrap();
    let answers = known["answers"].as_array().unwrap();
    assert!(answers.len() > 20, "{name} has {} answers", answers.len());
    for answer in answers {
        let (who, query) = (answer["as"].as_str().unwrap(), answer["query"].as_str().unwrap());
        let now = ask(&router, known["tokens"][who].as_str(), query, &answer["variables"]).await;
        let mut then = answer["answer"].clone();
        put_ids(&app, &mut then);
        assert_eq!(now, then, "{name}, as {who}: {query}");
    }
    // The ids that were given out then still lead to the same things.
    let mut ids = Vec::new();
    ids_in(&known["answers"], &mut ids);
    ids.retain(|id| !id.starts_with("token_"));
    assert!(ids.len() > 10, "{name} has {} ids", ids.len());
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let now = ask(&router, known["tokens"]["admin"].as_str(), query, &json!({ "ids": ids })).await;
    for (id, node) in ids.iter().zip(now["nodes"].as_array().unwrap()) {
        assert_eq!(node["id"], json!(as_now(&app, id)), "{name}: {id}");
    }
}

#[tokio::test]
async fn sqlite_databases_of_earlier_versions_give_the_answers_they_gave() {
    for fixture in FIXTURES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixture.db").display().to_string();
        let name = format!("{fixture}.sqlite");
        execute(&format!("sqlite://{path}?mode=rwc"), &file(&format!("{name}.sql"))).await;
        check(&format!("sqlite://{path}"), &name).await;
    }
}

#[tokio::test]
async fn postgres_databases_of_earlier_versions_give_the_answers_they_gave() {
    let Some(cluster) = postgres::available() else { return };
    for fixture in FIXTURES {
        let database = cluster.fresh_database().await;
        let name = format!("{fixture}.postgres");
        execute(&database.url, &file(&format!("{name}.sql"))).await;
        check(&database.url, &name).await;
    }
}
