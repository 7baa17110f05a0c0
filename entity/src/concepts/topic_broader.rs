//! Table `topic_broader`: hierarchy of topics (SKOS `broader`). A topic may have several broader topics. The
//! hierarchy has no cycles.

use sea_orm::entity::prelude::*;

/// The relation from a topic to a broader topic.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "topic_broader")]
pub struct Model {
    /// The narrower topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub topic_id: Uuid,
    /// The broader topic.
    #[sea_orm(primary_key, auto_increment = false)]
    pub broader_id: Uuid,
    /// Position among the broader topics of the topic, from 0, in the order that the editor chose.
    pub position: i32,
}

impl ActiveModelBehavior for ActiveModel {}
