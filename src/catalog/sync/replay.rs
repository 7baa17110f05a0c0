//! Replays the whole journal into an empty snapshot. `dateline check` then compares this snapshot with one loaded
//! from the tables (`snapshot::difference`).

use sea_orm::{ConnectionTrait, DbErr};

use super::journal_reader::{APPLY_BATCH, read_after};
use crate::catalog::snapshot::Snapshot;

/// Applies the journal entries from sequence 1 to `until` to an empty snapshot, and returns the snapshot. `read` must
/// be a transaction in which all reads see the same state of the database.
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
