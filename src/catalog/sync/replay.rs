//! Replays the whole journal into an empty snapshot, so that `dateline check` can compare it with the tables.
//!
//! Call it in a transaction that sees a single state of the database. The comparison is `snapshot::difference`.

use sea_orm::{ConnectionTrait, DbErr};

use super::journal_reader::{APPLY_BATCH, read_after};
use crate::catalog::snapshot::Snapshot;

/// Returns an empty snapshot with the journal applied from sequence 1 to `until`. Must be called in a transaction
/// that sees a single state of the database.
pub(crate) async fn replay_all<C: ConnectionTrait>(read: &C, until: i64) -> Result<Snapshot, DbErr> {
    let mut snapshot = Snapshot::default();
    while snapshot.sequence() < until {
        let entries = read_after(read, snapshot.sequence(), APPLY_BATCH).await?;
        if entries.is_empty() {
            break;
        }
        let applied = tokio::task::spawn_blocking(move || {
            snapshot.apply(entries.into_iter().filter(|entry| entry.sequence <= until));
            snapshot
        });
        snapshot = applied.await.map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    Ok(snapshot)
}
