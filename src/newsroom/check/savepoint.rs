//! Savepoints of a check: runs one part of it in a nested transaction, and makes its failure or panic a finding.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sea_orm::{DatabaseTransaction, DbErr, TransactionTrait};

use super::finding::{FindingKind, Findings, RESTORE_BACKUP};
use crate::db::is_transient;

/// Tries one part in a nested transaction, so that its failure leaves the others be: on PostgreSQL nothing more can be read in a
/// transaction that failed.
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
                // What matters is the first error.
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
        findings.add(
            FindingKind::Damage,
            name,
            format!("it could not be verified to its end: {error}"),
            RESTORE_BACKUP,
        );
    }
}

/// What a part comes to, where some value ends the driver too, instead of giving an error (`infinity` on PostgreSQL does).
pub(super) async fn catch_panic(part: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    let result = AssertUnwindSafe(part).catch_unwind().await;
    result.unwrap_or_else(|_| Err(DbErr::Type("it holds a value that cannot be read".to_owned())))
}
