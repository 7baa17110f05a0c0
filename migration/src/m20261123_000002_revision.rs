//! Migration: table `revision` (content of releases, append-only).

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
                    .table("revision")
                    .col(pk_uuid("id"))
                    .col(uuid("release_id"))
                    .col(integer("number"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(text("created_by"))
                    .col(integer_null("based_on"))
                    .col(text("slug"))
                    .col(text_null("external_id"))
                    .col(text("kind"))
                    .col(text("language"))
                    .col(date("release_date"))
                    .col(text("headline"))
                    .col(text_null("subheadline"))
                    .col(text_null("summary"))
                    .col(text_null("body_markdown"))
                    .col(text_null("dateline_text"))
                    .col(text_null("editorial_note"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("revision", "release_id")
                            .to("release", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("revision_release_number")
                    .table("revision")
                    .col("release_id")
                    .col("number")
                    .unique()
                    .to_owned(),
            )
            .await
    }
}
