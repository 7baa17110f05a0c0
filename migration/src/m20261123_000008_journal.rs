//! Migration: tables `journal` and `journal_head`, with the epoch of the database.

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
                    .table("journal")
                    .col(big_integer("sequence").primary_key())
                    .col(timestamp_with_time_zone("at"))
                    .col(text("by"))
                    .col(text("act"))
                    .col(text("noun"))
                    .col(uuid("noun_id"))
                    .col(text_null("note"))
                    .col(text_null("before"))
                    .col(text_null("after"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("journal_noun_id").table("journal").col("noun_id").to_owned())
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("journal_head")
                    .col(integer("id").primary_key())
                    .col(big_integer("sequence"))
                    .col(uuid("epoch"))
                    .to_owned(),
            )
            .await?;
        let head = Query::insert()
            .into_table("journal_head")
            .columns(["id", "sequence", "epoch"])
            .values_panic([1.into(), 0_i64.into(), uuid::Uuid::now_v7().into()])
            .to_owned();
        manager.execute(head).await
    }
}
