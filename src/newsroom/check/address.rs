//! Addresses: what a release, topic or place has as its address now it holds in the table of all addresses.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, StreamTrait};
use uuid::Uuid;

use entity::Noun;

use super::finding::{Findings, Kind, PAST, thing};

/// Things with their addresses, who holds those, and whether the public may know them: of a release one that was public; of
/// topics and places all.
const HELD: [(Noun, &str); 3] = [
    (
        Noun::Release,
        "SELECT t.id, t.slug, s.owner_id, s.public_at IS NULL AND t.live_revision_id IS NOT NULL FROM \"release\" t \
         LEFT JOIN slug s ON s.noun = 'RELEASE' AND s.slug = t.slug \
         WHERE s.owner_id IS NULL OR s.owner_id <> t.id OR (s.public_at IS NULL AND t.live_revision_id IS NOT NULL)",
    ),
    (
        Noun::Topic,
        "SELECT t.id, t.slug, s.owner_id, s.public_at IS NULL FROM topic t \
         LEFT JOIN slug s ON s.noun = 'TOPIC' AND s.slug = t.slug \
         WHERE s.owner_id IS NULL OR s.owner_id <> t.id OR s.public_at IS NULL",
    ),
    (
        Noun::Place,
        "SELECT t.id, t.slug, s.owner_id, s.public_at IS NULL FROM place t \
         LEFT JOIN slug s ON s.noun = 'PLACE' AND s.slug = t.slug \
         WHERE s.owner_id IS NULL OR s.owner_id <> t.id OR s.public_at IS NULL",
    ),
];

/// Looks for addresses that nobody or somebody else holds.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    for (noun, sql) in HELD {
        let backend = ConnectionTrait::get_database_backend(read);
        let mut rows = read.stream_raw(Statement::from_string(backend, sql.to_owned())).await?;
        while let Some(row) = rows.next().await {
            let row = row?;
            let (id, slug, holder): (Uuid, String, Option<Uuid>) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            let what = match holder {
                None => format!("its address \"{slug}\" is not in the table slug"),
                Some(holder) if holder != id => {
                    format!("its address \"{slug}\" belongs to {} in the table slug", thing(noun, holder))
                }
                Some(_) => format!("its address \"{slug}\" is not marked as public in the table slug"),
            };
            findings.add(Kind::Address, thing(noun, id), what, PAST);
        }
    }
    Ok(())
}
