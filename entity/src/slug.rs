//! Table `slug`: every slug that a release, topic or place has or had, with its owner. Public slugs are never
//! reassigned.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One slug.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slug")]
pub struct Model {
    /// Namespace of the slug: the kind of its owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// The slug; for a purged release, a digest of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slug: String,
    /// The release, topic or place that owns it.
    pub owner_id: Uuid,
    /// Time at which the slug first became public; `None` if only a working revision reserves it.
    pub public_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
