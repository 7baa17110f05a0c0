//! Transactions that say exactly how they ended.
//!
//! The first statement that fails ends a transaction: later statements get the same error and it cannot be committed. SQLite
//! may have rolled back by itself then (full disk, I/O error), and a statement after that would be committed on its own;
//! PostgreSQL answers COMMIT of a failed transaction with a rollback and no error.
//!
//! A transaction that is dropped is rolled back. Whenever a COMMIT or a ROLLBACK fails, its connection is closed.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    prelude::async_trait::async_trait,
};

use super::{
    error::{Fault, commit_is_unknown},
    file::DatabaseFile,
    health::{Health, Purpose},
};

/// A transaction under way. SeaORM's queries take it as a connection.
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    health: Arc<Health>,
    purpose: Purpose,
    /// The file that is written to; none on PostgreSQL and for a transaction that only reads.
    file: Option<Arc<DatabaseFile>>,
    /// The first error. Held only to read or set it, never across a statement.
    failed: Mutex<Option<DbErr>>,
}

impl Transaction {
    pub(super) fn new(
        inner: DatabaseTransaction,
        health: Arc<Health>,
        purpose: Purpose,
        file: Option<Arc<DatabaseFile>>,
    ) -> Self {
        Self { inner, health, purpose, file, failed: Mutex::new(None) }
    }

    /// Commits. An error other than [`Fault::OutcomeUnknown`] means that nothing was changed.
    ///
    /// COMMIT is carried out to its end also where the caller is dropped meanwhile.
    pub async fn commit(self) -> Result<(), Fault> {
        if let Some(error) = self.first_error() {
            return Err(error.into());
        }
        let Self { inner, health, purpose, file, .. } = self;
        let committing = tokio::spawn(inner.commit());
        let commit = async {
            committing.await.unwrap_or_else(|error| Err(DbErr::Conn(RuntimeErr::Internal(error.to_string()))))
        };
        let done = health.while_it_answers(None, commit).await;
        if let Err(error) = done {
            // Closed, not pooled: it may still be inside the transaction.
            health.retire(purpose);
            health.observe(&error);
            let unknown = purpose == Purpose::Write && commit_is_unknown(&error);
            tracing::warn!(%error, unknown, "a transaction could not be committed");
            return Err(if unknown { Fault::OutcomeUnknown(error.to_string()) } else { error.into() });
        }
        if let Some(file) = file {
            file.written();
            if let Some(reason) = file.fault() {
                health.stop_writes(&reason);
                return Err(Fault::OutcomeUnknown(reason));
            }
        }
        Ok(())
    }

    /// Rolls back. Nothing was changed, whatever it answers.
    pub async fn rollback(self) -> Result<(), Fault> {
        let Self { inner, health, purpose, .. } = self;
        let done = health.while_it_answers(None, inner.rollback()).await;
        done.map_err(|error| {
            health.retire(purpose);
            health.observe(&error);
            error.into()
        })
    }

    fn first_error(&self) -> Option<DbErr> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(error) = self.first_error() {
            return Err(error);
        }
        let done = self.health.while_it_answers(None, statement).await;
        if let Err(error) = &done {
            self.health.observe(error);
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
        done
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
