//! Migration: tables `topic`, `topic_name` and `topic_broader`.

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
                    .table("topic")
                    .col(pk_uuid("id"))
                    .col(text_uniq("slug"))
                    .col(text("name"))
                    .col(text_null("definition"))
                    .col(text_null("uri").unique_key())
                    .col(integer("revision"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("modified_at"))
                    .col(boolean("as_imported"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("topic_name")
                    .col(uuid("topic_id"))
                    .col(integer("position"))
                    .col(text("role"))
                    .col(text("language"))
                    .col(text("name"))
                    .primary_key(Index::create().col("topic_id").col("position"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("topic_name", "topic_id")
                            .to("topic", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("topic_broader")
                    .col(uuid("topic_id"))
                    .col(uuid("broader_id"))
                    .col(integer("position"))
                    .primary_key(Index::create().col("topic_id").col("broader_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("topic_broader", "topic_id")
                            .to("topic", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(ForeignKey::create().from("topic_broader", "broader_id").to("topic", "id"))
                    .to_owned(),
            )
            .await
    }
}
