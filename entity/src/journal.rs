//! Table `journal`: one entry for each change, in commit order, with before and after images (change data capture).
//!
//! Written in the transaction of the change. Audit log, source of the catalog and of change streams.

use sea_orm::entity::prelude::*;

use crate::Noun;

/// One act.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    /// 1, 2, 3 … without holes; the order of commits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// When.
    pub at: DateTimeUtc,
    /// Subject of who did it.
    pub by: String,
    /// What was done: `release.publish`, `topic.create` …
    pub act: String,
    /// What sort of thing it was done to.
    pub noun: Noun,
    /// Which.
    pub noun_id: Uuid,
    /// Why, where somebody said so.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// The catalog's image of it before, as JSON; none where it did not exist.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// The catalog's image of it afterwards, as JSON; none where it exists no more.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
