//! Migration: tables `revision_topic` and `revision_place`.

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
                    .table("revision_topic")
                    .col(uuid("revision_id"))
                    .col(uuid("topic_id"))
                    .col(integer("position"))
                    .primary_key(Index::create().col("revision_id").col("topic_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("revision_topic", "revision_id")
                            .to("revision", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(ForeignKey::create().from("revision_topic", "topic_id").to("topic", "id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("revision_place")
                    .col(uuid("revision_id"))
                    .col(text("role"))
                    .col(uuid("place_id"))
                    .col(integer("position"))
                    .primary_key(Index::create().col("revision_id").col("role").col("place_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("revision_place", "revision_id")
                            .to("revision", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(ForeignKey::create().from("revision_place", "place_id").to("place", "id"))
                    .to_owned(),
            )
            .await
    }
}
