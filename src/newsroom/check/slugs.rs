//! Check of slugs: verifies that the table `slug` reserves the slug of every release, topic and place for that
//! object.
//!
//! The slugs of all topics and places, and of releases with a live revision, must also be marked as public in the
//! table `slug` (column `public_at`).

use entity::Noun;
use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, StreamTrait};
use uuid::Uuid;

use super::finding::{EXTERNAL_CHANGE, FindingKind, Findings, object_id};

/// SQL queries that find objects whose slug is not reserved, is reserved for another object, or is not marked as
/// public although it must be. The mark is required for topics, places, and releases with a live revision. Columns:
/// id, slug, owner in the table `slug`, and whether a required mark is missing.
const OWNERSHIP_QUERIES: [(Noun, &str); 3] = [
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

/// Finds slugs that are not reserved, are reserved for another object, or are not marked as public although they must
/// be.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings) -> Result<(), DbErr> {
    for (noun, sql) in OWNERSHIP_QUERIES {
        let backend = ConnectionTrait::get_database_backend(tx);
        let mut rows = tx.stream_raw(Statement::from_string(backend, sql.to_owned())).await?;
        while let Some(row) = rows.next().await {
            let row = row?;
            let (id, slug, owner): (Uuid, String, Option<Uuid>) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            let problem = match owner {
                None => format!("its slug \"{slug}\" is not in the table slug"),
                Some(owner) if owner != id => {
                    format!("its slug \"{slug}\" belongs to {} in the table slug", object_id(noun, owner))
                }
                Some(_) => format!("its slug \"{slug}\" is not marked as public in the table slug"),
            };
            findings.add(FindingKind::Slug, object_id(noun, id), problem, EXTERNAL_CHANGE);
        }
    }
    Ok(())
}
