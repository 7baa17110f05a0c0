//! Database migrations for SQLite and PostgreSQL: one file for each migration, applied in the order of their names.
//!
//! A released migration is never changed. It does not use types of the `entity` crate, because those types change
//! later. On both databases, each migration runs in a transaction, so it is applied completely or not at all. There
//! are no down migrations.

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager};

mod m20261123_000001_release;
mod m20261123_000002_revision;
mod m20261123_000003_topic;
mod m20261123_000004_place;
mod m20261123_000005_assignment;
mod m20261123_000006_slug;
mod m20261123_000007_api_token;
mod m20261123_000008_journal;
mod m20261124_000009_catalog;
mod m20261124_000010_desk;
mod m20261124_000011_thesaurus;
mod m20261124_000012_access;
mod m20261127_000013_markdown;

/// All migrations in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_release::Migration),
            Box::new(m20261123_000002_revision::Migration),
            Box::new(m20261123_000003_topic::Migration),
            Box::new(m20261123_000004_place::Migration),
            Box::new(m20261123_000005_assignment::Migration),
            Box::new(m20261123_000006_slug::Migration),
            Box::new(m20261123_000007_api_token::Migration),
            Box::new(m20261123_000008_journal::Migration),
            Box::new(m20261124_000009_catalog::Migration),
            Box::new(m20261124_000010_desk::Migration),
            Box::new(m20261124_000011_thesaurus::Migration),
            Box::new(m20261124_000012_access::Migration),
            Box::new(m20261127_000013_markdown::Migration),
        ]
    }
}
