//! Table `journal_head`: one row with the last sequence of the journal and the epoch of the database.
//!
//! Each transaction that appends to the journal updates the row. On PostgreSQL the transaction locks it first, which
//! serializes these transactions; SQLite has a single writer anyway. The epoch distinguishes a restored or replaced
//! database from the original.

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
    /// Epoch: a random id, created with the database, so that no two databases have the same one.
    pub epoch: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
