//! Savepoints of a check: runs one part of it in a nested transaction, and turns its failure or panic into a finding.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};

use super::finding::{FindingKind, Findings, RESTORE_BACKUP};
use crate::db::is_transient;

/// Runs one part of a check in a nested transaction. If it fails, the other parts can still run: PostgreSQL refuses
/// further statements in a transaction that failed, but not after a rollback to a savepoint. A lost connection
/// interrupts the check; any other failure is a finding.
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
                // Report the first error, not that of the rollback.
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

/// Runs a part and turns a panic into an error. The driver panics on some values, for example `infinity` on
/// PostgreSQL.
pub(super) async fn catch_panic(part: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    let result = AssertUnwindSafe(part).catch_unwind().await;
    result.unwrap_or_else(|_| Err(DbErr::Type("it has a value that the database driver cannot decode".to_owned())))
}
