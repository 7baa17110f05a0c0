//! Change stream: reports what changed for a viewer, one journal entry at a time, starting now or at a resume
//! position.
//!
//! GraphQL subscriptions read from this stream. The stream computes the next change only when the subscriber asks for
//! it, so nothing is queued for a slow client. Instead, a slow client falls behind in the journal. The stream ends if
//! it falls too far behind (`TooOld`), if its position does not exist in this database, or if a change to the topic
//! or place hierarchy gives its filter another meaning. `catalog::query::change_event` evaluates the entries.

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

/// Audience byte in the position of a change. A position of a change is valid for every audience.
const ALL_AUDIENCES: u8 = u8::MAX;

/// Journal actions that record a scheduled transition.
const AUTOMATIC_ACTIONS: [&str; 2] = [ReleaseAction::Publish.name(), EMBARGO_END_ACTION];

/// One change in what a viewer sees.
#[derive(Clone, Debug)]
pub struct Change {
    /// Encrypted position in the journal. A client can resume the stream after this position.
    pub position: String,
    /// Instant of the change.
    pub at: DateTime<Utc>,
    /// Kind of the change, as this viewer sees it.
    pub kind: ChangeKind,
    /// The release that changed.
    pub release: Uuid,
}

/// Why a stream ends.
#[derive(Clone, Debug)]
pub enum ChangeStreamError {
    /// The resume position does not exist in the newsroom's present database, for example after a restore from a
    /// backup.
    UnknownPosition,
    /// The journal has more entries after the position than the limit allows.
    TooOld,
    /// The hierarchy of topics or places changed, so the filter may now match different releases.
    HierarchyChanged,
    /// The filter is no longer valid.
    Filter(Error),
    /// The database failed.
    Db(DatabaseError),
}

/// A stream of the changes that one viewer may see.
#[derive(Debug)]
pub struct ChangeStream {
    newsroom: Newsroom,
    viewer: Viewer,
    filter: Option<Arc<ReleaseFilter>>,
    epoch: Uuid,
    /// Sequence of the last journal entry that was evaluated.
    sequence: i64,
    /// Instant in microseconds since 1970. The client already knows the effect of scheduled transitions up to this
    /// instant, even if the journal records them later. The instant comes from the position of a response, and is 0
    /// if the stream did not start at such a position.
    as_of_micros: i64,
    /// Whether the position may come from another server. That server may have applied more of the journal than this
    /// server.
    may_be_from_other_server: bool,
    /// Maximum number of journal entries by which the stream may be behind.
    max_lag: i64,
    buffer: VecDeque<Arc<Entry>>,
    catalog_updates: watch::Receiver<u64>,
}

impl Newsroom {
    /// Opens a change stream that starts after a position (`after`), or now if there is none. `max_lag` is the
    /// maximum number of journal entries by which the stream may be behind.
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
            snapshot.check_filter(viewer, filter)?;
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
    /// Moves the stream to a position that the client received with a change or a response.
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

    /// Returns the viewer for whom the stream reports changes.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Waits for the next change that the viewer may see, and returns it.
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
                    let heavy = self.filter.as_ref().is_some_and(|filter| filter.is_heavy());
                    let _permit = self.newsroom.catalog.evaluation_permit(heavy).await;
                    self.newsroom.catalog.snapshot().visible_change(&entry, &self.viewer, self.filter.as_ref())
                };
                if let Some(kind) = kind.map_err(|error| ChangeStreamError::Filter(Error::Filter(error)))? {
                    let (sequence, as_of_micros) = (entry.sequence, self.as_of_micros);
                    let position = JournalPosition { audience: ALL_AUDIENCES, sequence, as_of_micros };
                    let position = self.newsroom.token_cipher.encrypt_position(self.epoch, position);
                    return Ok(Change { position, at: entry.at, kind, release: entry.noun_id });
                }
                // Yields to other tasks after each entry. Otherwise thousands of entries that this viewer cannot see
                // would block the thread.
                tokio::task::yield_now().await;
            }
            self.catalog_updates.borrow_and_update();
            let mut snapshot = self.newsroom.catalog.snapshot();
            if snapshot.sequence() < self.sequence || std::mem::take(&mut self.may_be_from_other_server) {
                // The position may come from a server that has applied more of the journal than this server.
                snapshot = self.newsroom.catalog.catch_up().await.map_err(ChangeStreamError::Db)?;
            }
            // After a restore from a backup, the same sequence number can belong to a different entry.
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
                // Drop entries that are newer than the snapshot. They are read again and evaluated with the next
                // snapshot.
                self.buffer.retain(|entry| entry.sequence <= snapshot.sequence());
                // Journal entries are never deleted. If the next entry is missing, the journal was replaced.
                if self.buffer.front().is_none_or(|entry| entry.sequence != self.sequence + 1) {
                    return Err(ChangeStreamError::UnknownPosition);
                }
            } else if self.catalog_updates.changed().await.is_err() {
                return Err(ChangeStreamError::UnknownPosition);
            }
        }
    }

    /// Whether an entry records a scheduled transition whose effect the client has already seen in an earlier
    /// response. Always false for the desk, because the desk also sees when a transition is recorded.
    fn is_already_seen(&self, entry: &Entry) -> bool {
        let is_automatic = entry.by == SYSTEM_ACTOR && AUTOMATIC_ACTIONS.contains(&entry.action.as_str());
        let effective_at = match &entry.after {
            Some(Image::Release(image)) if is_automatic => image.published_at,
            _ => None,
        };
        Audience::of(&self.viewer) != Audience::Desk
            && effective_at.is_some_and(|effective_at| effective_at.timestamp_micros() <= self.as_of_micros)
    }

    /// Moves the stream to the end of the journal if no entry after its position can have changed anything for the
    /// viewer's audience. Activity that only the desk can see therefore never makes a position too old. This applies
    /// to positions from a response (`asOf.version`) and to positions from a change.
    fn skip_invisible(&mut self, snapshot: &Snapshot) {
        let audience = Audience::of(&self.viewer);
        let (sequence, as_of_micros) = snapshot.version_for(audience);
        let is_caught_up = self.sequence >= sequence && self.as_of_micros >= as_of_micros;
        if is_caught_up || self.sequence >= snapshot.last_notified_sequence(audience) {
            self.sequence = self.sequence.max(snapshot.sequence());
        }
        // `as_of_micros` is no longer needed once all transitions up to that instant are recorded and the stream has
        // passed them. Without it, all subscribers get the same text for the same position.
        let is_recorded = || {
            DateTime::from_timestamp_micros(self.as_of_micros).is_none_or(|until| snapshot.unrecorded(until).is_empty())
        };
        if self.as_of_micros != 0 && self.sequence >= snapshot.sequence() && is_recorded() {
            self.as_of_micros = 0;
        }
    }
}
