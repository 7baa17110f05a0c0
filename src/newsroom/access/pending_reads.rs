//! Pending access log entries: an in-memory queue of reads and token uses that are not yet written to the database.
//!
//! The queue holds at most 100,000 reads. If the queue is full, the oldest reads are dropped and an error is logged.
//! `access_log` writes the entries to the database.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::access_log::{self, AccessKind};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

/// Maximum number of reads in the queue. The queue reaches this limit only if the database is unavailable for long.
const MAX_PENDING: usize = 100_000;

/// Reads and token uses that are not yet written to the database.
#[derive(Debug, Default)]
pub struct PendingReads {
    pending: Mutex<VecDeque<access_log::ActiveModel>>,
    /// Last use of each token. `authenticate` adds a use only if the stored last use is older than ten minutes.
    token_uses: Mutex<HashMap<Uuid, DateTime<Utc>>>,
}

impl PendingReads {
    /// Adds a read to the queue.
    pub fn record_read(&self, kind: AccessKind, by: &str, release: Uuid, revision: Uuid, now: DateTime<Utc>) {
        let row = access_log::ActiveModel {
            id: Set(Uuid::now_v7()),
            at: Set(now),
            by: Set(by.to_owned()),
            kind: Set(kind),
            release_id: Set(release),
            revision_id: Set(revision),
        };
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push_back(row);
        drop_oldest(&mut pending);
    }

    /// Records that a token was used.
    pub fn record_token_use(&self, token: Uuid, now: DateTime<Utc>) {
        self.token_uses.lock().unwrap_or_else(PoisonError::into_inner).insert(token, now);
    }

    /// Puts back entries that could not be written. Reads go to the front of the queue, because they are older than
    /// the reads in the queue.
    pub(super) fn requeue(&self, rows: Vec<access_log::ActiveModel>, token_uses: HashMap<Uuid, DateTime<Utc>>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| pending.push_front(row));
        drop_oldest(&mut pending);
        let mut newer = self.token_uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, at) in token_uses {
            newer.entry(token).or_insert(at);
        }
    }

    /// Removes and returns all pending reads and token uses.
    pub(super) fn drain(&self) -> (Vec<access_log::ActiveModel>, HashMap<Uuid, DateTime<Utc>>) {
        let rows = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        (rows.into(), std::mem::take(&mut *self.token_uses.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Drops the oldest reads if the queue has more than `MAX_PENDING`.
fn drop_oldest(pending: &mut VecDeque<access_log::ActiveModel>) {
    let lost = pending.len().saturating_sub(MAX_PENDING);
    if lost > 0 {
        tracing::error!(lost, "access log entries dropped: the queue of unwritten entries is full");
        pending.drain(..lost);
    }
}
