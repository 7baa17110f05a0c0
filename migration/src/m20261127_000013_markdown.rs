//! Migration: bodies without raw HTML. Rewrites the bodies of all revisions whose Markdown had another meaning before:
//! raw HTML was kept, `~x~` was strikethrough, and there was no superscript.
//!
//! A body whose HTML is too deeply nested to be converted stays as it is, and its HTML is shown as text.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, Statement, Value},
};
use uuid::Uuid;

/// Number of bodies that are read in one statement.
const PAGE: usize = 50;

/// The migration.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let statement = |sql: String, values: Vec<Value>| {
            Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
        };
        let mut last = Uuid::nil();
        loop {
            let page = statement(
                format!(
                    "SELECT id, body_markdown FROM revision WHERE id > $1 AND (body_markdown LIKE '%<%' OR \
                     body_markdown LIKE '%~%' OR body_markdown LIKE '%^%') ORDER BY id LIMIT {PAGE}"
                ),
                vec![last.into()],
            );
            let rows = connection.query_all_raw(page).await?;
            for row in &rows {
                last = row.try_get_by_index(0)?;
                let body: String = row.try_get_by_index(1)?;
                if let Some(replaced) = markup::replace_html(&body) {
                    let sql = "UPDATE revision SET body_markdown = $1 WHERE id = $2".to_owned();
                    connection.execute_raw(statement(sql, vec![replaced.into(), last.into()])).await?;
                }
            }
            if rows.len() < PAGE {
                return Ok(());
            }
        }
    }
}
