//! Table `topic_broader`: hierarchy of topics; a topic may have several broader ones (SKOS `broader`). Without cycles.

use sea_orm::entity::prelude::*;

/// One step from a topic to a broader one.
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
    /// 0, 1, 2 … as the editor ordered them.
    pub position: i32,
}

impl ActiveModelBehavior for ActiveModel {}
