//! Pending entries of the access log: a queue in memory of reads and token uses that are not yet written.
//!
//! At most 100,000 reads wait; beyond that the oldest are dropped, with an error in the log. `access_log` writes them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::access_log::{self, AccessKind};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

/// Reads that wait to be written at most; where the database does not answer for long the oldest are given up, and it is said.
const MAX_PENDING: usize = 100_000;

/// Reads, and uses of tokens, that wait to be written.
#[derive(Debug, Default)]
pub struct PendingReads {
    pending: Mutex<VecDeque<access_log::ActiveModel>>,
    /// When tokens were used last, where that is to be kept.
    token_uses: Mutex<HashMap<Uuid, DateTime<Utc>>>,
}

impl PendingReads {
    /// Notes a read.
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

    /// Notes that a token was used.
    pub fn record_token_use(&self, token: Uuid, now: DateTime<Utc>) {
        self.token_uses.lock().unwrap_or_else(PoisonError::into_inner).insert(token, now);
    }

    /// Takes back what could not be written: it is older than what waits.
    pub(super) fn requeue(&self, rows: Vec<access_log::ActiveModel>, token_uses: HashMap<Uuid, DateTime<Utc>>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        rows.into_iter().rev().for_each(|row| pending.push_front(row));
        drop_oldest(&mut pending);
        let mut newer = self.token_uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, at) in token_uses {
            newer.entry(token).or_insert(at);
        }
    }

    /// Takes out all that wait.
    pub(super) fn drain(&self) -> (Vec<access_log::ActiveModel>, HashMap<Uuid, DateTime<Utc>>) {
        let rows = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        (rows.into(), std::mem::take(&mut *self.token_uses.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Forgets the oldest where too many wait.
fn drop_oldest(pending: &mut VecDeque<access_log::ActiveModel>) {
    let lost = pending.len().saturating_sub(MAX_PENDING);
    if lost > 0 {
        tracing::error!(lost, "the access log could not be written for too long: its oldest entries are lost");
        pending.drain(..lost);
    }
}
