//! The log of reads that must be known of: embargoed text read by the press, and uses of preview links.
//!
//! Reads are gathered and written in batches, once a second and when the server stops: a reader never waits for a write. What
//! was read within the last second before the power fails is not in the log.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::{access_log, access_log::AccessKind};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{
    Error, Newsroom,
    workflow::{self, Matter},
};
use crate::viewer::Viewer;

/// Reads that wait to be written at most; where the database does not answer for long the oldest are given up, and it is said.
const MOST: usize = 100_000;

/// Rows an insertion: six values each.
const ROWS: usize = 1000;

/// Reads that wait to be written.
#[derive(Debug, Default)]
pub struct AccessLog {
    waiting: Mutex<VecDeque<access_log::ActiveModel>>,
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

    /// Takes rows back that could not be written: they are older than those that wait.
    fn put_back(&self, rows: Vec<access_log::ActiveModel>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| waiting.push_front(row));
        keep_newest(&mut waiting);
    }

    fn take(&self) -> Vec<access_log::ActiveModel> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)).into()
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

impl Newsroom {
    /// Writes the reads that wait. No statement where there is none.
    pub async fn write_accesses(&self) -> Result<(), Error> {
        let rows = self.accesses.take();
        if rows.is_empty() {
            return Ok(());
        }
        let insert = async {
            let tx = self.db.begin_write().await?;
            for some in rows.chunks(ROWS) {
                access_log::Entity::insert_many(some.to_vec()).exec_without_returning(&tx).await?;
            }
            tx.commit().await
        };
        insert.await.map_err(|error| {
            self.accesses.put_back(rows);
            Error::Db(error)
        })
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
        Ok(rows.all(self.db.reader()).await?)
    }
}
