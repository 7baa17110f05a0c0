//! Reads the database directly, through a connection of its own, and checks its integrity and the journal.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tokio::runtime::{Builder, Runtime};

/// Runs what waits, in a test that does not.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// One connection.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).clone()).await.unwrap()
}

/// The numbers that some statements answer. The connection is closed again: on SQLite whoever has the file open keeps its
/// shared memory valid, and a server that was killed would not recover as it does by itself.
pub(crate) fn query_numbers(url: &str, statements: &[&str]) -> Vec<i64> {
    runtime().block_on(async {
        let connection = connect(url).await;
        let mut numbers = Vec::new();
        for &statement in statements {
            let statement = Statement::from_string(connection.get_database_backend(), statement);
            let row = connection.query_one_raw(statement).await.unwrap().unwrap();
            numbers.push(row.try_get_by_index(0).unwrap());
        }
        connection.close().await.unwrap();
        numbers
    })
}

/// Whether SQLite finds its file sound, and the journal has no hole.
pub(crate) fn assert_consistent(url: &str) {
    let gaps = "SELECT count(*) - (SELECT sequence FROM journal_head) FROM journal";
    assert_eq!(query_numbers(url, &[gaps]), [0], "the journal and its head differ");
    if url.starts_with("sqlite:") {
        runtime().block_on(async {
            let connection = connect(url).await;
            let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
            let result: String = connection.query_one_raw(check).await.unwrap().unwrap().try_get_by_index(0).unwrap();
            connection.close().await.unwrap();
            assert_eq!(result, "ok");
        });
    }
}
