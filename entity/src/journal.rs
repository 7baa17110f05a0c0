//! Table `journal`: one entry for each change, in commit order, with before and after images (change data capture).
//!
//! An entry is written in the transaction of its change. The journal is the audit log, and the source of the catalog
//! and of change streams.

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
    /// Time of the transaction. A scheduled transition takes effect earlier, at its scheduled time.
    pub at: DateTimeUtc,
    /// Subject of the actor; for a scheduled transition, `dateline`.
    pub by: String,
    /// The action: `release.publish`, `topic.create` …
    pub act: String,
    /// Kind of the object that was changed.
    pub noun: Noun,
    /// Key of the object that was changed.
    pub noun_id: Uuid,
    /// Note of the actor, or details of the action.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Image of the object before the change, as JSON; `None` if it did not exist. Access tokens have no images.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// Image of the object after the change, as JSON; `None` if it was deleted.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
