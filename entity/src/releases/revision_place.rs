//! Table `revision_place`: places of a version in order, as dateline or as subject.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// What a place is to a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlaceRole {
    /// Where it was filed, as its dateline says.
    #[sea_orm(string_value = "DATELINE")]
    Dateline,
    /// What it is about.
    #[sea_orm(string_value = "ABOUT")]
    About,
}

/// One place of one revision.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision_place")]
pub struct Model {
    /// The revision.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision_id: Uuid,
    /// What the place is to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: PlaceRole,
    /// The place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place_id: Uuid,
    /// 0, 1, 2 … within the role.
    pub position: i32,
    /// The revision.
    #[sea_orm(belongs_to, from = "revision_id", to = "id")]
    pub revision: BelongsTo<super::revision::Entity>,
    /// The place.
    #[sea_orm(belongs_to, from = "place_id", to = "id")]
    pub place: BelongsTo<crate::concepts::place::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
