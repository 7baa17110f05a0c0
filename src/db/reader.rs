//! Reads outside a transaction. Each read has a timeout, and is retried once if the connection was lost or a lock was
//! held.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait::async_trait,
};

use super::health::Health;

/// Time limit of one read, including the wait for a free connection. A read fetches a few rows by key, so a slower
/// read means a dead connection or an overloaded database.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// The pool of read connections. A read is retried once if its connection is lost or another process holds a lock.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) pool: DatabaseConnection,
    pub(super) health: Arc<Health>,
}

impl Reader {
    /// Runs `read`. If it fails with an error that a retry may resolve, runs `retry`, the same read again.
    async fn run<T>(
        &self,
        read: impl Future<Output = Result<T, DbErr>>,
        retry: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        match self.health.run_while_available(Some(READ_TIMEOUT), read).await {
            Err(error) if self.health.observe(&error).is_retryable() => {
                let result = self.health.run_while_available(Some(READ_TIMEOUT), retry).await;
                if let Err(error) = &result {
                    self.health.observe(error);
                }
                result
            }
            result => result,
        }
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.pool.execute_raw(statement.clone()), self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.pool.execute_unprepared(sql), self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.pool.query_one_raw(statement.clone()), self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.pool.query_all_raw(statement.clone()), self.pool.query_all_raw(statement)).await
    }
}
