//! Table `merged_concept`: redirects of ids and URIs of merged topics and places.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One concept that is another one now.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merged_concept")]
pub struct Model {
    /// Topic or place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// The key it had.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The URI it had.
    pub uri: Option<String>,
    /// What it is now; never itself merged, since later merges move it along.
    pub into_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
