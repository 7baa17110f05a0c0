//! Reads journal entries from the database, ordered by sequence, and decodes their images from JSON.

use entity::journal;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::journal::{Entry, Image};

/// Maximum number of entries that the follower reads and applies at once.
pub(super) const APPLY_BATCH: u64 = 1000;

/// Reads the first `limit` journal entries after a sequence, in order.
pub(super) async fn read_after<C: ConnectionTrait>(
    connection: &C,
    sequence: i64,
    limit: u64,
) -> Result<Vec<Entry>, DbErr> {
    let rows = journal::Entity::find()
        .filter(journal::Column::Sequence.gt(sequence))
        .order_by_asc(journal::Column::Sequence)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(decode_entry).collect()
}

/// Decodes a row of the journal table.
fn decode_entry(row: journal::Model) -> Result<Entry, DbErr> {
    let image = |text: Option<String>| -> Result<Option<Image>, DbErr> {
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| DbErr::Json(error.to_string()))
    };
    Ok(Entry {
        sequence: row.sequence,
        at: row.at,
        by: row.by,
        action: row.act,
        noun: row.noun,
        noun_id: row.noun_id,
        note: row.note,
        before: image(row.before)?,
        after: image(row.after)?,
    })
}
