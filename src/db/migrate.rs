//! Schema migrations: applies all missing migrations in one transaction. On PostgreSQL the transaction holds an
//! advisory lock, so only one process migrates at a time.

use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use super::{database::Db, options::OpenError};

/// Key of the PostgreSQL advisory lock for migrations. The number is arbitrary, and other programs are unlikely to
/// use it.
const MIGRATION_LOCK: i64 = 0x0da7_e11e;

impl Db {
    /// Applies the missing migrations in one transaction and returns their names. Fails if the database has
    /// migrations that this version of Dateline does not know.
    pub async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        if self.pending_migrations().await?.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = self.clone().begin_on_writer().await.map_err(OpenError::Migration)?;
        if self.backend() == DbBackend::Postgres {
            // If another process is migrating, this waits for that process without a time limit.
            let lock = format!("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            transaction.execute_unprepared(&lock).await.map_err(OpenError::Migration)?;
        }
        // Another process may have migrated while this process waited for the lock.
        let pending = pending(&self.applied(&transaction).await.map_err(OpenError::Migration)?)?;
        Migrator::up(&transaction, None).await.map_err(OpenError::Migration)?;
        transaction.commit().await.map_err(OpenError::Migration)?;
        Ok(pending)
    }

    /// Returns the names of the migrations that the database lacks. Fails if the database has migrations that this
    /// version does not know, which means that a newer version of Dateline wrote them.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, OpenError> {
        pending(&self.applied(&self.write).await.map_err(OpenError::Migration)?)
    }

    /// Returns the names of the migrations that were applied to the database.
    async fn applied<C: ConnectionTrait>(&self, connection: &C) -> Result<Vec<String>, DbErr>
    where
        for<'c> &'c C: migration::IntoSchemaManagerConnection<'c>,
    {
        #[derive(FromQueryResult)]
        struct Applied {
            version: String,
        }
        if !SchemaManager::new(connection).has_table("seaql_migrations").await? {
            return Ok(Vec::new());
        }
        let all = Statement::from_string(self.backend(), "SELECT version FROM seaql_migrations ORDER BY version");
        Ok(Applied::find_by_statement(all).all(connection).await?.into_iter().map(|row| row.version).collect())
    }
}

fn pending(applied: &[String]) -> Result<Vec<String>, OpenError> {
    let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    match applied.iter().find(|step| !known.contains(step)) {
        Some(step) => Err(OpenError::Newer { step: step.clone() }),
        None => Ok(known.into_iter().filter(|step| !applied.contains(step)).collect()),
    }
}
