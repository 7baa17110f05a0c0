//! Change stream: what changed for a viewer, entry by entry of the journal, from now or from a resume position on.
//!
//! The source of GraphQL subscriptions. Pull based: the next change is derived when it is requested, so a slow client
//! queues nothing; it only falls behind in the journal, up to a limit (`TooOld`). The stream ends when its position is
//! not of this database any more, or when the hierarchy below its filter changed. How an entry becomes a change is in
//! `catalog::query::change_event`.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    auth::viewer::Viewer,
    catalog::{Audience, ChangeKind, ReleaseFilter, Snapshot, changes_hierarchy},
    db::DatabaseError,
    journal::{Entry, Image, SYSTEM_ACTOR},
    newsroom::{
        access::resume_token::JournalPosition,
        error::{Error, ErrorCode},
        release::schedule::EMBARGO_END_ACTION,
        service::Newsroom,
        workflow::ReleaseAction,
    },
};

/// What positions of changes belong to: everybody.
const ALL_AUDIENCES: u8 = u8::MAX;

/// The largest filter that is followed by: filters in it, and conditions `near` ten times.
const MAX_FILTER_WEIGHT: usize = 200;

/// Filters up to this have a turn of their own: those who follow by larger ones share another.
const LIGHT_FILTER_WEIGHT: usize = 20;

/// Actions that record what became due by itself.
const AUTOMATIC_ACTIONS: [&str; 2] = [ReleaseAction::Publish.name(), EMBARGO_END_ACTION];

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

/// Why a stream ends.
#[derive(Clone, Debug)]
pub enum ChangeStreamError {
    /// The position is not one of this newsroom, as it is now.
    UnknownPosition,
    /// It is further behind than anybody may be.
    TooOld,
    /// Other releases are under the topics or places of the filter than before.
    HierarchyChanged,
    /// A filter that has come to make no sense.
    Filter(Error),
    /// The database failed.
    Db(DatabaseError),
}

/// The changes that one viewer is sent.
#[derive(Debug)]
pub struct ChangeStream {
    newsroom: Newsroom,
    viewer: Viewer,
    filter: Option<Arc<ReleaseFilter>>,
    epoch: Uuid,
    /// Sequence of the last entry that was looked at.
    sequence: i64,
    /// Until when what happened by itself is known already, though the journal may have it later: from a position of what was
    /// read. Microseconds since 1970.
    as_of_micros: i64,
    /// What was read may have been read elsewhere, where more was known of what was to come.
    may_be_from_other_server: bool,
    /// How many entries it may be behind.
    max_lag: i64,
    buffer: VecDeque<Arc<Entry>>,
    catalog_updates: watch::Receiver<u64>,
}

impl Newsroom {
    /// Follows from a position on, or from now on.
    pub fn open_change_stream(
        &self,
        viewer: &Viewer,
        filter: Option<ReleaseFilter>,
        after: Option<&str>,
        max_lag: u64,
    ) -> Result<ChangeStream, Error> {
        let catalog_updates = self.catalog.subscribe();
        let snapshot = self.catalog.snapshot();
        let filter = filter.map(Arc::new);
        if let Some(filter) = &filter {
            if filter.weight() > MAX_FILTER_WEIGHT {
                let message = format!(
                    "the filter is too large to be followed by ({} parts, at most {MAX_FILTER_WEIGHT}): ask for less, or \
                     follow without it",
                    filter.weight()
                );
                return Err(Error::field(&["filter"], ErrorCode::Invalid, message));
            }
            snapshot.check_filter(viewer, filter).map_err(Error::Filter)?;
        }
        let (epoch, sequence) = (snapshot.epoch(), snapshot.sequence());
        let (viewer, max_lag) = (viewer.clone(), max_lag.min(i64::MAX as u64) as i64);
        let newsroom = self.clone();
        let buffer = VecDeque::new();
        let mut stream = ChangeStream {
            newsroom,
            viewer,
            filter,
            epoch,
            sequence,
            as_of_micros: 0,
            may_be_from_other_server: false,
            max_lag,
            buffer,
            catalog_updates,
        };
        if let Some(after) = after {
            stream.resume_after(after)?;
        }
        Ok(stream)
    }
}

impl ChangeStream {
    /// Goes on after a position that the newsroom gave: of a change, or of what was read.
    pub fn resume_after(&mut self, token: &str) -> Result<(), Error> {
        let message = "this is not a position of this newsroom: give a `sequence` or `asOf.version` that it gave you, or none, and \
                    read everything anew";
        let position =
            self.newsroom.token_cipher.decrypt_position(self.epoch, token).filter(|position| position.sequence >= 0);
        let position = position.ok_or_else(|| Error::field(&["after"], ErrorCode::Invalid, message))?;
        (self.sequence, self.as_of_micros) = (position.sequence, position.as_of_micros);
        self.may_be_from_other_server = position.as_of_micros != 0;
        Ok(())
    }

