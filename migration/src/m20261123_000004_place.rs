//! Migration: tables `place` and `place_name`.

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
                    .table("place")
                    .col(pk_uuid("id"))
                    .col(text_uniq("slug"))
                    .col(text("name"))
                    .col(text("kind"))
                    .col(uuid_null("within_id"))
                    .col(text_null("uri").unique_key())
                    .col(text_null("iso3166_alpha2").unique_key())
                    .col(text_null("iso3166_alpha3").unique_key())
                    .col(text_null("m49").unique_key())
                    .col(integer_null("geonames_id").unique_key())
                    .col(double_null("latitude"))
                    .col(double_null("longitude"))
                    .col(integer("revision"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("modified_at"))
                    .col(boolean("as_imported"))
                    .foreign_key(ForeignKey::create().from("place", "within_id").to("place", "id"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("place_name")
                    .col(uuid("place_id"))
                    .col(integer("position"))
                    .col(text("role"))
                    .col(text("language"))
                    .col(text("name"))
                    .primary_key(Index::create().col("place_id").col("position"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("place_name", "place_id")
                            .to("place", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }
}
