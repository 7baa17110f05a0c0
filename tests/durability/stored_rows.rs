//! Reads the database directly, without the server, and checks the integrity of the database and the journal.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tokio::runtime::{Builder, Runtime};

/// Returns a runtime that runs async code in synchronous tests.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Opens one connection to the database at a URL, without a pool.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(ConnectOptions::new(url).max_connections(1).sqlx_logging(false).clone()).await.unwrap()
}

/// Executes SQL statements that select one number each. Returns the numbers. Closes the connection afterwards: an
/// open connection to a SQLite file keeps the shared memory valid, so a killed server would not run the usual crash
/// recovery at its next start.
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

/// Checks that the number of journal entries equals the sequence in `journal_head`, and that SQLite reports no
/// corruption.
pub(crate) fn assert_consistent(url: &str) {
    let gaps = "SELECT count(*) - (SELECT sequence FROM journal_head) FROM journal";
    assert_eq!(query_numbers(url, &[gaps]), [0], "the number of journal entries differs from the journal head");
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
