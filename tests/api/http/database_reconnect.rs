//! Connections to PostgreSQL that somebody ended while the database is there: no reader notices, and writers are told.

use crate::harness::{CREATE, Desk, Who};
use dateline::http::config::HttpConfig;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

/// A query that reads rows.
const ROWS: &str = "{ releases(first: 1) { nodes { headline summary } } }";

/// How often connections are ended.
const ROUNDS: usize = 5;

/// Ends all connections of the newsroom but the one that does it; how many.
async fn end_connections(by: &DatabaseConnection) -> i64 {
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    by.query_one_raw(Statement::from_string(DbBackend::Postgres, end))
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}

/// A newsroom that is served, in which each answer is worked out; and somebody else's connection to its database.
async fn served() -> Option<(Desk, DatabaseConnection)> {
    let desk = Desk::on_postgres().await?.with_http_config(HttpConfig { cache_bytes: 0, ..HttpConfig::default() });
    for number in 0..3 {
        desk.published(json!({ "headline": format!("Release {number}"), "summary": "Short." })).await;
    }
    let following = desk.app.clone();
    tokio::spawn(async move { following.run_background_tasks().await });
    let other = Database::connect(&desk.url).await.unwrap();
    Some((desk, other))
}

#[tokio::test]
async fn no_query_fails_after_all_connections_were_ended() {
    let Some((desk, other)) = served().await else { return };
    for round in 0..ROUNDS {
        // All connections are there.
        for answer in join_all((0..40).map(|_| desk.ask(Who::Public, ROWS, json!({})))).await {
            assert_eq!(answer["data"]["releases"]["nodes"][0]["summary"], "Short.", "{answer}");
        }
        let ended = end_connections(&other).await;
        assert!(ended >= 8, "{ended}");
        for number in 0..30 {
            // Every second query also looks up a token. The loop outlasts the next probes of the monitor and of the journal.
            let who = [Who::Public, Who::Editor][number % 2];
            let answer = desk.ask(who, ROWS, json!({})).await;
            assert_eq!(answer["data"]["releases"]["nodes"][0]["summary"], "Short.", "{round}, {number}: {answer}");
            assert_eq!(desk.app.unready_reason(), None, "{round}, {number}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn none_of_many_queries_at_once_fails_after_all_connections_were_ended() {
    let Some((desk, other)) = served().await else { return };
    for round in 0..ROUNDS {
        join_all((0..40).map(|_| desk.ask(Who::Public, ROWS, json!({})))).await;
        end_connections(&other).await;
        for answer in join_all((0..40).map(|_| desk.ask(Who::Public, ROWS, json!({})))).await {
            assert_eq!(answer["data"]["releases"]["nodes"][0]["summary"], "Short.", "{round}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_is_written_after_connections_were_ended_is_done_or_the_writer_is_told() {
    let Some((desk, other)) = served().await else { return };
    let write = async |headline: String| -> (u16, Value) {
        let body =
            json!({ "query": CREATE, "variables": { "input": { "headline": headline, "releaseDate": "2007-06-01" } } });
        desk.post(desk.secret(Who::Editor), &body.to_string()).await
    };
    let is_done = |answer: &Value| answer["data"]["releaseCreate"]["userErrors"] == json!([]);
    let mut done = Vec::new();
    for round in 0..ROUNDS {
        // Before, and in the middle of some of them.
        join_all((0..40).map(|_| desk.ask(Who::Public, ROWS, json!({})))).await;
        end_connections(&other).await;
        let first = format!("First {round}");
        let (status, answer) = write(first.clone()).await;
        assert!(status == 200 && is_done(&answer), "nothing was begun, so it is begun again: {answer}");
        done.push(first);
        let writers = join_all((0..4).map(|number| write(format!("Amid {round} {number}"))));
        let (answers, _) = tokio::join!(writers, end_connections(&other));
        for (number, (_, answer)) in answers.iter().enumerate() {
            if is_done(answer) {
                done.push(format!("Amid {round} {number}"));
            } else {
                let code = &answer["errors"][0]["extensions"]["code"];
                assert!(code == "UNAVAILABLE" || code == "OUTCOME_UNKNOWN", "{answer}");
            }
        }
        let next = format!("Next {round}");
        let (status, answer) = write(next.clone()).await;
        assert!(status == 200 && is_done(&answer), "the next one works: {answer}");
        done.push(next);
    }
    let all = desk.data(Who::Editor, "{ releases(first: 100) { nodes { headline } } }", json!({})).await;
    for headline in done {
        let found = all["releases"]["nodes"].as_array().unwrap().iter().filter(|node| node["headline"] == headline);
        assert_eq!(found.count(), 1, "{headline} was acknowledged");
    }
}
