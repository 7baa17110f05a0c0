//! Whether the database has the shape of this version. Nothing is brought to it here.

use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};

/// How the shape of a database stands to this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// It is that of this version.
    Present,
    /// These steps are to be taken.
    Behind(Vec<String>),
    /// It has a step that this version does not know.
    Newer(String),
}

/// The shape of a database.
pub(super) async fn shape(read: &DatabaseTransaction) -> Result<Shape, DbErr> {
    let known: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    if !SchemaManager::new(read).has_table("seaql_migrations").await? {
        return Ok(Shape::Behind(known));
    }
    let all = Statement::from_string(
        read.get_database_backend(),
        "SELECT version FROM seaql_migrations ORDER BY version".to_owned(),
    );
    let rows = read.query_all_raw(all).await?;
    let taken: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
    if let Some(step) = taken.iter().find(|step| !known.contains(step)) {
        return Ok(Shape::Newer(step.clone()));
    }
    let pending: Vec<String> = known.into_iter().filter(|step| !taken.contains(step)).collect();
    Ok(if pending.is_empty() { Shape::Present } else { Shape::Behind(pending) })
}
