//! Consistency check of a database: compares rows, journal and catalog with each other. Changes nothing.
//!
//! `dateline check` runs this check. All parts of the check read in one transaction, so a server may write at the
//! same time. Each part runs in a separate savepoint. If a part cannot read some data, this becomes a finding, and
//! the other parts still run. The last part holds two catalogs in memory.
//!
//! - `finding`: the findings of a check, with kind, location, problem and advice
//! - `savepoint`: runs one part of the check in a nested transaction, and reports its failure
//! - `integrity`: integrity check by the database system (SQLite's `PRAGMA integrity_check`, PostgreSQL's amcheck)
//! - `row`: checks that every row of every table can be decoded
//! - `reference`: checks foreign keys, undeclared references, and the numbering of revisions
//! - `slugs`: checks that the slug of every object is reserved for that object
//! - `journal`: checks that the journal has no gaps and that its entries can be decoded
//! - `image`: checks that the rows equal the images in the journal
//! - `bodies`: bodies with raw HTML, which are listed and are no findings
//! - `catalog`: compares the catalog with SQL counts and with a replay of the journal

mod bodies;
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
pub use bodies::HtmlBodies;
pub use finding::{Finding, FindingKind, MAX_LISTED};
use finding::{Findings, RESTORE_BACKUP};
use journal::JournalSummary;
use savepoint::in_savepoint;

/// The result of a check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The listed findings, at most [`MAX_LISTED`] of each kind.
    pub findings: Vec<Finding>,
    /// Number of further findings that are not listed, by kind. Only kinds with more than [`MAX_LISTED`] findings
    /// occur.
    pub unlisted: Vec<(FindingKind, u64)>,
    /// Number of rows that the check read, by table.
    pub rows: Vec<(String, u64)>,
    /// Bodies with raw HTML.
    pub html_bodies: HtmlBodies,
    /// First and last sequence of the journal, or `None` if it is empty.
    pub journal: Option<(i64, i64)>,
}

/// The reason why a check could not run or was not completed.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database has the schema of an older program version. The strings are the names of the missing migrations.
    #[error(
        "the database does not have the schema of this version (number of missing migrations: {}, first: {}): run \
         `dateline migrate`, or check it with the version that made it",
        .0.len(), .0.first().map_or("", String::as_str)
    )]
    Behind(Vec<String>),
    /// The database has the schema of a newer program version. The string is the name of the first unknown migration.
    #[error(
        "the database was made by a newer Dateline (it has the migration {0}, which this version does not know): check \
         it with that version"
    )]
    Newer(String),
    /// The check lost its connection, or waited too long for a lock, before it had read everything. This is no sign
    /// of damage.
    #[error("the check was interrupted before the whole database was read, and has no result: {0}; run it again")]
    Interrupted(DbErr),
    /// The check could not begin a transaction.
    #[error("the database cannot be read: {0}")]
    Db(#[from] DbErr),
}

/// Checks a database. Fails only if the check cannot run or cannot be completed. If some data cannot be read, the
/// report contains a finding instead.
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
    in_savepoint(&tx, &mut findings, "slugs", slugs::verify).await;
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
    let mut html_bodies = HtmlBodies::default();
    in_savepoint(&tx, &mut findings, "bodies", async |tx, _| html_bodies.find(tx).await).await;
    if let Some(error) = findings.interruption() {
        return Err(CheckError::Interrupted(error));
    }
    // Nothing was written, so a failed rollback does not matter.
    let _ = tx.rollback().await;
    let (findings, unlisted) = findings.finish();
    let journal = (journal.last > 0).then_some((journal.first, journal.last));
    Ok(CheckReport { findings, unlisted, rows, html_bodies, journal })
}
