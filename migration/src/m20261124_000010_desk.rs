//! Migration: columns for schedules, embargoes and notes; table `correction`; partial index on pending schedules.

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
        // One statement per column, because SQLite can add only one column in a statement.
        let columns = [
            text_null("schedule_local"),
            text_null("schedule_zone"),
            timestamp_with_time_zone_null("schedule_at"),
            timestamp_with_time_zone_null("schedule_recorded_at"),
            timestamp_with_time_zone_null("embargo_until"),
            text_null("embargo_note"),
            boolean("working_outdated").default(false).take(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("release").add_column(column).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("revision").add_column(text_null("note")).to_owned()).await?;
        manager
            .create_table(
                Table::create()
                    .table("correction")
                    .col(uuid("release_id"))
                    .col(integer("revision"))
                    .col(timestamp_with_time_zone("at"))
                    .col(text("note"))
                    .primary_key(Index::create().col("release_id").col("revision"))
                    .foreign_key(
                        ForeignKey::create()
                            .from("correction", "release_id")
                            .to("release", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        // Every start of a server queries the pending schedules. The index is partial, because few releases have a
        // pending schedule.
        let pending_schedules_index = "CREATE INDEX release_schedule ON release (schedule_at) \
                       WHERE schedule_at IS NOT NULL AND schedule_recorded_at IS NULL";
        manager.get_connection().execute_unprepared(pending_schedules_index).await?;
        Ok(())
    }
}
