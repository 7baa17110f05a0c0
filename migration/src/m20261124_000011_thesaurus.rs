//! Migration: retired topics and places; table `merged_concept`.

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
        for table in ["topic", "place"] {
            for column in [timestamp_with_time_zone_null("retired_at"), uuid_null("replaced_by_id")] {
                manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
            }
        }
        manager
            .create_table(
                Table::create()
                    .table("merged_concept")
                    .col(text("noun"))
                    .col(uuid("id"))
                    .col(text_null("uri"))
                    .col(uuid("into_id"))
                    .col(timestamp_with_time_zone("at"))
                    .primary_key(Index::create().col("noun").col("id"))
                    .to_owned(),
            )
            .await?;
        Ok(())
    }
}
