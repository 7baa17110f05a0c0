//! Table `revision_place`: the places of a revision in order, each as part of the dateline or as a subject.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Role of a place for a release.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlaceRole {
    /// The place of the dateline.
    #[sea_orm(string_value = "DATELINE")]
    Dateline,
    /// A place that the release is about.
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
    /// Role of the place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub role: PlaceRole,
    /// The place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place_id: Uuid,
    /// Position among the places of the revision that have the same role, from 0.
    pub position: i32,
    /// The revision.
    #[sea_orm(belongs_to, from = "revision_id", to = "id")]
    pub revision: BelongsTo<super::revision::Entity>,
    /// The place.
    #[sea_orm(belongs_to, from = "place_id", to = "id")]
    pub place: BelongsTo<crate::concepts::place::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
