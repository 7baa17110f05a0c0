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
    /// Time of the transaction that wrote the entry. A scheduled transition takes effect at its scheduled time,
    /// which is earlier.
    pub at: DateTimeUtc,
    /// Subject of the person or system that made the change; `dateline` for a scheduled transition.
    pub by: String,
    /// Action, for example `release.publish` or `topic.create`.
    pub act: String,
    /// Kind of the object that was changed.
    pub noun: Noun,
    /// Key of the object that was changed.
    pub noun_id: Uuid,
    /// Note of the actor, or details of the action.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// Image of the object before the change, as JSON. `None` if the object did not exist, and for access tokens,
    /// which have no images.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// Image of the object after the change, as JSON. `None` if the object was deleted, and for access tokens,
    /// which have no images.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
