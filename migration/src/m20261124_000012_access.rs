//! Migration: tables `preview_link`, `signing_key`, `access_log` and `idempotency`.

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
                    .table("preview_link")
                    .col(pk_uuid("id"))
                    .col(uuid("release_id"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(text("created_by"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .col(timestamp_with_time_zone_null("revoked_at"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("preview_link", "release_id")
                            .to("release", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        let release_index =
            Index::create().name("preview_link_release").table("preview_link").col("release_id").to_owned();
        manager.create_index(release_index).await?;
        manager
            .create_table(
                Table::create().table("signing_key").col(integer("id").primary_key()).col(text("secret")).to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("access_log")
                    .col(pk_uuid("id"))
                    .col(timestamp_with_time_zone("at"))
                    .col(text("by"))
                    .col(text("kind"))
                    .col(uuid("release_id"))
                    .col(uuid("revision_id"))
                    .to_owned(),
            )
            .await?;
        let release_index = Index::create().name("access_log_release").table("access_log").col("release_id").to_owned();
        manager.create_index(release_index).await?;
        manager
            .create_table(
                Table::create()
                    .table("idempotency")
                    .col(text("subject"))
                    .col(text("key"))
                    .col(uuid("request_id"))
                    .col(text("request_hash"))
                    .col(timestamp_with_time_zone("at"))
                    .col(text_null("answer"))
                    .primary_key(Index::create().col("subject").col("key"))
                    .to_owned(),
            )
            .await?;
        let age_index = Index::create().name("idempotency_at").table("idempotency").col("at").to_owned();
        manager.create_index(age_index).await
    }
}
