//! Change stream: what changed for a viewer, one journal entry at a time, starting now or at a resume position.
//!
//! The source of GraphQL subscriptions. It is pull based: the next change is computed when the subscriber asks for it,
//! so nothing is queued for a slow client. A slow client only falls behind in the journal, up to a limit (`TooOld`).
//! The stream ends if its position is no longer in this database, or if the hierarchy below its filter changed.
//! `catalog::query::change_event` computes the change that an entry makes.

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

/// The audience byte of positions of changes, which are valid for all audiences.
const ALL_AUDIENCES: u8 = u8::MAX;

/// Maximum weight of a subscription's filter: the number of filters in it, plus ten for each `near` condition.
const MAX_FILTER_WEIGHT: usize = 200;

/// Maximum weight of a light filter. Light and heavy filters are evaluated under separate permits, so light ones do not
/// wait for heavy ones.
const LIGHT_FILTER_WEIGHT: usize = 20;

/// Actions that record a scheduled transition.
const AUTOMATIC_ACTIONS: [&str; 2] = [ReleaseAction::Publish.name(), EMBARGO_END_ACTION];

/// A change of what a viewer sees.
#[derive(Clone, Debug)]
pub struct Change {
    /// Position in the journal. A client can resume after it.
    pub position: String,
    /// Instant of the change.
    pub at: DateTime<Utc>,
    /// Kind of change.
    pub kind: ChangeKind,
    /// The release that changed.
    pub release: Uuid,
}

/// Why a stream ends.
#[derive(Clone, Debug)]
pub enum ChangeStreamError {
    /// The position is not in this newsroom's present database.
    UnknownPosition,
    /// The position is behind by more than the limit.
    TooOld,
    /// The hierarchy of topics or places changed, so the filter matches other releases than before.
    HierarchyChanged,
    /// The filter is no longer valid.
    Filter(Error),
    /// The database failed.
    Db(DatabaseError),
}

/// The changes for one viewer.
#[derive(Debug)]
pub struct ChangeStream {
    newsroom: Newsroom,
    viewer: Viewer,
    filter: Option<Arc<ReleaseFilter>>,
    epoch: Uuid,
    /// Sequence of the last entry that was evaluated.
    sequence: i64,
    /// Scheduled transitions up to this instant are known to the client, even if the journal records them later. It
    /// comes from the position of a response, in microseconds since 1970, and is 0 if there is none.
    as_of_micros: i64,
    /// Whether the position may come from another server, which may have been ahead of this one.
    may_be_from_other_server: bool,
    /// Maximum number of entries that the stream may be behind.
    max_lag: i64,
    buffer: VecDeque<Arc<Entry>>,
    catalog_updates: watch::Receiver<u64>,
}

impl Newsroom {
    /// Opens a stream after a position, or from now.
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
                    "the filter is too large for a subscription (size {}, at most {MAX_FILTER_WEIGHT}): use a smaller \
                     filter, or subscribe without one",
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
    /// Continues after a position of a change or of a response.
    pub fn resume_after(&mut self, token: &str) -> Result<(), Error> {
        let message = "this is not a resume position of this newsroom: pass a `sequence` or `asOf.version` that it \
                       returned, or omit it and read all data again";
        let position =
            self.newsroom.token_cipher.decrypt_position(self.epoch, token).filter(|position| position.sequence >= 0);
        let position = position.ok_or_else(|| Error::field(&["after"], ErrorCode::Invalid, message))?;
        (self.sequence, self.as_of_micros) = (position.sequence, position.as_of_micros);
        self.may_be_from_other_server = position.as_of_micros != 0;
        Ok(())
    }

    /// Drops the entries that were read ahead, to free their memory while the caller waits.
    pub fn drop_buffer(&mut self) {
        self.buffer = VecDeque::new();
    }

    /// The viewer that the stream is for.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Waits for the next change and returns it.
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
                // Yields, so that thousands of entries that are invisible to this viewer do not block the thread.
                tokio::task::yield_now().await;
            }
            self.catalog_updates.borrow_and_update();
            let mut snapshot = self.newsroom.catalog.snapshot();
            if snapshot.sequence() < self.sequence || std::mem::take(&mut self.may_be_from_other_server) {
                // Another server may be ahead of this one.
                snapshot = self.newsroom.catalog.catch_up().await.map_err(ChangeStreamError::Db)?;
            }
            // After a restore from a backup, old positions have another meaning.
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
                // Entries that are newer than the snapshot are evaluated with the next snapshot.
                self.buffer.retain(|entry| entry.sequence <= snapshot.sequence());
                // Journal entries are never deleted. If the next one is missing, the journal was replaced.
                if self.buffer.front().is_none_or(|entry| entry.sequence != self.sequence + 1) {
                    return Err(ChangeStreamError::UnknownPosition);
                }
            } else if self.catalog_updates.changed().await.is_err() {
                return Err(ChangeStreamError::UnknownPosition);
            }
        }
    }

    /// Whether an entry records a scheduled transition that the client has already seen in an earlier response. Always
    /// false for the desk, because the desk also sees that the transition was recorded.
    fn is_already_seen(&self, entry: &Entry) -> bool {
        let is_automatic = entry.by == SYSTEM_ACTOR && AUTOMATIC_ACTIONS.contains(&entry.action.as_str());
        let effective_at = match &entry.after {
            Some(Image::Release(image)) if is_automatic => image.published_at,
            _ => None,
        };
        Audience::of(&self.viewer) != Audience::Desk
            && effective_at.is_some_and(|effective_at| effective_at.timestamp_micros() <= self.as_of_micros)
    }

    /// Skips entries that changed nothing for this audience. If no entry after the client's position can have changed
    /// anything for it, the stream moves to the end of the journal, however many entries lie between. So activity
    /// that only the desk can see never makes a position too old, whether the position comes from a response
    /// (`asOf.version`) or from the last change.
    fn skip_invisible(&mut self, snapshot: &Snapshot) {
        let audience = Audience::of(&self.viewer);
        let (sequence, as_of_micros) = snapshot.version_for(audience);
        let is_caught_up = self.sequence >= sequence && self.as_of_micros >= as_of_micros;
        if is_caught_up || self.sequence >= snapshot.last_notified_sequence(audience) {
            self.sequence = self.sequence.max(snapshot.sequence());
        }
        // Once all these transitions are recorded and passed, the instant is no longer needed. Positions are then equal
        // texts for all subscribers again.
        let is_recorded = || {
            DateTime::from_timestamp_micros(self.as_of_micros).is_none_or(|until| snapshot.unrecorded(until).is_empty())
        };
        if self.as_of_micros != 0 && self.sequence >= snapshot.sequence() && is_recorded() {
            self.as_of_micros = 0;
        }
    }
}
