//! Database transactions that report their outcome exactly: committed, rolled back, or unknown
//! (`DatabaseError::OutcomeUnknown`).
//!
//! After the first failed statement, all later statements fail with the same error, and the transaction cannot be
//! committed. This rule is needed because SQLite may already have rolled back, and because PostgreSQL answers a
//! COMMIT of a failed transaction with a rollback instead of an error. Dropping a transaction rolls it back. After a
//! failed COMMIT or ROLLBACK the connection is closed.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    prelude::async_trait::async_trait,
};

use super::{
    error::{DatabaseError, commit_outcome_is_unknown},
    file::DatabaseFile,
    health::{Health, Purpose},
};

/// An open transaction. SeaORM queries accept it as a connection.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    health: Arc<Health>,
    purpose: Purpose,
    /// The SQLite file that this transaction writes to. `None` on PostgreSQL and for read transactions.
    file: Option<Arc<DatabaseFile>>,
    /// The first error of a statement. The mutex is never held while a statement runs.
    first_failure: Mutex<Option<DbErr>>,
}

impl Transaction {
    pub(super) fn new(
        inner: DatabaseTransaction,
        health: Arc<Health>,
        purpose: Purpose,
        file: Option<Arc<DatabaseFile>>,
    ) -> Self {
        Self { inner, health, purpose, file, first_failure: Mutex::new(None) }
    }

    /// Commits the transaction. If the error is not [`DatabaseError::OutcomeUnknown`], nothing was changed.
    ///
    /// COMMIT runs to completion even if the caller is dropped meanwhile.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        if let Some(error) = self.first_error() {
            return Err(error.into());
        }
        let Self { inner, health, purpose, file, .. } = self;
        let committing = tokio::spawn(inner.commit());
        let commit = async {
            committing.await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
        };
        let result = health.run_while_available(None, commit).await;
        if let Err(error) = result {
            // The pool must close the connection, because it may still be inside the transaction.
            health.retire(purpose);
            health.observe(&error);
            let unknown = purpose == Purpose::Write && commit_outcome_is_unknown(&error);
            tracing::warn!(%error, unknown, "committing a transaction failed");
            return Err(if unknown { DatabaseError::OutcomeUnknown(error.to_string()) } else { error.into() });
        }
        if let Some(file) = file {
            file.mark_written();
            if let Some(reason) = file.identity_problem() {
                health.stop_writes(&reason);
                return Err(DatabaseError::OutcomeUnknown(reason));
            }
        }
        Ok(())
    }

    /// Rolls the transaction back. Nothing was changed, even if this returns an error.
    pub async fn rollback(self) -> Result<(), DatabaseError> {
        let Self { inner, health, purpose, .. } = self;
        let result = health.run_while_available(None, inner.rollback()).await;
        result.map_err(|error| {
            health.retire(purpose);
            health.observe(&error);
            error.into()
        })
    }

    fn first_error(&self) -> Option<DbErr> {
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(error) = self.first_error() {
            return Err(error);
        }
        let result = self.health.run_while_available(None, statement).await;
        if let Err(error) = &result {
            self.health.observe(error);
            self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
        result
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(self.inner.query_all_raw(statement)).await
    }
}
