//! Access log: records when the press reads an embargoed release, and when a preview link is used. Also stores when
//! each access token was last used.
//!
//! Log entries are collected in memory (`pending_reads`) and written in batches, once a second and at shutdown. A
//! read of a release therefore never waits for a database write. A crash loses the log entries of the last second.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    access_log::{self, AccessKind},
    api_token,
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    auth::viewer::Viewer,
    db::{DatabaseError, Db},
    newsroom::{
        error::Error,
        reading::{
            pagination::{CursorKey, PageRequest},
            row_page::{RowPage, fetch_page},
        },
        service::Newsroom,
        workflow::{self, Resource},
    },
};

/// Maximum number of rows in one INSERT statement. A row has six values.
const ROWS_PER_INSERT: usize = 1000;

/// Writes the given log entries and token uses in one transaction.
async fn write_all(
    db: &Db,
    rows: &[access_log::ActiveModel],
    token_uses: &HashMap<Uuid, DateTime<Utc>>,
) -> Result<(), DatabaseError> {
    let tx = db.begin_write().await?;
    // If an earlier attempt reported an unknown outcome, it may have committed, and then its entries already exist.
    let ignore_existing = OnConflict::column(access_log::Column::Id).do_nothing().to_owned();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let insert = access_log::Entity::insert_many(chunk.to_vec()).on_conflict(ignore_existing.clone());
        insert.exec_without_returning(&tx).await?;
    }
    for (&token, &at) in token_uses {
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAt, Expr::value(at))
            .filter(api_token::Column::Id.eq(token))
            .exec(&tx)
            .await?;
    }
    tx.commit().await
}

impl Newsroom {
    /// Writes the pending log entries and token uses to the database. Runs no SQL statement if there are none.
    pub async fn flush_access_log(&self) -> Result<(), Error> {
        let (rows, token_uses) = self.pending_reads.drain();
        if rows.is_empty() && token_uses.is_empty() {
            return Ok(());
        }
        let (db, access_log) = (self.db.clone(), self.pending_reads.clone());
        let write_pending = async move {
            let written = write_all(&db, &rows, &token_uses).await;
            written.inspect_err(|_| access_log.requeue(rows, token_uses))
        };
        // The write runs in a separate task and completes even if the caller is cancelled. A cancelled write would
        // lose the drained entries.
        let written = tokio::spawn(write_pending).await;
        written.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string()).into())).map_err(Error::Db)
    }

    /// Returns a page of the access log of one release, or of all releases, newest first. First writes the pending
    /// entries, then runs one SQL statement.
    pub async fn access_log(
        &self,
        viewer: &Viewer,
        release: Option<Uuid>,
        request: &PageRequest,
    ) -> Result<RowPage<access_log::Model>, Error> {
        workflow::check_manage(Resource::Journal, viewer)?;
        self.flush_access_log().await?;
        let mut rows = access_log::Entity::find();
        if let Some(id) = release {
            rows = rows.filter(access_log::Column::ReleaseId.eq(id));
        }
        let key = CursorKey::new(&self.token_cipher, "accessLog", &"id", &release);
        let position = |row: &access_log::Model| row.id;
        let mut page = fetch_page(rows, access_log::Column::Id, position, &key, request, self.db.reader()).await?;
        for (_, row) in page.entries.iter_mut().filter(|(_, row)| row.kind == AccessKind::Preview) {
            row.by = self.reader_with_public_id(&row.by);
        }
        Ok(page)
    }
}
