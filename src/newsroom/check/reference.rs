//! Rows that refer to other rows: the foreign keys that are declared, and the references that are not.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, StreamTrait};
use uuid::Uuid;

use super::{
    attempt,
    finding::{Findings, Kind, PAST},
};

/// A column that holds keys of another table.
struct Reference {
    table: &'static str,
    /// What a row of it is named by.
    key: &'static str,
    column: &'static str,
    /// The table whose `id` it refers to.
    parent: &'static str,
    /// Which rows of the table, where not all.
    only: &'static str,
    /// Whether the database knows of it as a foreign key.
    declared: bool,
}

const fn declared(table: &'static str, key: &'static str, column: &'static str, parent: &'static str) -> Reference {
    Reference { table, key, column, parent, only: "", declared: true }
}

const fn own(
    table: &'static str,
    key: &'static str,
    column: &'static str,
    parent: &'static str,
    only: &'static str,
) -> Reference {
    Reference { table, key, column, parent, only, declared: false }
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
    own("release", "id", "live_revision_id", "revision", ""),
    own("release", "id", "working_revision_id", "revision", ""),
    own("topic", "id", "replaced_by_id", "topic", ""),
    own("place", "id", "replaced_by_id", "place", ""),
    own("merged_concept", "id", "into_id", "topic", "c.noun = 'TOPIC'"),
    own("merged_concept", "id", "into_id", "place", "c.noun = 'PLACE'"),
    own("slug", "slug", "owner_id", "topic", "c.noun = 'TOPIC'"),
    own("slug", "slug", "owner_id", "place", "c.noun = 'PLACE'"),
];

/// An address that was public is held for ever, also after its release was purged: as a digest then, which begins with ~.
const SLUG_OF_RELEASE: Reference =
    own("slug", "slug", "owner_id", "release", "c.noun = 'RELEASE' AND c.slug NOT LIKE '~%'");

/// Whether references from one table to another are verified here.
pub(super) fn is_verified(table: &str, parent: &str) -> bool {
    REFERENCES.iter().any(|reference| reference.declared && reference.table == table && reference.parent == parent)
}

/// Finds rows that refer to nothing, and releases whose versions are not their own or not all there.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings) {
    for reference in REFERENCES.iter().chain([&SLUG_OF_RELEASE]) {
        let name = format!("references from {}.{} to {}", reference.table, reference.column, reference.parent);
        attempt(read, findings, &name, async |read, findings| orphans(read, findings, reference).await).await;
    }
    attempt(read, findings, "versions of releases", versions).await;
}

async fn orphans(read: &DatabaseTransaction, findings: &mut Findings, of: &Reference) -> Result<(), DbErr> {
    let Reference { table, key, column, parent, only, .. } = of;
    let only = if only.is_empty() { String::new() } else { format!(" AND {only}") };
    let sql = format!(
        "SELECT c.{key}, c.{column} FROM \"{table}\" c LEFT JOIN \"{parent}\" p ON p.id = c.{column} \
         WHERE c.{column} IS NOT NULL AND p.id IS NULL{only}"
    );
    let backend = ConnectionTrait::get_database_backend(read);
    let mut rows = read.stream_raw(Statement::from_string(backend, sql)).await?;
    while let Some(row) = rows.next().await {
        let row = row?;
        let text = |index: usize| {
            let id = row.try_get_by_index::<Uuid>(index).map(|id| id.simple().to_string());
            id.or_else(|_| row.try_get_by_index(index)).unwrap_or_else(|_| "?".to_owned())
        };
        let what = format!("{column} is {}, and {parent} has no such row", text(1));
        findings.add(Kind::Orphan, format!("{table} {key}={}", text(0)), what, PAST);
    }
    Ok(())
}

/// The versions of a release are numbered from 1 to the newest without holes; the live one and the one being worked on are its
/// own.
async fn versions(read: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    let backend = ConnectionTrait::get_database_backend(read);
    let counted = "SELECT r.id, r.revision, count(v.id) FROM \"release\" r LEFT JOIN revision v ON v.release_id = r.id \
                   GROUP BY r.id, r.revision HAVING count(v.id) <> r.revision OR min(v.number) <> 1 OR max(v.number) <> r.revision";
    for row in read.query_all_raw(Statement::from_string(backend, counted.to_owned())).await? {
        let (id, newest, number): (Uuid, i32, i64) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let what = format!("its newest version is number {newest}, and there are {number} versions of it");
        findings.add(Kind::Version, format!("release_{}", id.simple()), what, PAST);
    }
    let live = "SELECT r.id FROM \"release\" r JOIN revision v ON v.id = r.live_revision_id WHERE v.release_id <> r.id";
    let working =
        "SELECT r.id FROM \"release\" r JOIN revision v ON v.id = r.working_revision_id WHERE v.release_id <> r.id";
    let none = "SELECT id FROM \"release\" WHERE live_revision_id IS NULL AND working_revision_id IS NULL";
    for (sql, what) in [
        (live, "its live version belongs to another release"),
        (working, "its version being worked on belongs to another release"),
        (none, "it has no version to show"),
    ] {
        for row in read.query_all_raw(Statement::from_string(backend, sql.to_owned())).await? {
            let id: Uuid = row.try_get_by_index(0)?;
            findings.add(Kind::Version, format!("release_{}", id.simple()), what, PAST);
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
        let mut known: Vec<(String, String, String)> = Vec::new();
        for row in db.reader().query_all_raw(statement).await.unwrap() {
            let text = |index: usize| row.try_get_by_index::<String>(index).unwrap();
            known.push((text(0), text(1), text(2)));
        }
        let mut verified: Vec<(String, String, String)> = REFERENCES
            .iter()
            .filter(|reference| reference.declared)
            .map(|reference| (reference.table.to_owned(), reference.column.to_owned(), reference.parent.to_owned()))
            .collect();
        known.sort();
        verified.sort();
        assert_eq!(known, verified);
    }
}
