//! The key that preview links are signed with: one row, made when the first link is.

use sea_orm::entity::prelude::*;

/// The key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// 256 random bits, base64url.
    pub secret: String,
}

impl ActiveModelBehavior for ActiveModel {}
