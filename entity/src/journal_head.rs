//! Table `journal_head`: one row with the last sequence of the journal and the epoch of the database.
//!
//! Every write updates it. On PostgreSQL it is locked first, which serializes writes; on SQLite there is a single
//! writer. The epoch tells a restored or replaced database from the original.

use sea_orm::entity::prelude::*;

/// The head of the journal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Sequence number of the last entry; 0 if there is none.
    pub sequence: i64,
    /// Random id of the database, so that two databases never have the same history.
    pub epoch: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
