//! Table `journal_head`: one row with the sequence of the last journal entry and the epoch of the database.
//!
//! Each transaction that appends to the journal updates this row. On PostgreSQL, the transaction locks the row
//! first, which serializes such transactions; SQLite has a single writer anyway. The epoch distinguishes a restored
//! or replaced database from the original.

use sea_orm::entity::prelude::*;

/// The head of the journal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Sequence number of the last journal entry; 0 if the journal is empty.
    pub sequence: i64,
    /// Epoch: a random id of the database. No two databases have the same epoch. It is created with the database
    /// and replaced after a restore.
    pub epoch: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
