//! Table `place_name`: names of places by language, preferred and alternative.

use sea_orm::entity::prelude::*;

use crate::NameRole;

/// One name of a place in one language.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "place_name")]
pub struct Model {
    /// The place.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place_id: Uuid,
    /// Position among all names of the place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// Role of the name: preferred or alternative.
    pub role: NameRole,
    /// BCP 47 language tag in canonical case.
    pub language: String,
    /// The name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The place.
    #[sea_orm(belongs_to, from = "place_id", to = "id")]
    pub place: BelongsTo<super::place::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