    /// Lets go of what was read ahead: for who has to wait, and would hold it meanwhile.
    pub fn drop_buffer(&mut self) {
        self.buffer = VecDeque::new();
    }

    /// The viewer that the stream is for.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The next change; waits until there is one.
    pub async fn next(&mut self) -> Result<Change, ChangeStreamError> {
        loop {
            while let Some(entry) = self.buffer.pop_front() {
                self.sequence = entry.sequence;
                if self.is_already_seen(&entry) {
                    continue;
                }
                if self.filter.as_deref().is_some_and(ReleaseFilter::uses_concepts) && changes_hierarchy(&entry) {
                    return Err(ChangeStreamError::HierarchyChanged);
                }
                let kind = {
                    let heavy = self.filter.as_ref().is_some_and(|filter| filter.weight() > LIGHT_FILTER_WEIGHT);
                    let _permit = self.newsroom.catalog.evaluation_permit(heavy).await;
                    self.newsroom.catalog.snapshot().visible_change(&entry, &self.viewer, self.filter.as_ref())
                };
                if let Some(kind) = kind.map_err(|error| ChangeStreamError::Filter(Error::Filter(error)))? {
                    let (sequence, as_of_micros) = (entry.sequence, self.as_of_micros);
                    let position = JournalPosition { audience: ALL_AUDIENCES, sequence, as_of_micros };
                    let position = self.newsroom.token_cipher.encrypt_position(self.epoch, position);
                    return Ok(Change { position, at: entry.at, kind, release: entry.noun_id });
                }
                // Thousands of acts that a viewer does not see must not hold a thread.
                tokio::task::yield_now().await;
            }
            self.catalog_updates.borrow_and_update();
            let mut snapshot = self.newsroom.catalog.snapshot();
            if snapshot.sequence() < self.sequence || std::mem::take(&mut self.may_be_from_other_server) {
                // Another server may be ahead of this one.
                snapshot = self.newsroom.catalog.catch_up().await.map_err(ChangeStreamError::Db)?;
            }
            // A restored backup: the positions of before mean something else now.
            if snapshot.epoch() != self.epoch || snapshot.sequence() < self.sequence {
                return Err(ChangeStreamError::UnknownPosition);
            }
            self.skip_invisible(&snapshot);
            let behind = snapshot.sequence() - self.sequence;
            if behind > self.max_lag {
                return Err(ChangeStreamError::TooOld);
            }
            if behind > 0 {
                self.buffer =
                    self.newsroom.catalog.entries_after(self.sequence).await.map_err(ChangeStreamError::Db)?.into();
                // What is newer than the snapshot is told with the next one.
                self.buffer.retain(|entry| entry.sequence <= snapshot.sequence());
                // Entries are never taken away; where they are not there the journal was replaced.
                if self.buffer.front().is_none_or(|entry| entry.sequence != self.sequence + 1) {
                    return Err(ChangeStreamError::UnknownPosition);
                }
            } else if self.catalog_updates.changed().await.is_err() {
                return Err(ChangeStreamError::UnknownPosition);
            }
        }
    }

    /// Whether an entry puts down what happened by itself before what was read: who read it has seen it happen. The desk is told,
    /// for it sees that it was put down.
    fn is_already_seen(&self, entry: &Entry) -> bool {
        let is_automatic = entry.by == SYSTEM_ACTOR && AUTOMATIC_ACTIONS.contains(&entry.action.as_str());
        let effective_at = match &entry.after {
            Some(Image::Release(image)) if is_automatic => image.published_at,
            _ => None,
        };
        Audience::of(&self.viewer) != Audience::Desk
            && effective_at.is_some_and(|effective_at| effective_at.timestamp_micros() <= self.as_of_micros)
    }

    /// Passes over what went on unseen. Where nothing has come to be told to such a viewer since the last that is known, there is
    /// nothing between, however many acts there were: what readers hold as `asOf.version`, and the last change that they were
    /// told, never grow too old by the desk's work alone.
    fn skip_invisible(&mut self, snapshot: &Snapshot) {
        let audience = Audience::of(&self.viewer);
        let (sequence, as_of_micros) = snapshot.version_for(audience);
        let is_caught_up = self.sequence >= sequence && self.as_of_micros >= as_of_micros;
        if is_caught_up || self.sequence >= snapshot.last_notified_sequence(audience) {
            self.sequence = self.sequence.max(snapshot.sequence());
        }
        // Once all of it is put down, and was passed, it needs no mention: positions are the same texts for everybody again.
        let is_recorded = || {
            DateTime::from_timestamp_micros(self.as_of_micros).is_none_or(|until| snapshot.unrecorded(until).is_empty())
        };
        if self.as_of_micros != 0 && self.sequence >= snapshot.sequence() && is_recorded() {
            self.as_of_micros = 0;
        }
    }
}
