//! Table `signing_key`: one row with the newsroom's secret. The keys that encrypt public ids, resume positions and
//! preview links are derived from it.

use sea_orm::entity::prelude::*;

/// The secret.
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
