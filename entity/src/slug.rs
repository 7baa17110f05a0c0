//! Table `slug`: every slug that a release, topic or place has or had, with its owner. Public slugs are never
//! reassigned.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One address.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slug")]
pub struct Model {
    /// Whose namespace it is in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// The address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slug: String,
    /// The release, topic or place that holds it.
    pub owner_id: Uuid,
    /// When it first was a public address; none while only a draft has asked for it.
    pub public_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
