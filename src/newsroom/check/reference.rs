//! Referential integrity check: finds rows that refer to missing rows (orphans), for declared foreign keys and for
//! undeclared references.
//!
//! This part of the check also verifies that the revisions of each release are numbered without gaps, and that its
//! live and working revision belong to it.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, StreamTrait};
use uuid::Uuid;

use super::{
    finding::{EXTERNAL_CHANGE, FindingKind, Findings},
    savepoint::in_savepoint,
};

/// A column that refers to rows of another table.
struct Reference {
    table: &'static str,
    /// The column by which findings identify a row of `table`.
    key: &'static str,
    column: &'static str,
    /// The table whose `id` the column refers to.
    parent: &'static str,
    /// SQL condition that selects the rows to check. Empty means all rows.
    condition: &'static str,
    /// Whether the database schema declares the reference as a foreign key.
    declared: bool,
}

const fn declared(table: &'static str, key: &'static str, column: &'static str, parent: &'static str) -> Reference {
    Reference { table, key, column, parent, condition: "", declared: true }
}

const fn undeclared(
    table: &'static str,
    key: &'static str,
    column: &'static str,
    parent: &'static str,
    condition: &'static str,
) -> Reference {
    Reference { table, key, column, parent, condition, declared: false }
}

const REFERENCES: &[Reference] = &[
    declared("revision", "id", "release_id", "release"),
    declared("topic_name", "topic_id", "topic_id", "topic"),
    declared("topic_broader", "topic_id", "topic_id", "topic"),
    declared("topic_broader", "topic_id", "broader_id", "topic"),
    declared("place", "id", "within_id", "place"),
    declared("place_name", "place_id", "place_id", "place"),
    declared("revision_topic", "revision_id", "revision_id", "revision"),
    declared("revision_topic", "revision_id", "topic_id", "topic"),
    declared("revision_place", "revision_id", "revision_id", "revision"),
    declared("revision_place", "revision_id", "place_id", "place"),
    declared("correction", "release_id", "release_id", "release"),
    declared("preview_link", "id", "release_id", "release"),
    undeclared("release", "id", "live_revision_id", "revision", ""),
    undeclared("release", "id", "working_revision_id", "revision", ""),
    undeclared("topic", "id", "replaced_by_id", "topic", ""),
    undeclared("place", "id", "replaced_by_id", "place", ""),
    undeclared("merged_concept", "id", "into_id", "topic", "c.noun = 'TOPIC'"),
    undeclared("merged_concept", "id", "into_id", "place", "c.noun = 'PLACE'"),
    undeclared("slug", "slug", "owner_id", "topic", "c.noun = 'TOPIC'"),
    undeclared("slug", "slug", "owner_id", "place", "c.noun = 'PLACE'"),
];

/// The reference from a release's slug to the release. A slug that was public stays reserved permanently. After its
/// release is purged, the table contains only a digest of the slug, which begins with `~`. The release of a digest no
/// longer exists, so digests are not checked.
const SLUG_OF_RELEASE: Reference =
    undeclared("slug", "slug", "owner_id", "release", "c.noun = 'RELEASE' AND c.slug NOT LIKE '~%'");

/// Returns whether this file checks the foreign keys from `table` to `parent` row by row.
pub(super) fn is_verified(table: &str, parent: &str) -> bool {
    REFERENCES.iter().any(|reference| reference.declared && reference.table == table && reference.parent == parent)
}

/// Finds rows that refer to missing rows. Also finds releases that lack revisions, or whose live or working revision
/// belongs to another release.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings) {
    for reference in REFERENCES.iter().chain([&SLUG_OF_RELEASE]) {
        let name = format!("references from {}.{} to {}", reference.table, reference.column, reference.parent);
        in_savepoint(tx, findings, &name, async |tx, findings| check_orphans(tx, findings, reference).await).await;
    }
    in_savepoint(tx, findings, "revisions of releases", check_versions).await;
}

