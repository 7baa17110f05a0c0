//! Table `preview_link`: preview links of releases, with expiry and revocation. The link itself is not stored.

use sea_orm::entity::prelude::*;

/// One link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "preview_link")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it shows.
    pub release_id: Uuid,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Subject of who made it.
    pub created_by: String,
    /// From this instant on it shows nothing.
    pub expires_at: DateTimeUtc,
    /// When it was taken back.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
