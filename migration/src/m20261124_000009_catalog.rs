//! Migration: makes loading the catalog faster, with a covering index on `revision` and, on SQLite, clustered
//! tables `revision_topic` and `revision_place`.
//!
//! PostgreSQL stores tables as heaps and has no equivalent of clustered tables.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// The migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Creates the clustered tables on SQLite, which stores a table in key order only if it is created `WITHOUT ROWID`.
const CLUSTERED: &str = r#"
CREATE TABLE "revision_topic_clustered" (
    "revision_id" uuid_text NOT NULL,
    "topic_id" uuid_text NOT NULL,
    "position" integer NOT NULL,
    PRIMARY KEY ("revision_id", "topic_id"),
    FOREIGN KEY ("revision_id") REFERENCES "revision" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("topic_id") REFERENCES "topic" ("id")
) WITHOUT ROWID;
INSERT INTO "revision_topic_clustered" SELECT "revision_id", "topic_id", "position" FROM "revision_topic" ORDER BY 1, 2;
DROP TABLE "revision_topic";
ALTER TABLE "revision_topic_clustered" RENAME TO "revision_topic";
CREATE TABLE "revision_place_clustered" (
    "revision_id" uuid_text NOT NULL,
    "role" text NOT NULL,
    "place_id" uuid_text NOT NULL,
    "position" integer NOT NULL,
    PRIMARY KEY ("revision_id", "role", "place_id"),
    FOREIGN KEY ("revision_id") REFERENCES "revision" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("place_id") REFERENCES "place" ("id")
) WITHOUT ROWID;
INSERT INTO "revision_place_clustered"
    SELECT "revision_id", "role", "place_id", "position" FROM "revision_place" ORDER BY 1, 2, 3;
DROP TABLE "revision_place";
ALTER TABLE "revision_place_clustered" RENAME TO "revision_place";
"#;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_index(
                Index::create()
                    .name("revision_catalog")
                    .table("revision")
                    .col("id")
                    .col("number")
                    .col("kind")
                    .col("language")
                    .col("release_date")
                    .to_owned(),
            )
            .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager.get_connection().execute_unprepared(CLUSTERED).await?;
        }
        Ok(())
    }
}
