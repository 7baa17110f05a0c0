//! Check of the in-memory catalog: loads a catalog from the rows, and compares it with SQL counts and with a catalog
//! that is replayed from the journal.
//!
//! The replay is skipped if the journal is incomplete. The missing entries are reported by the part `journal` of the
//! check.

use std::collections::BTreeMap;

use entity::Noun;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::{
    finding::{FindingKind, Findings, object_id},
    journal::JournalSummary,
    savepoint::in_savepoint,
};
use crate::catalog::{Snapshot, load_in_transaction, replay_all};

/// Advice if the catalog is wrong. If there are no other findings, the cause is a bug in Dateline.
const REPORT_BUG: &str = "if there are no other findings, this is a bug in Dateline: report it, and restart the server";

/// SQL fragment that joins releases with their shown revisions: the live revision, or the working revision if no
/// revision is live.
const CATALOG_REVISIONS: &str =
    "\"release\" r JOIN revision v ON v.id = COALESCE(r.live_revision_id, r.working_revision_id)";

/// Loads a catalog, and compares it with SQL counts and with a replay of the journal.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings, journal: &JournalSummary) {
    let mut loaded = None;
    in_savepoint(tx, findings, "catalog", async |tx, _| {
        loaded = Some(load_in_transaction(tx).await?);
        Ok(())
    })
    .await;
    let Some(loaded) = loaded else { return };
    in_savepoint(tx, findings, "counts of the catalog", async |tx, findings| {
        compare_counts(tx, findings, &loaded).await
    })
    .await;
    // Skip the replay, because an incomplete journal would give a different catalog. The part `journal` of the check
    // has already reported the missing entries.
    if !journal.complete {
        return;
    }
    in_savepoint(tx, findings, "replay of the journal", async |tx, findings| {
        let followed = replay_all(tx, loaded.sequence()).await?;
        loaded.compare_with_replayed(&followed, |noun, id, problem| {
            let location = id.map_or_else(|| "catalog".to_owned(), |id| object_id(noun, id));
            let problem =
                format!("the catalog loaded from the rows and the replay of the journal differ in: {problem}");
            findings.add(FindingKind::Catalog, location, problem, REPORT_BUG);
        });
        Ok(())
    })
    .await;
}

async fn compare_counts(tx: &DatabaseTransaction, findings: &mut Findings, loaded: &Snapshot) -> Result<(), DbErr> {
    let census = loaded.census();
    let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0);
    for (name, sql, counted) in [
        ("state", "SELECT state, count(*) FROM \"release\" GROUP BY state".to_owned(), census.states),
        ("kind", format!("SELECT v.kind, count(*) FROM {CATALOG_REVISIONS} GROUP BY v.kind"), census.kinds),
        (
            "language",
            format!("SELECT v.language, count(*) FROM {CATALOG_REVISIONS} GROUP BY v.language"),
            census.languages,
        ),
    ] {
        let rows = count_by_key(tx, sql, text).await?;
        for_each_difference(&rows, &counted, |value, rows, counted| {
            let problem = format!("{rows} releases have the {name} {value}, but the catalog counts {counted}");
            findings.add(FindingKind::Catalog, "catalog", problem, REPORT_BUG);
        });
    }
    let all = "SELECT 'release', count(*) FROM \"release\" UNION ALL SELECT 'topic', count(*) FROM topic \
               UNION ALL SELECT 'place', count(*) FROM place";
    for_each_difference(&count_by_key(tx, all.to_owned(), text).await?, &census.all, |table, rows, counted| {
        let problem = format!("{table} has {rows} rows, but the catalog has {counted}");
        findings.add(FindingKind::Catalog, "catalog", problem, REPORT_BUG);
    });
    let assigned = |column: &str, table: &str, condition: &str| {
        format!(
            "SELECT a.{column}, count(*) FROM {CATALOG_REVISIONS} JOIN {table} a ON a.revision_id = v.id{condition} GROUP BY a.{column}"
        )
    };
    let key = |row: &QueryResult| row.try_get_by_index::<Uuid>(0);
    for (noun, role, sql, counted) in [
        (Noun::Topic, "topic", assigned("topic_id", "revision_topic", ""), census.topics),
        (
            Noun::Place,
            "place of the dateline",
            assigned("place_id", "revision_place", " AND a.role = 'DATELINE'"),
            census.dateline,
        ),
        (Noun::Place, "place", assigned("place_id", "revision_place", " AND a.role = 'ABOUT'"), census.about),
    ] {
        for_each_difference(&count_by_key(tx, sql, key).await?, &counted, |&id, rows, counted| {
            let problem = format!("{rows} releases have it as a {role}, but the catalog counts {counted}");
            findings.add(FindingKind::Catalog, object_id(noun, id), problem, REPORT_BUG);
        });
    }
    Ok(())
}

/// Runs an SQL query that returns two columns, a key and a count. Returns the counts by key.
async fn count_by_key<K: Ord>(
    tx: &DatabaseTransaction,
    sql: String,
    key: impl Fn(&sea_orm::QueryResult) -> Result<K, DbErr>,
) -> Result<BTreeMap<K, u64>, DbErr> {
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    let counted = |row: &QueryResult| Ok((key(row)?, row.try_get_by_index::<i64>(1)?.unsigned_abs()));
    rows.iter().map(counted).collect()
}

/// Calls `report` for every key whose counts differ in the two maps. A key that is missing in a map counts as 0.
fn for_each_difference<K: Ord>(
    rows: &BTreeMap<K, u64>,
    counted: &BTreeMap<K, u64>,
    mut report: impl FnMut(&K, u64, u64),
) {
    for key in rows.keys().chain(counted.keys().filter(|key| !rows.contains_key(*key))) {
        let number = |of: &BTreeMap<K, u64>| of.get(key).copied().unwrap_or_default();
        if number(rows) != number(counted) {
            report(key, number(rows), number(counted));
        }
    }
}
