//! Table `slug`: every slug that a release, topic or place has or had, with its owner. A slug that was public is
//! never given to another owner.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One slug.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slug")]
pub struct Model {
    /// Kind of the slug's owner: release, topic or place. A slug is unique among the owners of one kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// The slug. For a purged release, a digest of the slug.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slug: String,
    /// Key of the release, topic or place that owns the slug.
    pub owner_id: Uuid,
    /// Time at which the slug first became public; `None` if only a working revision reserves it.
    pub public_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
