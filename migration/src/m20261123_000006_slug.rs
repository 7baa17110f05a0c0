//! Migration: table `slug`.

use sea_orm_migration::{prelude::*, schema::*};

/// The migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("slug")
                    .col(text("noun"))
                    .col(text("slug"))
                    .col(uuid("owner_id"))
                    .col(timestamp_with_time_zone_null("public_at"))
                    .primary_key(Index::create().col("noun").col("slug"))
                    .to_owned(),
            )
            .await?;
        manager.create_index(Index::create().name("slug_owner").table("slug").col("owner_id").to_owned()).await
    }
}
