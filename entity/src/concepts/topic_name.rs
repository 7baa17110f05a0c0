//! Table `topic_name`: names of topics by language, preferred and alternative.

use sea_orm::entity::prelude::*;

use crate::NameRole;

/// One name of a topic in one language.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "topic_name")]
pub struct Model {
    /// The topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic_id: Uuid,
    /// Position among all names of the topic, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// Role of the name: preferred or alternative.
    pub role: NameRole,
    /// BCP 47 language tag in canonical case.
    pub language: String,
    /// The name.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The topic.
    #[sea_orm(belongs_to, from = "topic_id", to = "id")]
    pub topic: BelongsTo<super::topic::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
