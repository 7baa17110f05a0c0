//! Savepoints of a check: runs each part of the check in a nested transaction, and turns a failure or panic of the
//! part into a finding.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};

use super::finding::{FindingKind, Findings, RESTORE_BACKUP};
use crate::db::is_transient;

/// Runs one part of a check in a nested transaction (savepoint), so that the other parts can still run if this part
/// fails. After an error, PostgreSQL refuses all further statements in the transaction until it is rolled back to a
/// savepoint. A lost connection or a lock timeout interrupts the whole check. Any other failure becomes a finding.
pub(super) async fn in_savepoint(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    name: &str,
    run: impl AsyncFnOnce(&DatabaseTransaction, &mut Findings) -> Result<(), DbErr>,
) {
    let part = async {
        let savepoint = tx.begin().await?;
        match run(&savepoint, findings).await {
            Ok(()) => savepoint.commit().await,
            Err(error) => {
                // Report the original error, not an error of the rollback.
                let _ = savepoint.rollback().await;
                Err(error)
            }
        }
    };
    if let Err(error) = catch_panic(part).await {
        if is_transient(&error) {
            findings.interrupt(error);
            return;
        }
        findings.add(FindingKind::Damage, name, format!("it could not be checked completely: {error}"), RESTORE_BACKUP);
    }
}

/// Runs a part of the check and turns a panic into an error. The database driver panics on some values, for example
/// `infinity` on PostgreSQL.
pub(super) async fn catch_panic(part: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    let result = AssertUnwindSafe(part).catch_unwind().await;
    result.unwrap_or_else(|_| Err(DbErr::Type("it has a value that the database driver cannot decode".to_owned())))
}
