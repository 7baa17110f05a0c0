//! Following what a viewer may see, entry by entry of the journal, from now on or from a position that somebody left off at.
//!
//! Who follows asks for the next change and gets it when there is one: nothing is queued for those who are slow. They fall behind
//! in the journal, and only so far; then they are told to begin anew.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Code, Error, Newsroom, seal::Position};
use crate::{
    catalog::{Audience, ChangeKind, ReleaseFilter, Snapshot, changes_hierarchy},
    db::Fault,
    journal::{Entry, Image, SYSTEM_ACTOR},
    viewer::Viewer,
};

/// What positions of changes belong to: everybody.
const EVERYBODY: u8 = u8::MAX;

/// The largest filter that is followed by: filters in it, and conditions `near` ten times.
const HEAVIEST: usize = 200;

/// Filters up to this have a turn of their own: those who follow by larger ones share another.
const LIGHT: usize = 20;

/// Acts that put down what happened by itself.
const RECORDED: [&str; 2] = ["release.publish", "release.embargo_end"];

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
    /// Other releases are under the topics or places of the filter than before.
    Regrouped,
    /// A filter that has come to make no sense.
    Filter(Error),
    /// The database failed.
    Db(Fault),
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
    /// Until when what happened by itself is known already, though the journal may have it later: from a position of what was
    /// read. Microseconds since 1970.
    happened: i64,
    /// What was read may have been read elsewhere, where more was known of what was to come.
    elsewhere: bool,
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
        let news = self.catalog.subscribe();
        let snapshot = self.catalog.snapshot();
        if let Some(filter) = &filter {
            if filter.weight() > HEAVIEST {
                let told = format!(
                    "the filter is too large to be followed by ({} parts, at most {HEAVIEST}): ask for less, or \
                     follow without it",
                    filter.weight()
                );
                return Err(Error::field(&["filter"], Code::Invalid, told));
            }
            snapshot.check_filter(viewer, filter).map_err(Error::Filter)?;
        }
        let (epoch, sequence) = (snapshot.epoch(), snapshot.sequence());
        let (viewer, most) = (viewer.clone(), most.min(i64::MAX as u64) as i64);
        let room = self.clone();
        let entries = VecDeque::new();
        let mut following =
            Following { room, viewer, filter, epoch, sequence, happened: 0, elsewhere: false, most, entries, news };
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
        let position = position.ok_or_else(|| Error::field(&["after"], Code::Invalid, told))?;
        (self.sequence, self.happened) = (position.sequence, position.happened);
        self.elsewhere = position.happened != 0;
        Ok(())
    }

    /// Lets go of what was read ahead: for who has to wait, and would hold it meanwhile.
    pub fn rest(&mut self) {
        self.entries = VecDeque::new();
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
                if self.knows(&entry) {
                    continue;
                }
                if self.filter.as_ref().is_some_and(ReleaseFilter::uses_concepts) && changes_hierarchy(&entry) {
                    return Err(Lost::Regrouped);
                }
                let kind = {
                    let heavy = self.filter.as_ref().is_some_and(|filter| filter.weight() > LIGHT);
                    let _look = self.room.catalog.evaluation_permit(heavy).await;
                    self.room.catalog.snapshot().visible_change(&entry, &self.viewer, self.filter.as_ref())
                };
                if let Some(kind) = kind.map_err(|fault| Lost::Filter(Error::Filter(fault)))? {
                    let (sequence, happened) = (entry.sequence, self.happened);
                    let position = Position { belongs: EVERYBODY, sequence, happened };
                    let position = self.room.seal.seal(self.epoch, position);
                    return Ok(Change { position, at: entry.at, kind, release: entry.noun_id });
                }
                // Thousands of acts that a viewer does not see must not hold a thread.
                tokio::task::yield_now().await;
            }
            self.news.borrow_and_update();
            let mut snapshot = self.room.catalog.snapshot();
            if snapshot.sequence() < self.sequence || std::mem::take(&mut self.elsewhere) {
                // Another server may be ahead of this one.
                snapshot = self.room.catalog.catch_up().await.map_err(Lost::Db)?;
            }
            // A restored backup: the positions of before mean something else now.
            if snapshot.epoch() != self.epoch || snapshot.sequence() < self.sequence {
                return Err(Lost::Unknown);
            }
            self.pass_over(&snapshot);
            let behind = snapshot.sequence() - self.sequence;
            if behind > self.most {
                return Err(Lost::TooOld);
            }
            if behind > 0 {
                self.entries = self.room.catalog.entries_after(self.sequence).await.map_err(Lost::Db)?.into();
                // What is newer than the snapshot is told with the next one.
                self.entries.retain(|entry| entry.sequence <= snapshot.sequence());
                // Entries are never taken away; where they are not there the journal was replaced.
                if self.entries.front().is_none_or(|entry| entry.sequence != self.sequence + 1) {
                    return Err(Lost::Unknown);
                }
            } else if self.news.changed().await.is_err() {
                return Err(Lost::Unknown);
            }
        }
    }

    /// Whether an entry puts down what happened by itself before what was read: who read it has seen it happen. The desk is told,
    /// for it sees that it was put down.
    fn knows(&self, entry: &Entry) -> bool {
        let by_itself = entry.by == SYSTEM_ACTOR && RECORDED.contains(&entry.action.as_str());
        let since = match &entry.after {
            Some(Image::Release(image)) if by_itself => image.published_at,
            _ => None,
        };
        Audience::of(&self.viewer) != Audience::Desk
            && since.is_some_and(|since| since.timestamp_micros() <= self.happened)
    }

    /// Passes over what went on unseen. Where nothing has come to be told to such a viewer since the last that is known, there is
    /// nothing between, however many acts there were: what readers hold as `asOf.revision`, and the last change that they were
    /// told, never grow too old by the desk's work alone.
    fn pass_over(&mut self, snapshot: &Snapshot) {
        let audience = Audience::of(&self.viewer);
        let (sequence, happened) = snapshot.version_for(audience);
        let read_all = self.sequence >= sequence && self.happened >= happened;
        if read_all || self.sequence >= snapshot.last_notified_sequence(audience) {
            self.sequence = self.sequence.max(snapshot.sequence());
        }
        // Once all of it is put down, and was passed, it needs no mention: positions are the same texts for everybody again.
        let is_put_down =
            || DateTime::from_timestamp_micros(self.happened).is_none_or(|until| snapshot.unrecorded(until).is_empty());
        if self.happened != 0 && self.sequence >= snapshot.sequence() && is_put_down() {
            self.happened = 0;
        }
    }
}
