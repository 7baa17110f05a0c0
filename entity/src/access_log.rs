//! Table `access_log`: reads of embargoed releases by the press, and uses of preview links.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Reason for an entry of the access log.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccessKind {
    /// The press read a release under embargo.
    #[sea_orm(string_value = "EMBARGOED")]
    Embargoed,
    /// A preview link was used.
    #[sea_orm(string_value = "PREVIEW")]
    Preview,
}

/// One read of one release that must be logged.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_log")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Time of the read.
    pub at: DateTimeUtc,
    /// Subject of the token with which the release was read. For a preview link, `preview_` followed by the id of
    /// the link.
    pub by: String,
    /// Reason for the entry.
    pub kind: AccessKind,
    /// The release that was read.
    pub release_id: Uuid,
    /// The revision that was read.
    pub revision_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
