//! The list of segments that a search reads. A value is immutable; a change makes another value, which shares the
//! files and most slots.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use super::{
    error::IndexError,
    segment::{Key, Segment},
    slots::DEAD,
};

/// All segments of the index at one time.
#[derive(Clone, Debug, Default)]
pub struct Segments {
    list: Vec<Segment>,
}

impl From<Vec<Segment>> for Segments {
    fn from(list: Vec<Segment>) -> Self {
        Self { list }
    }
}

impl Segments {
    /// Returns the segments.
    pub fn list(&self) -> &[Segment] {
        &self.list
    }

    /// Returns the number of documents that are not dead.
    pub fn alive(&self) -> u64 {
        self.list.iter().map(|segment| u64::from(segment.alive())).sum()
    }

    /// Returns the keys of all documents that are dead.
    pub fn dead_keys(&self) -> Result<Vec<Key>, IndexError> {
        let mut keys = Vec::new();
        for segment in &self.list {
            segment.for_each_key(|key, document| {
                if segment.slots.get(document) == DEAD {
                    keys.push(key);
                }
            })?;
        }
        Ok(keys)
    }

    /// Returns whether a segment is in the list, perhaps with other slots.
    pub fn contains(&self, segment: &Segment) -> bool {
        self.list.iter().any(|other| other.is_same(segment))
    }

    /// Adds a segment.
    pub fn push(&mut self, segment: Segment) {
        if segment.documents() > 0 {
            self.list.push(segment);
        }
    }

    /// Gives the document with a key another slot. Returns `false` if no segment has the document.
    pub fn set_slot(&mut self, key: Key, slot: u32) -> Result<bool, IndexError> {
        let mut copies = Vec::new();
        for (index, segment) in self.list.iter().enumerate() {
            if let Some(document) = segment.find(key)? {
                copies.push((index, document, segment.slots.get(document) != DEAD));
            }
        }
        // A document can be in two segments, for example after a crash during a merge. One of them counts: the one
        // that counted before, because a merge may be leaving the others out.
        let counts = copies.iter().position(|&(_, _, counted)| counted).unwrap_or(0);
        for (position, &(index, document, _)) in copies.iter().enumerate() {
            self.list[index].set_slot(document, if position == counts { slot } else { DEAD });
        }
        Ok(!copies.is_empty())
    }

    /// Returns the same segments with other slots for all documents, and the keys of `slots` that no segment has.
    pub fn renumbered(&self, slots: &HashMap<Key, u32>) -> Result<(Self, Vec<Key>), IndexError> {
        let assigned = RefCell::new(HashSet::with_capacity(slots.len()));
        let slot_of = |key| match slots.get(&key) {
            Some(&slot) if assigned.borrow_mut().insert(key) => slot,
            _ => DEAD,
        };
        let list = self.list.iter().map(|segment| segment.renumbered(slot_of)).collect::<Result<Vec<_>, _>>()?;
        let assigned = assigned.into_inner();
        let missing = slots.keys().filter(|key| !assigned.contains(key)).copied().collect();
        Ok((Self { list }, missing))
    }

    /// Replaces segments by the result of merging them.
    pub(super) fn replace(&mut self, old: &[Segment], new: Option<Segment>) {
        self.list.retain(|segment| !old.iter().any(|other| other.is_same(segment)));
        if let Some(new) = new {
            self.push(new);
        }
    }
}
