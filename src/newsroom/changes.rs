//! Following what a viewer may see, entry by entry of the journal, from now on or from a position that somebody left off at.
//!
//! Who follows asks for the next change and gets it when there is one: nothing is queued for those who are slow. They fall behind
//! in the journal, and only so far; then they are told to begin anew.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Code, Error, Newsroom, seal::Position};
use crate::{
    catalog::{ChangeKind, ReleaseFilter},
    journal::Entry,
    viewer::Viewer,
};

/// What positions of changes belong to: everybody.
const EVERYBODY: u8 = u8::MAX;

/// A change of what somebody may see.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where in the journal: the position to go on after.
    pub position: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub kind: ChangeKind,
    /// Of which release.
    pub release: Uuid,
}

/// Why following ends.
#[derive(Clone, Debug)]
pub enum Lost {
    /// The position is not one of this newsroom, as it is now.
    Unknown,
    /// It is further behind than anybody may be.
    TooOld,
    /// A filter that has come to make no sense.
    Filter(Error),
    /// The database failed.
    Db(DbErr),
}

/// Somebody who follows.
#[derive(Debug)]
pub struct Following {
    room: Newsroom,
    viewer: Viewer,
    filter: Option<ReleaseFilter>,
    epoch: Uuid,
    /// Sequence of the last entry that was looked at.
    sequence: i64,
    /// How many entries it may be behind.
    most: i64,
    entries: VecDeque<Arc<Entry>>,
    news: watch::Receiver<u64>,
}

impl Newsroom {
    /// Follows from a position on, or from now on.
    pub fn follow(
        &self,
        viewer: &Viewer,
        filter: Option<ReleaseFilter>,
        after: Option<&str>,
        most: u64,
    ) -> Result<Following, Error> {
        let news = self.catalog.news();
        let snapshot = self.catalog.snapshot();
        if let Some(filter) = &filter {
            snapshot.check(viewer, filter).map_err(Error::Filter)?;
        }
        let (epoch, sequence) = (snapshot.epoch(), snapshot.sequence());
        let (viewer, most) = (viewer.clone(), most.min(i64::MAX as u64) as i64);
        let room = self.clone();
        let mut following = Following { room, viewer, filter, epoch, sequence, most, entries: VecDeque::new(), news };
        if let Some(after) = after {
            following.go_on_after(after)?;
        }
        Ok(following)
    }
}

impl Following {
    /// Goes on after a position that the newsroom gave: of a change, or of what was read.
    pub fn go_on_after(&mut self, text: &str) -> Result<(), Error> {
        let told = "this is not a position of this newsroom: give a `sequence` or `asOf.revision` that it gave you, or none, and \
                    read everything anew";
        let position = self.room.seal.open(self.epoch, text).filter(|position| position.sequence >= 0);
        self.sequence = position.ok_or_else(|| Error::field(&["after"], Code::Invalid, told))?.sequence;
        Ok(())
    }

    /// Who follows.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The next change; waits until there is one.
    pub async fn next(&mut self) -> Result<Change, Lost> {
        loop {
            while let Some(entry) = self.entries.pop_front() {
                self.sequence = entry.sequence;
                let snapshot = self.room.catalog.snapshot();
                let kind = snapshot.change(&entry, &self.viewer, self.filter.as_ref());
                if let Some(kind) = kind.map_err(|fault| Lost::Filter(Error::Filter(fault)))? {
                    let position = Position { belongs: EVERYBODY, sequence: entry.sequence, happened: 0 };
                    let position = self.room.seal.seal(self.epoch, position);
                    return Ok(Change { position, at: entry.at, kind, release: entry.noun_id });
                }
                // Thousands of acts that a viewer does not see must not hold a thread.
                tokio::task::yield_now().await;
            }
            self.news.borrow_and_update();
            let snapshot = self.room.catalog.snapshot();
            // A restored backup: the positions of before mean something else now.
            if snapshot.epoch() != self.epoch || snapshot.sequence() < self.sequence {
                return Err(Lost::Unknown);
            }
            let behind = snapshot.sequence() - self.sequence;
            if behind > self.most {
                return Err(Lost::TooOld);
            }
            if behind > 0 {
                self.entries = self.room.catalog.entries_after(self.sequence).await.map_err(Lost::Db)?.into();
                // Entries are never taken away; where they are not there the journal was replaced.
                if self.entries.front().is_none_or(|entry| entry.sequence != self.sequence + 1) {
                    return Err(Lost::Unknown);
                }
            } else if self.news.changed().await.is_err() {
                return Err(Lost::Unknown);
            }
        }
    }
}
