//! Pending entries of the access log: an in-memory queue of reads and token uses that are not yet written.
//!
//! The queue holds at most 100,000 reads. If it is full, the oldest are dropped and an error is logged. `access_log`
//! writes the entries.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::access_log::{self, AccessKind};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

/// Maximum number of reads in the queue. If the database is unavailable for long, the oldest are dropped and an error
/// is logged.
const MAX_PENDING: usize = 100_000;

/// The queue of reads and token uses that are not yet written.
#[derive(Debug, Default)]
pub struct PendingReads {
    pending: Mutex<VecDeque<access_log::ActiveModel>>,
    /// Last use of each token. Only uses that must be stored are added.
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

    /// Puts back entries that could not be written. They are older than the entries in the queue.
    pub(super) fn requeue(&self, rows: Vec<access_log::ActiveModel>, token_uses: HashMap<Uuid, DateTime<Utc>>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| pending.push_front(row));
        drop_oldest(&mut pending);
        let mut newer = self.token_uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, at) in token_uses {
            newer.entry(token).or_insert(at);
        }
    }

    /// Removes and returns all entries.
    pub(super) fn drain(&self) -> (Vec<access_log::ActiveModel>, HashMap<Uuid, DateTime<Utc>>) {
        let rows = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        (rows.into(), std::mem::take(&mut *self.token_uses.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Drops the oldest entries beyond the maximum.
fn drop_oldest(pending: &mut VecDeque<access_log::ActiveModel>) {
    let lost = pending.len().saturating_sub(MAX_PENDING);
    if lost > 0 {
        tracing::error!(lost, "access log entries dropped: the queue of unwritten entries is full");
        pending.drain(..lost);
    }
}
