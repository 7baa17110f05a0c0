//! Slug registry: records which release, topic or place owns which slug. Reserves slugs, finds an available slug, and
//! looks up the owner of a slug. Releases, topics and places each have a separate namespace.
//!
//! A slug that was once public is never given to another owner, so former slugs stay reserved. Reads that use a
//! former slug are redirected in `catalog::snapshot::lookup` (releases) and `catalog::store::vocabulary` (topics,
//! places). When a release is purged, its public slugs are replaced by digests. The format of slugs is defined in
//! `text::slug`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use entity::{Noun, slug};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::newsroom::text::slug as slug_format;

/// Maximum number of slugs that `find_available` tries: the base slug and its numbered variants.
const MAX_VARIANTS: u32 = 60;

/// Returns the id of the object that owns a slug, or `None` if the slug is available.
pub(in crate::newsroom) async fn owner<C: ConnectionTrait>(
    db: &C,
    noun: Noun,
    slug: &str,
) -> Result<Option<Uuid>, DbErr> {
    let stored_forms = [slug.to_owned(), digest(slug)];
    let taken = slug::Entity::find().filter(slug::Column::Noun.eq(noun)).filter(slug::Column::Slug.is_in(stored_forms));
    Ok(taken.one(db).await?.map(|row| row.owner_id))
}

/// Returns the text that is stored instead of a slug after its release was purged: `~` and a digest of the slug. The
/// digest identifies the slug but does not reveal it. No valid slug starts with `~`.
pub(in crate::newsroom) fn digest(slug: &str) -> String {
    let digest = Sha256::digest(slug.as_bytes());
    format!("~{}", URL_SAFE_NO_PAD.encode(digest))
}

/// Returns `base` or a variant of it that no other object of the same type owns.
pub(in crate::newsroom) async fn find_available<C: ConnectionTrait>(
    db: &C,
    noun: Noun,
    base: &str,
    owner: Uuid,
) -> Result<String, DbErr> {
    let variants: Vec<String> = std::iter::once(base.to_owned())
        .chain((2..=MAX_VARIANTS).map(|number| slug_format::numbered(base, number)))
        .collect();
    let taken: Vec<String> = slug::Entity::find()
        .select_only()
        .column(slug::Column::Slug)
        .filter(slug::Column::Noun.eq(noun))
        .filter(slug::Column::Slug.is_in(variants.iter().flat_map(|slug| [slug.clone(), digest(slug)])))
        .filter(slug::Column::OwnerId.ne(owner))
        .into_tuple()
        .all(db)
        .await?;
    // If all variants are taken, append the last 24 bits of the owner's UUIDv7, which are random.
    let fallback = || {
        format!(
            "{}-{:06x}",
            base.chars().take(150).collect::<String>().trim_end_matches('-'),
            owner.as_u128() & 0xff_ffff
        )
    };
    Ok(variants
        .into_iter()
        .find(|slug| !taken.contains(slug) && !taken.contains(&digest(slug)))
        .unwrap_or_else(fallback))
}

/// Reserves a slug for an owner. Callers first check that no other owner has the slug. If the slug is already
/// reserved, only a missing `public_at` is filled in. A stored `public_at` never changes.
pub(in crate::newsroom) async fn reserve<C: ConnectionTrait>(
    db: &C,
    noun: Noun,
    slug: &str,
    owner: Uuid,
    public_at: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    let row = slug::ActiveModel {
        noun: Set(noun),
        slug: Set(slug.to_owned()),
        owner_id: Set(owner),
        public_at: Set(public_at),
    };
    slug::Entity::insert(row)
        .on_conflict(OnConflict::columns([slug::Column::Noun, slug::Column::Slug]).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    if public_at.is_some() {
        slug::Entity::update_many()
            .set(slug::ActiveModel { public_at: Set(public_at), ..Default::default() })
            .filter(slug::Column::Noun.eq(noun))
            .filter(slug::Column::Slug.eq(slug))
            .filter(slug::Column::PublicAt.is_null())
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Deletes those slug reservations of an owner that were never public and are not in `in_use`.
pub(in crate::newsroom) async fn delete_unused<C: ConnectionTrait>(
    db: &C,
    noun: Noun,
    owner: Uuid,
    in_use: &[&str],
) -> Result<(), DbErr> {
    slug::Entity::delete_many()
        .filter(slug::Column::Noun.eq(noun))
        .filter(slug::Column::OwnerId.eq(owner))
        .filter(slug::Column::PublicAt.is_null())
        .filter(slug::Column::Slug.is_not_in(in_use.iter().map(|slug| (*slug).to_owned())))
        .exec(db)
        .await?;
    Ok(())
}
