//! Migration: table `release` (identity and workflow state).

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
                    .table("release")
                    .col(pk_uuid("id"))
                    .col(text_uniq("slug"))
                    .col(text_null("external_id").unique_key())
                    .col(text("state"))
                    .col(uuid_null("live_revision_id"))
                    .col(uuid_null("working_revision_id"))
                    .col(integer("revision"))
                    .col(text("author"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("modified_at"))
                    .col(timestamp_with_time_zone_null("first_published_at"))
                    .col(timestamp_with_time_zone_null("published_at"))
                    .col(text_null("withdrawal_kind"))
                    .col(timestamp_with_time_zone_null("withdrawn_at"))
                    .col(text_null("withdrawal_notice"))
                    .col(text_null("withdrawal_redirect"))
                    .col(boolean("as_imported"))
                    .to_owned(),
            )
            .await
    }
}
