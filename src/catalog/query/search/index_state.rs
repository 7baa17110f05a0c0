//! The state of the search index in one view: the segments with the slots of their documents, and the documents that
//! are not yet indexed.
//!
//! A document is a revision, whose text never changes. Its slot is the ordinal of the release if readers see the
//! revision, and the ordinal with `WORKING` if it is the working revision beside it. So a state follows from the
//! snapshot and the texts, and the index needs no position in the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use search::{DEAD, Domain, Field, IndexError, Key, Mode, Name, Query, Segments, WORKING};
use uuid::Uuid;

use super::{names::names, ranked_matches::RankedMatches};
use crate::catalog::snapshot::{Snapshot, audience::Audience};

/// Maximum number of pending documents, of those that the viewer may find, that a search indexes itself before it is
/// evaluated.
pub(in crate::catalog) const MAX_BY_SEARCH: usize = 500;

/// Key of a cached result.
pub(super) type MatchKey = (Audience, Query, Vec<Field>, Mode);

/// The index as of one view, with cached results.
#[derive(Debug, Default)]
pub struct IndexState {
    pub(in crate::catalog) segments: Segments,
    /// Documents that have a slot and are not yet indexed.
    pending: Arc<HashMap<Key, u32>>,
    /// Whether the index was complete at any time since the program started.
    is_built: bool,
    /// Whether there is no index at all. Then nothing is pending.
    is_off: bool,
    domains: [OnceLock<Arc<Domain>>; 3],
    /// For each audience, the number of pending documents that it may find.
    lags: [OnceLock<usize>; 3],
    names: OnceLock<Arc<Vec<Name>>>,
    pub(super) matches: Mutex<HashMap<MatchKey, Arc<RankedMatches>>>,
}

impl IndexState {
    /// Returns the state of an empty index, in which all documents of a snapshot are pending.
    pub(in crate::catalog) fn empty(snapshot: &Snapshot) -> Self {
        Self { pending: Arc::new(slots(snapshot)), ..Self::default() }
    }

    /// Returns the state of a newsroom without an index.
    pub(in crate::catalog) fn off() -> Self {
        Self { is_off: true, is_built: true, ..Self::default() }
    }

    /// Returns the same segments and pending documents without cached results, for a view in which the same
    /// revisions have the same slots.
    pub(in crate::catalog) fn without_results(&self) -> Self {
        Self {
            segments: self.segments.clone(),
            pending: self.pending.clone(),
            is_built: self.is_built,
            is_off: self.is_off,
            ..Self::default()
        }
    }

    /// Returns the state after a change of releases.
    pub(in crate::catalog) fn advanced(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        changed: impl IntoIterator<Item = Uuid>,
    ) -> Result<Self, IndexError> {
        let mut next = self.without_results();
        if self.is_off {
            return Ok(next);
        }
        for id in changed {
            let (old, new) = (documents(before, id), documents(after, id));
            for &(key, _) in old.iter().filter(|(key, _)| new.iter().all(|(other, _)| other != key)) {
                next.set_slot(key, DEAD)?;
            }
            for &(key, slot) in new.iter().filter(|document| !old.contains(document)) {
                next.set_slot(key, slot)?;
            }
        }
        Ok(next)
    }

    /// Returns the state for a reloaded snapshot.
    pub(in crate::catalog) fn reloaded(&self, snapshot: &Snapshot) -> Result<Self, IndexError> {
        self.with_segments(&self.segments, snapshot)
    }

    /// Returns a state with other segments. Their documents get the slots of the snapshot.
    pub(in crate::catalog) fn with_segments(
        &self,
        segments: &Segments,
        snapshot: &Snapshot,
    ) -> Result<Self, IndexError> {
        if self.is_off {
            return Ok(self.without_results());
        }
        let slots = slots(snapshot);
        let (segments, missing) = segments.renumbered(&slots)?;
        let pending = missing.into_iter().filter_map(|key| Some((key, *slots.get(&key)?))).collect();
        Ok(Self { segments, pending: Arc::new(pending), ..self.without_results() })
    }

    fn set_slot(&mut self, key: Key, slot: u32) -> Result<(), IndexError> {
        let is_indexed = self.segments.set_slot(key, slot)?;
        if slot != DEAD && !is_indexed {
            Arc::make_mut(&mut self.pending).insert(key, slot);
        } else if self.pending.contains_key(&key) {
            Arc::make_mut(&mut self.pending).remove(&key);
        }
        Ok(())
    }

