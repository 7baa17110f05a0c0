//! Consistency check of a database: verifies rows, journal and catalog against each other, and changes nothing.
//!
//! Used by `dateline check`. All parts read in one transaction, so a server may write meanwhile. Each part runs in a
//! savepoint of its own: what cannot be read is a finding, and the other parts continue. Memory: two catalogs at the
//! end.
//!
//! - `finding`: what is reported, with location and advice
//! - `savepoint`: runs one part in a nested transaction, and reports its failure
//! - `integrity`: integrity check of the database itself (SQLite, amcheck)
//! - `row`: every row of every table can be decoded
//! - `reference`: foreign keys and undeclared references, numbering of revisions
//! - `slugs`: every slug belongs to its owner
//! - `journal`: the journal has no gaps, and its entries can be decoded
//! - `image`: rows equal the images of the journal
//! - `catalog`: the catalog equals SQL counts and a replay of the journal

mod catalog;
mod finding;
mod image;
mod integrity;
mod journal;
mod reference;
mod row;
mod savepoint;
mod slugs;

use sea_orm::DbErr;

use super::repair::find_out_of_range;
use crate::db::{Db, OpenError};
pub use finding::{Finding, FindingKind, MAX_LISTED};
use finding::{Findings, RESTORE_BACKUP};
use journal::JournalSummary;
use savepoint::in_savepoint;

/// What a check came to.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// What is wrong, of each kind [`MAX_LISTED`] at most.
    pub findings: Vec<Finding>,
    /// How many more there are, by kind.
    pub unlisted: Vec<(FindingKind, u64)>,
    /// How many rows were read, by table.
    pub rows: Vec<(String, u64)>,
    /// The first and the last sequence of the journal; none where it is empty.
    pub journal: Option<(i64, i64)>,
}

/// Why a database is not verified.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It does not have the schema of this version.
    #[error(
        "the database does not have the schema of this version ({} migrations are missing, the first is {}): run `dateline \
         migrate`, or check it with the version that made it",
        .0.len(), .0.first().map_or("", String::as_str)
    )]
    Behind(Vec<String>),
    /// A newer Dateline wrote it.
    #[error(
        "the database was made by a newer Dateline (it has the step {0}, which this version does not know): check it with that \
         version"
    )]
    Newer(String),
    /// The database was lost, or locked for too long, before everything was read. It says nothing about damage.
    #[error("the database could not be read to the end, so nothing is known of it: {0}; run the check again")]
    Interrupted(DbErr),
    /// No transaction could be begun.
    #[error("the database cannot be read: {0}")]
    Db(#[from] DbErr),
}

/// Verifies a database. An error says why that could not be begun; what cannot be read later on is a finding.
pub async fn check(db: &Db) -> Result<CheckReport, CheckError> {
    let mut findings = Findings::default();
    match db.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {}
        Ok(pending) => return Err(CheckError::Behind(pending)),
        Err(OpenError::Newer { step }) => return Err(CheckError::Newer(step)),
        Err(error) => findings.add(FindingKind::Damage, "table seaql_migrations", error.to_string(), RESTORE_BACKUP),
    }
    let tx = db.begin_inspection().await?;
    integrity::verify(&tx, &mut findings).await;
    let rows = row::verify(&tx, &mut findings).await;
    reference::verify(&tx, &mut findings).await;
    in_savepoint(&tx, &mut findings, "addresses", slugs::verify).await;
    in_savepoint(&tx, &mut findings, "dates and instants", async |tx, findings| {
        for row in find_out_of_range(tx).await? {
            findings.add(FindingKind::Range, row.location(), row.description(), "run `dateline check --repair`");
        }
        Ok(())
    })
    .await;
    let mut journal = JournalSummary::default();
    in_savepoint(&tx, &mut findings, "journal", async |tx, findings| journal::verify(tx, findings, &mut journal).await)
        .await;
    image::verify(&tx, &mut findings, &journal).await;
    catalog::verify(&tx, &mut findings, &journal).await;
    if let Some(error) = findings.interruption() {
        return Err(CheckError::Interrupted(error));
    }
    // Nothing was written; how it ends is no matter.
    let _ = tx.rollback().await;
    let (findings, unlisted) = findings.finish();
    let journal = (journal.last > 0).then_some((journal.first, journal.last));
    Ok(CheckReport { findings, unlisted, rows, journal })
}
