//! Counts SQL statements: `StatementLog` records each statement that a connection sends. It records reads and writes
//! inside and outside transactions, also failed ones, but not BEGIN, COMMIT, and ROLLBACK, and not
//! `execute_unprepared`. A streamed statement is recorded when its stream is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{DatabaseConnection, metric::Info};

/// The SQL of the statements sent since the log was attached or last taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatementLog(Arc<Mutex<Vec<String>>>);

impl StatementLog {
    /// Starts a log of the statements that this connection sends. Earlier clones of the connection are not logged.
    pub(crate) fn attach(connection: &mut DatabaseConnection) -> Self {
        let log = Self::default();
        connection.set_metric_callback(log.callback());
        log
    }

    /// Returns a callback that records statements, for `Db::on_statement`.
    pub(crate) fn callback(&self) -> impl Fn(&Info<'_>) + Clone + Send + Sync + use<> {
        let log = self.clone();
        move |info: &Info<'_>| log.with(|statements| statements.push(info.statement.sql.clone()))
    }

    /// Returns the number of statements.
    pub(crate) fn count(&self) -> usize {
        self.with(|statements| statements.len())
    }

    /// Removes and returns the statements, in the order in which they ended.
    pub(crate) fn take(&self) -> Vec<String> {
        self.with(std::mem::take)
    }

    /// Runs an operation on the statements. A poisoned lock is ignored, so a panic in another test does not fail this
    /// one.
    fn with<T>(&self, operation: impl FnOnce(&mut Vec<String>) -> T) -> T {
        operation(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tokio::test]
async fn each_statement_is_logged_once_inside_and_outside_transactions() {
    use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, Statement, TransactionTrait};

    let mut connection = Database::connect(ConnectOptions::new("sqlite::memory:")).await.unwrap();
    let log = StatementLog::attach(&mut connection);
    let statement = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    connection.query_one_raw(statement("SELECT 1")).await.unwrap();
    connection.query_all_raw(statement("SELECT 2")).await.unwrap();
    connection.execute_raw(statement("SELECT no_such_column")).await.unwrap_err();
    assert_eq!(log.count(), 3);

    let transaction = connection.begin().await.unwrap();
    transaction.execute_raw(statement("CREATE TABLE page (number)")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(log.take(), ["SELECT 1", "SELECT 2", "SELECT no_such_column", "CREATE TABLE page (number)"]);
    assert_eq!(log.count(), 0);
}