    /// Returns the documents that have a slot and are not yet indexed.
    pub(in crate::catalog) fn pending(&self) -> &HashMap<Key, u32> {
        &self.pending
    }

    /// Returns the state in which a new segment is part of the index. Its documents are no longer pending. A
    /// document that was not pending becomes dead.
    pub(in crate::catalog) fn with_indexed(&self, segment: &search::Segment, keys: &[Key]) -> Result<Self, IndexError> {
        let mut next = self.without_results();
        if next.segments.contains(segment) {
            return Ok(next);
        }
        next.segments.push(segment.renumbered(|key| self.pending.get(&key).copied().unwrap_or(DEAD))?);
        let pending = Arc::make_mut(&mut next.pending);
        keys.iter().for_each(|key| {
            pending.remove(key);
        });
        next.is_built |= next.pending.is_empty();
        Ok(next)
    }

    /// Returns the state in which the index counts as built, if nothing is pending.
    pub(in crate::catalog) fn checked(self) -> Self {
        Self { is_built: self.is_built || self.pending.is_empty(), ..self }
    }

    /// Returns whether the index was complete at any time since the program started.
    pub(in crate::catalog) fn is_built(&self) -> bool {
        self.is_built
    }

    /// Returns the pending documents that an audience may find.
    pub(in crate::catalog) fn pending_for(&self, snapshot: &Snapshot, audience: Audience) -> Vec<Key> {
        let is_visible = |&(_, &slot): &(&Key, &u32)| match slot & WORKING {
            0 => snapshot.is_visible_to(audience, slot),
            _ => audience == Audience::Desk,
        };
        self.pending.iter().filter(is_visible).map(|(&key, _)| key).collect()
    }

    /// Returns the number of pending documents that an audience may find, or 0 if a search would index them itself.
    /// Computed once.
    pub(in crate::catalog) fn lag(&self, snapshot: &Snapshot, audience: Audience) -> u64 {
        let lag = || self.pending_for(snapshot, audience).len();
        let lag = *self.lags[audience as usize].get_or_init(lag);
        if lag <= MAX_BY_SEARCH { 0 } else { lag as u64 }
    }

    /// Returns the domain of an audience: what its members may find, and what counts for their scores. For the press,
    /// scores, suggestions and spelling are those of the public.
    pub(super) fn domain(&self, snapshot: &Snapshot, audience: Audience) -> Arc<Domain> {
        let domain = || {
            let visible = snapshot.visible_bitmap(audience);
            let counted = match audience {
                Audience::Press => snapshot.visible_bitmap(Audience::Public),
                Audience::Public | Audience::Desk => visible.clone(),
            };
            let working = (audience == Audience::Desk).then_some(&*snapshot.with_working);
            Arc::new(Domain::new(&self.segments, &visible, &counted, working))
        };
        self.domains[audience as usize].get_or_init(domain).clone()
    }

    /// Returns the names of the topics and places that releases have. `language`: the language of names that specify
    /// none, which is the same for all searches.
    pub(super) fn names(&self, snapshot: &Snapshot, language: &str) -> Arc<Vec<Name>> {
        self.names.get_or_init(|| Arc::new(names(snapshot, language))).clone()
    }
}

/// Returns the documents of a release with their slots.
fn documents(snapshot: &Snapshot, id: Uuid) -> Vec<(Key, u32)> {
    let Some(ordinal) = snapshot.ordinal_by_id(id) else { return Vec::new() };
    let working = snapshot.working.get(&ordinal);
    let shown = (snapshot.revision_ids.get(ordinal).as_u128(), ordinal);
    std::iter::once(shown).chain(working.map(|working| (working.revision_id.as_u128(), ordinal | WORKING))).collect()
}

/// Returns the slots of all documents of a snapshot.
fn slots(snapshot: &Snapshot) -> HashMap<Key, u32> {
    let shown = snapshot.all.iter().map(|ordinal| (snapshot.revision_ids.get(ordinal).as_u128(), ordinal));
    let working = snapshot.working.iter().map(|(ordinal, image)| (image.revision_id.as_u128(), ordinal | WORKING));
    shown.chain(working).collect()
}
