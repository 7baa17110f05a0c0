//! Slots: which document of a segment may be found, and as which release.
//!
//! The caller numbers releases. A document has the slot of its release if it is the revision that readers see, the
//! same slot with `WORKING` if it is the working revision beside it, and `DEAD` if it is neither: a former revision,
//! or a revision of a purged release.

use std::sync::Arc;

/// The slot of a document that no search may find.
pub const DEAD: u32 = u32::MAX;

/// Marks the slot of a working revision beside a revision that readers see.
pub const WORKING: u32 = 1 << 31;

/// Documents in one chunk.
const CHUNK: usize = 1 << 12;

/// The slots of the documents of a segment. Clones share the chunks that do not change.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    chunks: Vec<Arc<Vec<u32>>>,
}

impl FromIterator<u32> for Slots {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut chunks: Vec<Vec<u32>> = Vec::new();
        for slot in slots {
            match chunks.last_mut() {
                Some(chunk) if chunk.len() < CHUNK => chunk.push(slot),
                _ => chunks.push(vec![slot]),
            }
        }
        Self { chunks: chunks.into_iter().map(Arc::new).collect() }
    }
}

impl Slots {
    /// Returns the slot of a document.
    #[inline]
    pub fn get(&self, document: u32) -> u32 {
        self.chunks[document as usize / CHUNK][document as usize % CHUNK]
    }

    /// Sets the slot of a document.
    pub fn set(&mut self, document: u32, slot: u32) {
        Arc::make_mut(&mut self.chunks[document as usize / CHUNK])[document as usize % CHUNK] = slot;
    }

    /// Returns all slots, in the order of documents.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().copied())
    }
}
