//! Table `revision_topic`: topics of a revision, in order.

use sea_orm::entity::prelude::*;

/// One topic of one revision.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revision_topic")]
pub struct Model {
    /// The revision.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision_id: Uuid,
    /// The topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic_id: Uuid,
    /// Position of the topic in the revision, from 0, in the order that the editor chose.
    pub position: i32,
    /// The revision.
    #[sea_orm(belongs_to, from = "revision_id", to = "id")]
    pub revision: BelongsTo<super::revision::Entity>,
    /// The topic.
    #[sea_orm(belongs_to, from = "topic_id", to = "id")]
    pub topic: BelongsTo<crate::concepts::topic::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
