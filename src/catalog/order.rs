//! An order: all releases sorted by one value, ties by id, as ordinals in chunks. One release moves by copying one chunk of
//! each of its two places, however many releases there are.

use std::{cmp::Ordering, sync::Arc};

/// A chunk is split when it grows beyond this.
const CHUNK: usize = 2048;

/// Ordinals in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    chunks: Arc<Vec<Arc<Vec<u32>>>>,
}

/// A place between two neighbours of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    chunk: usize,
    offset: usize,
}

impl Order {
    /// From ordinals that are sorted already.
    pub(crate) fn from_sorted(rows: &[u32]) -> Self {
        // Half full, so that most insertions do not split.
        Self { chunks: Arc::new(rows.chunks(CHUNK / 2).map(|chunk| Arc::new(chunk.to_vec())).collect()) }
    }

    /// The first place such that everything before it is `Less` than what is sought; `side` tells how an ordinal stands to it.
    pub(crate) fn seek(&self, side: impl Fn(u32) -> Ordering) -> Position {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|&row| side(row) == Ordering::Less));
        let offset =
            self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(|&row| side(row) == Ordering::Less));
        Position { chunk, offset }
    }

    /// Puts an ordinal in its place; `compare` orders two ordinals.
    pub(crate) fn insert(&mut self, row: u32, compare: impl Fn(u32, u32) -> Ordering) {
        let at = self.seek(|other| compare(other, row));
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::new(vec![row]));
            return;
        }
        // Behind the last chunk: append to it.
        let (number, offset) =
            if at.chunk == chunks.len() { (at.chunk - 1, chunks[at.chunk - 1].len()) } else { (at.chunk, at.offset) };
        let chunk = Arc::make_mut(&mut chunks[number]);
        chunk.insert(offset, row);
        if chunk.len() > CHUNK {
            // Growth at the end is the rule (today's releases): leave the full part nearly full.
            let cut = if offset + 1 == chunk.len() { CHUNK - CHUNK / 8 } else { CHUNK / 2 };
            let tail = chunk.split_off(cut);
            chunks.insert(number + 1, Arc::new(tail));
        }
    }

    /// Takes an ordinal out; `compare` must still order it as when it was put in.
    pub(crate) fn remove(&mut self, row: u32, compare: impl Fn(u32, u32) -> Ordering) {
        let at = self.seek(|other| compare(other, row));
        if self.chunks.get(at.chunk).and_then(|chunk| chunk.get(at.offset)) != Some(&row) {
            return;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        Arc::make_mut(&mut chunks[at.chunk]).remove(at.offset);
        if chunks[at.chunk].is_empty() {
            chunks.remove(at.chunk);
        }
    }

    /// From a place to the end.
    pub(crate) fn ascending_from(&self, at: Position) -> impl Iterator<Item = u32> {
        let first = self.chunks.get(at.chunk).map_or(&[][..], |chunk| &chunk[at.offset..]);
        let rest = self.chunks.iter().skip(at.chunk + 1).flat_map(|chunk| chunk.iter());
        first.iter().chain(rest).copied()
    }

    /// From a place back to the beginning.
    pub(crate) fn descending_from(&self, at: Position) -> impl Iterator<Item = u32> {
        let first = self.chunks.get(at.chunk).map_or(&[][..], |chunk| &chunk[..at.offset]);
        let rest = self.chunks[..at.chunk.min(self.chunks.len())].iter().rev().flat_map(|chunk| chunk.iter().rev());
        first.iter().rev().chain(rest).copied()
    }

    /// The place before everything.
    pub(crate) fn start() -> Position {
        Position { chunk: 0, offset: 0 }
    }

    /// The place after everything.
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
        fn an_order_equals_a_sorted_list(values in prop::collection::vec(0..50_i64, 1..6000), gone in prop::collection::vec(any::<prop::sample::Index>(), 0..300), sought in 0..60_i64) {
            let compare = |a: u32, b: u32| (values[a as usize], a).cmp(&(values[b as usize], b));
            let half = values.len() / 2;
            let mut naive: Vec<u32> = (0..half as u32).collect();
            naive.sort_by(|&a, &b| compare(a, b));
            let mut order = Order::from_sorted(&naive);
            for row in half as u32..values.len() as u32 {
                order.insert(row, compare);
                naive.push(row);
            }
            for index in gone {
                let row = index.index(values.len()) as u32;
                order.remove(row, compare);
                naive.retain(|&other| other != row);
            }
            naive.sort_by(|&a, &b| compare(a, b));
            prop_assert_eq!(order.ascending_from(Order::start()).collect::<Vec<_>>(), naive.clone());
            let at = order.seek(|row| values[row as usize].cmp(&sought));
            let (below, above): (Vec<u32>, Vec<u32>) = naive.iter().partition(|&&row| values[row as usize] < sought);
            prop_assert_eq!(order.ascending_from(at).collect::<Vec<_>>(), above);
            prop_assert_eq!(order.descending_from(at).collect::<Vec<_>>(), below.into_iter().rev().collect::<Vec<_>>());
            naive.reverse();
            prop_assert_eq!(order.descending_from(order.end()).collect::<Vec<_>>(), naive);
        }
    }
}
