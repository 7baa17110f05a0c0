//! Table `journal`: one entry for each change, in commit order, with before and after images (change data capture).
//!
//! Written in the transaction of the change. Audit log, source of the catalog and of change streams.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One journal entry.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    /// Sequence number from 1, without gaps, in commit order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Time of the change.
    pub at: DateTimeUtc,
    /// Subject of the actor.
    pub by: String,
    /// The action: `release.publish`, `topic.create` …
    pub act: String,
    /// Kind of the object that was changed.
    pub noun: Noun,
    /// Key of the object that was changed.
    pub noun_id: Uuid,
    /// Reason, if the actor gave one.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Image of the object before the change, as JSON; `None` if it did not exist.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// Image of the object after the change, as JSON; `None` if it was deleted.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
