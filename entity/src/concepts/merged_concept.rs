//! Table `merged_concept`: redirects from the ids and URIs of merged topics and places to the concepts that replace
//! them.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// A topic or place that was merged into another one.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merged_concept")]
pub struct Model {
    /// Kind of the concept: topic or place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub noun: Noun,
    /// Key of the merged concept.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// URI of the merged concept.
    pub uri: Option<String>,
    /// Key of the concept that replaces the merged concept. If the replacement is later merged too, this column is
    /// updated, so it never refers to a merged concept.
    pub into_id: Uuid,
    /// Time of the merge.
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
