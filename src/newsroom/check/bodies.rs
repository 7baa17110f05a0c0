//! Bodies that contain raw HTML, which is shown as text. This is not damage: an editor may want it.

use futures_util::StreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, StreamTrait};

use super::MAX_LISTED;

/// The bodies of live and working revisions that may contain HTML.
const BODIES: &str = "SELECT r.slug, v.number, v.body_markdown FROM \"release\" r \
                      JOIN revision v ON v.id = r.live_revision_id OR v.id = r.working_revision_id \
                      WHERE v.body_markdown LIKE '%<%' ORDER BY r.slug, v.number";

/// Live and working revisions whose body contains raw HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HtmlBodies {
    /// Slug of the release and number of the revision, at most [`MAX_LISTED`].
    pub listed: Vec<(String, i32)>,
    /// Number of further revisions.
    pub more: u64,
}

impl HtmlBodies {
    /// Reads the bodies.
    pub(super) async fn find(&mut self, tx: &DatabaseTransaction) -> Result<(), DbErr> {
        let backend = ConnectionTrait::get_database_backend(tx);
        let mut rows = tx.stream_raw(Statement::from_string(backend, BODIES)).await?;
        while let Some(row) = rows.next().await {
            let row = row?;
            if !markup::contains_html(&row.try_get_by_index::<String>(2)?) {
                continue;
            }
            if self.listed.len() as u64 == MAX_LISTED {
                self.more += 1;
            } else {
                self.listed.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
            }
        }
        Ok(())
    }
}
