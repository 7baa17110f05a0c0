//! The one row that says how far the journal goes. Every write updates it first: on PostgreSQL that lock makes the order of
//! the journal the order of commits; on SQLite the single writer does.

use sea_orm::entity::prelude::*;

/// The head of the journal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Sequence of the last entry; 0 while there is none.
    pub sequence: i64,
    /// A random id made with the database: two databases never share a history.
    pub epoch: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
