//! Sorted index: the ordinals of all releases, sorted by one value and then by id, in chunks that clones share.
//!
//! Inserting or removing an ordinal copies one chunk. `seek` finds a position by value, for keyset pagination and
//! range scans. The index stores no values. Callers pass the comparison, which must be the same for insertion and
//! removal.

use std::{cmp::Ordering, sync::Arc};

/// Maximum number of ordinals in a chunk. A longer chunk is split.
const CHUNK: usize = 2048;

/// Ordinals of releases, sorted in ascending order by a value that the callers compare.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedIndex {
    chunks: Arc<Vec<Arc<Vec<u32>>>>,
}

/// A position in a sorted index, between two adjacent ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    chunk: usize,
    offset: usize,
}

impl SortedIndex {
    /// Creates an index from ordinals that are already sorted.
    pub(crate) fn from_sorted(ordinals: &[u32]) -> Self {
        // Chunks start half full, so most insertions do not split them.
        Self { chunks: Arc::new(ordinals.chunks(CHUNK / 2).map(|chunk| Arc::new(chunk.to_vec())).collect()) }
    }

    /// Returns the position before the first ordinal whose value is not less than the sought value. `ordering`
    /// compares the value of an ordinal with the sought value.
    pub(crate) fn seek(&self, ordering: impl Fn(u32) -> Ordering) -> Position {
        let chunk = self
            .chunks
            .partition_point(|chunk| chunk.last().is_some_and(|&ordinal| ordering(ordinal) == Ordering::Less));
        let offset = self
            .chunks
            .get(chunk)
            .map_or(0, |chunk| chunk.partition_point(|&ordinal| ordering(ordinal) == Ordering::Less));
        Position { chunk, offset }
    }

    /// Inserts an ordinal where `compare` orders it. `compare` compares two ordinals.
    pub(crate) fn insert(&mut self, ordinal: u32, compare: impl Fn(u32, u32) -> Ordering) {
        let position = self.seek(|other| compare(other, ordinal));
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::new(vec![ordinal]));
            return;
        }
        // If the position is after the last chunk, the ordinal is appended to the last chunk.
        let (index, offset) = if position.chunk == chunks.len() {
            (position.chunk - 1, chunks[position.chunk - 1].len())
        } else {
            (position.chunk, position.offset)
        };
        let chunk = Arc::make_mut(&mut chunks[index]);
        chunk.insert(offset, ordinal);
        if chunk.len() > CHUNK {
            // Most insertions are at the end (today's releases). After such an insertion, the first part of the split
            // chunk stays nearly full.
            let cut = if offset + 1 == chunk.len() { CHUNK - CHUNK / 8 } else { CHUNK / 2 };
            let tail = chunk.split_off(cut);
            chunks.insert(index + 1, Arc::new(tail));
        }
    }

    /// Removes an ordinal. `compare` must order the ordinal as it did when the ordinal was inserted.
    pub(crate) fn remove(&mut self, ordinal: u32, compare: impl Fn(u32, u32) -> Ordering) {
        let position = self.seek(|other| compare(other, ordinal));
        if self.chunks.get(position.chunk).and_then(|chunk| chunk.get(position.offset)) != Some(&ordinal) {
            return;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        Arc::make_mut(&mut chunks[position.chunk]).remove(position.offset);
        if chunks[position.chunk].is_empty() {
            chunks.remove(position.chunk);
        }
    }

    /// Returns the number of ordinals before a position. Takes one step per chunk.
    pub(crate) fn rank(&self, position: Position) -> usize {
        let before = self.chunks[..position.chunk.min(self.chunks.len())].iter();
        before.map(|chunk| chunk.len()).sum::<usize>() + position.offset
    }

    /// Iterates over the ordinals from a position to the end.
    pub(crate) fn ascending_from(&self, position: Position) -> impl Iterator<Item = u32> {
        let first = self.chunks.get(position.chunk).map_or(&[][..], |chunk| &chunk[position.offset..]);
        let rest = self.chunks.iter().skip(position.chunk + 1).flat_map(|chunk| chunk.iter());
        first.iter().chain(rest).copied()
    }

    /// Iterates over the ordinals from a position back to the start.
    pub(crate) fn descending_from(&self, position: Position) -> impl Iterator<Item = u32> {
        let first = self.chunks.get(position.chunk).map_or(&[][..], |chunk| &chunk[..position.offset]);
        let rest =
            self.chunks[..position.chunk.min(self.chunks.len())].iter().rev().flat_map(|chunk| chunk.iter().rev());
        first.iter().rev().chain(rest).copied()
    }

    /// Returns the position before the first ordinal.
    pub(crate) fn start() -> Position {
        Position { chunk: 0, offset: 0 }
    }

    /// Returns the position after the last ordinal.
    pub(crate) fn end(&self) -> Position {
        Position { chunk: self.chunks.len(), offset: 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sorted_index_equals_a_sorted_list(values in prop::collection::vec(0..50_i64, 1..6000), removed in prop::collection::vec(any::<prop::sample::Index>(), 0..300), target in 0..60_i64) {
            let compare = |a: u32, b: u32| (values[a as usize], a).cmp(&(values[b as usize], b));
            let half = values.len() / 2;
            let mut naive: Vec<u32> = (0..half as u32).collect();
            naive.sort_by(|&a, &b| compare(a, b));
            let mut sorted = SortedIndex::from_sorted(&naive);
            for ordinal in half as u32..values.len() as u32 {
                sorted.insert(ordinal, compare);
                naive.push(ordinal);
            }
            for index in removed {
                let ordinal = index.index(values.len()) as u32;
                sorted.remove(ordinal, compare);
                naive.retain(|&other| other != ordinal);
            }
            naive.sort_by(|&a, &b| compare(a, b));
            prop_assert_eq!(sorted.ascending_from(SortedIndex::start()).collect::<Vec<_>>(), naive.clone());
            let position = sorted.seek(|ordinal| values[ordinal as usize].cmp(&target));
            let (below, above): (Vec<u32>, Vec<u32>) = naive.iter().partition(|&&ordinal| values[ordinal as usize] < target);
            prop_assert_eq!(sorted.rank(position), below.len());
            prop_assert_eq!(sorted.rank(sorted.end()), naive.len());
            prop_assert_eq!(sorted.ascending_from(position).collect::<Vec<_>>(), above);
            prop_assert_eq!(sorted.descending_from(position).collect::<Vec<_>>(), below.into_iter().rev().collect::<Vec<_>>());
            naive.reverse();
            prop_assert_eq!(sorted.descending_from(sorted.end()).collect::<Vec<_>>(), naive);
        }
    }
}
