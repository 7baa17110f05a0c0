//! The catalog: one loaded from these rows against counts by SQL, and against one that follows the whole journal.

use std::collections::BTreeMap;

use entity::Noun;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use uuid::Uuid;

use super::{
    attempt,
    finding::{Findings, Kind, thing},
    journal::Journal,
};
use crate::catalog::{Snapshot, load_in_transaction, replay_all};

/// Where nothing else is wrong the catalog itself is.
const REPORT: &str = "if nothing else is wrong this is a fault of Dateline: report it, and start the server anew";

/// The version of a release that sets see.
const SHOWN: &str = "\"release\" r JOIN revision v ON v.id = COALESCE(r.live_revision_id, r.working_revision_id)";

/// Loads a catalog, and compares it.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings, journal: &Journal) {
    let mut loaded = None;
    attempt(read, findings, "catalog", async |read, _| {
        loaded = Some(load_in_transaction(read).await?);
        Ok(())
    })
    .await;
    let Some(loaded) = loaded else { return };
    attempt(read, findings, "counts of the catalog", async |read, findings| counts(read, findings, &loaded).await)
        .await;
    // A journal of which something is missing leads to another catalog; that is a finding already.
    if !journal.whole {
        return;
    }
    attempt(read, findings, "catalog that follows the journal", async |read, findings| {
        let followed = replay_all(read, loaded.sequence()).await?;
        loaded.compare_with_replayed(&followed, |noun, id, what| {
            let place = id.map_or_else(|| "catalog".to_owned(), |id| thing(noun, id));
            let what = format!("loaded from the rows and following the journal it differs in: {what}");
            findings.add(Kind::Catalog, place, what, REPORT);
        });
        Ok(())
    })
    .await;
}

async fn counts(read: &DatabaseTransaction, findings: &mut Findings, loaded: &Snapshot) -> Result<(), DbErr> {
    let census = loaded.census();
    let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0);
    for (name, sql, counted) in [
        ("state", "SELECT state, count(*) FROM \"release\" GROUP BY state".to_owned(), census.states),
        ("kind", format!("SELECT v.kind, count(*) FROM {SHOWN} GROUP BY v.kind"), census.kinds),
        ("language", format!("SELECT v.language, count(*) FROM {SHOWN} GROUP BY v.language"), census.languages),
    ] {
        let rows = grouped(read, sql, text).await?;
        differing(&rows, &counted, |value, rows, counted| {
            let what = format!("{rows} releases have the {name} {value}, and the catalog counts {counted}");
            findings.add(Kind::Catalog, "catalog", what, REPORT);
        });
    }
    let all = "SELECT 'release', count(*) FROM \"release\" UNION ALL SELECT 'topic', count(*) FROM topic \
               UNION ALL SELECT 'place', count(*) FROM place";
    differing(&grouped(read, all.to_owned(), text).await?, &census.all, |table, rows, counted| {
        let what = format!("{table} has {rows} rows, and the catalog {counted}");
        findings.add(Kind::Catalog, "catalog", what, REPORT);
    });
    let assigned = |column: &str, table: &str, only: &str| {
        format!(
            "SELECT a.{column}, count(*) FROM {SHOWN} JOIN {table} a ON a.revision_id = v.id{only} GROUP BY a.{column}"
        )
    };
    let key = |row: &sea_orm::QueryResult| row.try_get_by_index::<Uuid>(0);
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
        differing(&grouped(read, sql, key).await?, &counted, |&id, rows, counted| {
            let what = format!("{rows} releases have it as a {role}, and the catalog counts {counted}");
            findings.add(Kind::Catalog, thing(noun, id), what, REPORT);
        });
    }
    Ok(())
}

/// What a statement counts, by its first column.
async fn grouped<K: Ord>(
    read: &DatabaseTransaction,
    sql: String,
    key: impl Fn(&sea_orm::QueryResult) -> Result<K, DbErr>,
) -> Result<BTreeMap<K, u64>, DbErr> {
    let rows = read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await?;
    let counted = |row: &sea_orm::QueryResult| Ok((key(row)?, row.try_get_by_index::<i64>(1)?.unsigned_abs()));
    rows.iter().map(counted).collect()
}

/// Tells of values that are counted otherwise; what is not counted is 0.
fn differing<K: Ord>(rows: &BTreeMap<K, u64>, counted: &BTreeMap<K, u64>, mut tell: impl FnMut(&K, u64, u64)) {
    for key in rows.keys().chain(counted.keys().filter(|key| !rows.contains_key(*key))) {
        let number = |of: &BTreeMap<K, u64>| of.get(key).copied().unwrap_or_default();
        if number(rows) != number(counted) {
            tell(key, number(rows), number(counted));
        }
    }
}
