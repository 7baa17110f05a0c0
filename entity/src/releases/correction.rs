//! Table `correction`: correction notes for readers of published releases, one for each corrected revision.

use sea_orm::entity::prelude::*;

/// One correction.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "correction")]
pub struct Model {
    /// The release.
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: Uuid,
    /// Number of the revision that contains the correction.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i32,
    /// Time of the correction.
    pub at: DateTimeUtc,
    /// Correction note for readers.
    #[sea_orm(column_type = "Text")]
    pub note: String,
}

impl ActiveModelBehavior for ActiveModel {}
