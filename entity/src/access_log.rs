//! Table `access_log`: reads of embargoed releases by the press, and uses of preview links.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Why a read is in the log.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccessKind {
    /// The press read what is under an embargo.
    #[sea_orm(string_value = "EMBARGOED")]
    Embargoed,
    /// Somebody used a preview link.
    #[sea_orm(string_value = "PREVIEW")]
    Preview,
}

/// One read of one release.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_log")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// Subject of the token that read; of a preview link its id.
    pub by: String,
    /// Why it is here.
    pub kind: AccessKind,
    /// What was read.
    pub release_id: Uuid,
    /// Which version of it.
    pub revision_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