async fn check_orphans(tx: &DatabaseTransaction, findings: &mut Findings, reference: &Reference) -> Result<(), DbErr> {
    let Reference { table, key, column, parent, condition, .. } = reference;
    let condition = if condition.is_empty() { String::new() } else { format!(" AND {condition}") };
    let sql = format!(
        "SELECT c.{key}, c.{column} FROM \"{table}\" c LEFT JOIN \"{parent}\" p ON p.id = c.{column} \
         WHERE c.{column} IS NOT NULL AND p.id IS NULL{condition}"
    );
    let backend = ConnectionTrait::get_database_backend(tx);
    let mut rows = tx.stream_raw(Statement::from_string(backend, sql)).await?;
    while let Some(row) = rows.next().await {
        let row = row?;
        let text = |index: usize| {
            let id = row.try_get_by_index::<Uuid>(index).map(|id| id.simple().to_string());
            id.or_else(|_| row.try_get_by_index(index)).unwrap_or_else(|_| "?".to_owned())
        };
        let problem = format!("{column} is {}, which does not exist in {parent}", text(1));
        findings.add(FindingKind::Orphan, format!("{table} {key}={}", text(0)), problem, EXTERNAL_CHANGE);
    }
    Ok(())
}

/// Checks that the revisions of each release are numbered from 1 to the newest without gaps. Also checks that each
/// release has a live or a working revision, and that these revisions belong to the release.
async fn check_versions(tx: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let counted = "SELECT r.id, r.revision, count(v.id) FROM \"release\" r LEFT JOIN revision v ON v.release_id = r.id \
                   GROUP BY r.id, r.revision HAVING count(v.id) <> r.revision OR min(v.number) <> 1 OR max(v.number) <> r.revision";
    for row in tx.query_all_raw(Statement::from_string(backend, counted.to_owned())).await? {
        let (id, newest, number): (Uuid, i32, i64) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let problem = format!(
            "its newest revision is number {newest}, but its stored revisions ({number}) are not 1 to {newest}"
        );
        findings.add(FindingKind::Revision, format!("release_{}", id.simple()), problem, EXTERNAL_CHANGE);
    }
    let live = "SELECT r.id FROM \"release\" r JOIN revision v ON v.id = r.live_revision_id WHERE v.release_id <> r.id";
    let working =
        "SELECT r.id FROM \"release\" r JOIN revision v ON v.id = r.working_revision_id WHERE v.release_id <> r.id";
    let none = "SELECT id FROM \"release\" WHERE live_revision_id IS NULL AND working_revision_id IS NULL";
    for (sql, problem) in [
        (live, "its live revision belongs to another release"),
        (working, "its working revision belongs to another release"),
        (none, "it has neither a live nor a working revision"),
    ] {
        for row in tx.query_all_raw(Statement::from_string(backend, sql.to_owned())).await? {
            let id: Uuid = row.try_get_by_index(0)?;
            findings.add(FindingKind::Revision, format!("release_{}", id.simple()), problem, EXTERNAL_CHANGE);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;

    #[tokio::test]
    async fn every_foreign_key_that_is_declared_is_verified() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}", folder.path().join("keys.db").display())).await.unwrap();
        db.migrate().await.unwrap();
        let declared = "SELECT m.name, k.\"from\", k.\"table\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k \
                        WHERE m.type = 'table'";
        let statement = Statement::from_string(db.backend(), declared.to_owned());
        let mut in_schema: Vec<(String, String, String)> = Vec::new();
        for row in db.reader().query_all_raw(statement).await.unwrap() {
            let text = |index: usize| row.try_get_by_index::<String>(index).unwrap();
            in_schema.push((text(0), text(1), text(2)));
        }
        let mut verified: Vec<(String, String, String)> = REFERENCES
            .iter()
            .filter(|reference| reference.declared)
            .map(|reference| (reference.table.to_owned(), reference.column.to_owned(), reference.parent.to_owned()))
            .collect();
        in_schema.sort();
        verified.sort();
        assert_eq!(in_schema, verified);
    }
}
