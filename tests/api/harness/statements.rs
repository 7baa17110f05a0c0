//! Records the SQL statements that a connection sends, so that tests can count them. The log contains reads and
//! writes, inside and outside transactions, including statements that fail. It does not contain BEGIN, COMMIT,
//! ROLLBACK, and statements sent with `execute_unprepared`. A statement whose rows are streamed is recorded when the
//! stream is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{DatabaseConnection, metric::Info};

/// The SQL texts of the statements since the log was attached, or since the last call of [`Self::take`].
#[derive(Clone, Debug, Default)]
pub(crate) struct StatementLog(Arc<Mutex<Vec<String>>>);

impl StatementLog {
    /// Starts a log of the statements that a connection sends. Clones that were made earlier are not logged.
    pub(crate) fn attach(connection: &mut DatabaseConnection) -> Self {
        let log = Self::default();
        connection.set_metric_callback(log.callback());
        log
    }

    /// Returns a callback for `Db::on_statement` that adds each statement to this log.
    pub(crate) fn callback(&self) -> impl Fn(&Info<'_>) + Clone + Send + Sync + use<> {
        let log = self.clone();
        move |info: &Info<'_>| log.with(|statements| statements.push(info.statement.sql.clone()))
    }

    /// Returns the number of statements in the log.
    pub(crate) fn count(&self) -> usize {
        self.with(|statements| statements.len())
    }

    /// Empties the log. Returns its statements in the order in which they ended.
    pub(crate) fn take(&self) -> Vec<String> {
        self.with(std::mem::take)
    }

    /// Runs an operation on the statements. Ignores a poisoned lock, so that a panic elsewhere does not cause a
    /// second panic.
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
