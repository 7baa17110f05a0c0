//! Tests that terminate the server's PostgreSQL connections. No query may fail, and a write must either succeed or
//! return an error.

use dateline::config::HttpConfig;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use crate::harness::{CREATE, Caller, TestServer};

/// A query that reads rows from the database. A count would come from the catalog alone.
const ROWS: &str = "{ releases(first: 1) { nodes { headline summary } } }";

/// How often a test terminates all connections.
const ROUNDS: usize = 5;

/// Terminates all connections to the database except `admin_connection`. Returns the number of terminated
/// connections.
async fn end_connections(admin_connection: &DatabaseConnection) -> i64 {
    let terminate_sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin_connection
        .query_one_raw(Statement::from_string(DbBackend::Postgres, terminate_sql))
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}

/// Starts a newsroom without a response cache, so that each query reads the database. Also opens the connection with
/// which a test terminates the other connections. Returns `None` without PostgreSQL.
async fn start_server() -> Option<(TestServer, DatabaseConnection)> {
    let server =
        TestServer::on_postgres().await?.with_http_config(HttpConfig { cache_bytes: 0, ..HttpConfig::default() });
    for number in 0..3 {
        server.create_published(json!({ "headline": format!("Release {number}"), "summary": "Short." })).await;
    }
    let sync_app = server.app.clone();
    tokio::spawn(async move { sync_app.run_background_tasks().await });
    let admin_connection = Database::connect(&server.url).await.unwrap();
    Some((server, admin_connection))
}

#[tokio::test]
async fn no_query_fails_after_all_connections_were_terminated() {
    let Some((server, admin_connection)) = start_server().await else { return };
    for round in 0..ROUNDS {
        // Forty concurrent queries open all connections of the connection pool.
        for response in join_all((0..40).map(|_| server.execute(Caller::Public, ROWS, json!({})))).await {
            assert_eq!(response["data"]["releases"]["nodes"][0]["summary"], "Short.", "{response}");
        }
        let terminated = end_connections(&admin_connection).await;
        assert!(terminated >= 8, "{terminated}");
        for number in 0..30 {
            // Every second query also looks up a token. The loop lasts longer than the intervals at which background
            // tasks check the database and poll the journal, so these tasks meet terminated connections, too.
            let caller = [Caller::Public, Caller::Editor][number % 2];
            let response = server.execute(caller, ROWS, json!({})).await;
            assert_eq!(response["data"]["releases"]["nodes"][0]["summary"], "Short.", "{round}, {number}: {response}");
            assert_eq!(server.app.unready_reason(), None, "{round}, {number}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn no_concurrent_query_fails_after_all_connections_were_terminated() {
    let Some((server, admin_connection)) = start_server().await else { return };
    for round in 0..ROUNDS {
        join_all((0..40).map(|_| server.execute(Caller::Public, ROWS, json!({})))).await;
        end_connections(&admin_connection).await;
        for response in join_all((0..40).map(|_| server.execute(Caller::Public, ROWS, json!({})))).await {
            assert_eq!(response["data"]["releases"]["nodes"][0]["summary"], "Short.", "{round}: {response}");
        }
    }
}

#[tokio::test]
async fn writes_after_terminated_connections_succeed_or_return_an_error() {
    let Some((server, admin_connection)) = start_server().await else { return };
    let write = async |headline: String| -> (u16, Value) {
        let body =
            json!({ "query": CREATE, "variables": { "input": { "headline": headline, "releaseDate": "2007-06-01" } } });
        server.post(server.token(Caller::Editor), &body.to_string()).await
    };
    let succeeded = |response: &Value| response["data"]["releaseCreate"]["userErrors"] == json!([]);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        // In each round, the connections are terminated twice: before the first write, and during the concurrent
        // writes.
        join_all((0..40).map(|_| server.execute(Caller::Public, ROWS, json!({})))).await;
        end_connections(&admin_connection).await;
        let first = format!("First {round}");
        let (status, response) = write(first.clone()).await;
        assert!(
            status == 200 && succeeded(&response),
            "a write that had not begun is retried on a new connection: {response}"
        );
        acknowledged.push(first);
        let writers = join_all((0..4).map(|number| write(format!("Amid {round} {number}"))));
        let (responses, _) = tokio::join!(writers, end_connections(&admin_connection));
        for (number, (_, response)) in responses.iter().enumerate() {
            if succeeded(response) {
                acknowledged.push(format!("Amid {round} {number}"));
            } else {
                let code = &response["errors"][0]["extensions"]["code"];
                assert!(code == "UNAVAILABLE" || code == "OUTCOME_UNKNOWN", "{response}");
            }
        }
        let next = format!("Next {round}");
        let (status, response) = write(next.clone()).await;
        assert!(status == 200 && succeeded(&response), "the next write succeeds: {response}");
        acknowledged.push(next);
    }
    let all = server.data(Caller::Editor, "{ releases(first: 100) { nodes { headline } } }", json!({})).await;
    for headline in acknowledged {
        let matching = all["releases"]["nodes"].as_array().unwrap().iter().filter(|node| node["headline"] == headline);
        assert_eq!(matching.count(), 1, "{headline} was acknowledged, so it must be stored once");
    }
}
