//! Table `preview_link`: preview links of releases, with expiry and revocation.
//!
//! The token in the link is not stored, because it is the encrypted `id` of the row.

use sea_orm::entity::prelude::*;

/// One preview link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "preview_link")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The release that the link shows.
    pub release_id: Uuid,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Subject of the creator.
    pub created_by: String,
    /// Expiry: the link is rejected from this instant on.
    pub expires_at: DateTimeUtc,
    /// Time of the revocation; `None` if the link is not revoked.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
