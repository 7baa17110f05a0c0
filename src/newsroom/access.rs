//! The log of reads that must be known of: embargoed text read by the press, and uses of preview links.
//!
//! Reads are gathered and written in batches, once a second and when the server stops: a reader never waits for a write. What
//! was read within the last second before the power fails is not in the log.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::{access_log, access_log::AccessKind, api_token};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{
    Error, Newsroom,
    workflow::{self, Matter},
};
use crate::{
    db::{Db, Fault},
    viewer::Viewer,
};

/// Reads that wait to be written at most; where the database does not answer for long the oldest are given up, and it is said.
const MOST: usize = 100_000;

/// Rows an insertion: six values each.
const ROWS: usize = 1000;

/// Reads, and uses of tokens, that wait to be written.
#[derive(Debug, Default)]
pub struct AccessLog {
    waiting: Mutex<VecDeque<access_log::ActiveModel>>,
    /// When tokens were used last, where that is to be kept.
    uses: Mutex<HashMap<Uuid, DateTime<Utc>>>,
}

impl AccessLog {
    /// Notes a read.
    pub fn note(&self, kind: AccessKind, by: &str, release: Uuid, revision: Uuid, now: DateTime<Utc>) {
        let row = access_log::ActiveModel {
            id: Set(Uuid::now_v7()),
            at: Set(now),
            by: Set(by.to_owned()),
            kind: Set(kind),
            release_id: Set(release),
            revision_id: Set(revision),
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(row);
        keep_newest(&mut waiting);
    }

    /// Notes that a token was used.
    pub fn note_use(&self, token: Uuid, now: DateTime<Utc>) {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(token, now);
    }

    /// Takes back what could not be written: it is older than what waits.
    fn put_back(&self, rows: Vec<access_log::ActiveModel>, uses: HashMap<Uuid, DateTime<Utc>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| waiting.push_front(row));
        keep_newest(&mut waiting);
        let mut newer = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, at) in uses {
            newer.entry(token).or_insert(at);
        }
    }

    fn take(&self) -> (Vec<access_log::ActiveModel>, HashMap<Uuid, DateTime<Utc>>) {
        let rows = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        (rows.into(), std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Forgets the oldest where too many wait.
fn keep_newest(waiting: &mut VecDeque<access_log::ActiveModel>) {
    let lost = waiting.len().saturating_sub(MOST);
    if lost > 0 {
        tracing::error!(lost, "the access log could not be written for too long: its oldest entries are lost");
        waiting.drain(..lost);
    }
}

/// Writes reads and uses of tokens, all of them or none.
async fn write_all(
    db: &Db,
    rows: &[access_log::ActiveModel],
    uses: &HashMap<Uuid, DateTime<Utc>>,
) -> Result<(), Fault> {
    let tx = db.begin_write().await?;
    // Written before, where the outcome of an earlier attempt was not known.
    let known = OnConflict::column(access_log::Column::Id).do_nothing().to_owned();
    for some in rows.chunks(ROWS) {
        let insert = access_log::Entity::insert_many(some.to_vec()).on_conflict(known.clone());
        insert.exec_without_returning(&tx).await?;
    }
    for (&token, &at) in uses {
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAt, Expr::value(at))
            .filter(api_token::Column::Id.eq(token))
            .exec(&tx)
            .await?;
    }
    tx.commit().await
}

impl Newsroom {
    /// Writes the reads that wait. No statement where there is none.
    pub async fn write_accesses(&self) -> Result<(), Error> {
        let (rows, uses) = self.accesses.take();
        if rows.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let (db, accesses) = (self.db.clone(), self.accesses.clone());
        let write = async move {
            let written = write_all(&db, &rows, &uses).await;
            written.inspect_err(|_| accesses.put_back(rows, uses))
        };
        // To its end, also where nobody waits any more: what is dropped half-way would be lost.
        let written = tokio::spawn(write).await;
        written.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string()).into())).map_err(Error::Db)
    }

    /// The newest reads, of one release or of all. One statement, and one to write what waits.
    pub async fn access_log(
        &self,
        viewer: &Viewer,
        release: Option<Uuid>,
        first: usize,
    ) -> Result<Vec<access_log::Model>, Error> {
        workflow::may_manage(Matter::Journal, viewer)?;
        self.write_accesses().await?;
        let mut rows = access_log::Entity::find().order_by_desc(access_log::Column::Id).limit(first as u64);
        if let Some(id) = release {
            rows = rows.filter(access_log::Column::ReleaseId.eq(id));
        }
        let mut rows = rows.all(self.db.reader()).await?;
        for row in rows.iter_mut().filter(|row| row.kind == AccessKind::Preview) {
            row.by = self.shown_reader(&row.by);
        }
        Ok(rows)
    }
}
