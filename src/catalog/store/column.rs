//! Columnar storage, indexed by release ordinal: for every release one value (`Column`) or one short list of values
//! (`ListColumn`).
//!
//! A column is an array of shared chunks (`Arc`). Cloning a column shares all chunks, and changing a value copies one
//! chunk (copy-on-write). An immutable snapshot can therefore be followed by a changed one at low cost.

use std::sync::Arc;

/// Number of values in a chunk.
const CHUNK: usize = 2048;

/// A growing array of one value per release. Clones share its chunks.
#[derive(Clone, Debug)]
pub(crate) struct Column<T> {
    chunks: Arc<Vec<Arc<Vec<T>>>>,
    len: usize,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<T: Clone> Column<T> {
    /// Returns the number of values in the column.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the value of a release. The ordinal must exist.
    pub(crate) fn get(&self, ordinal: u32) -> &T {
        let ordinal = ordinal as usize;
        &self.chunks[ordinal / CHUNK][ordinal % CHUNK]
    }

    /// Replaces the value of a release. The ordinal must exist.
    pub(crate) fn set(&mut self, ordinal: u32, value: T) {
        let ordinal = ordinal as usize;
        let chunks = Arc::make_mut(&mut self.chunks);
        Arc::make_mut(&mut chunks[ordinal / CHUNK])[ordinal % CHUNK] = value;
    }

    /// Appends a value. It belongs to the next ordinal.
    pub(crate) fn push(&mut self, value: T) {
        let chunks = Arc::make_mut(&mut self.chunks);
        if self.len.is_multiple_of(CHUNK) {
            chunks.push(Arc::new(Vec::with_capacity(if self.len == 0 { 16 } else { CHUNK })));
        }
        Arc::make_mut(&mut chunks[self.len / CHUNK]).push(value);
        self.len += 1;
    }
}

/// A growing array of one short list per release, such as the topics or the bytes of the slug.
#[derive(Clone, Debug)]
pub(crate) struct ListColumn<T> {
    chunks: Arc<Vec<Arc<ListChunk<T>>>>,
    len: usize,
}

/// Several lists, concatenated in `items`. `ends` contains the end position of each list.
#[derive(Clone, Debug)]
struct ListChunk<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

/// Number of lists in a chunk.
const LIST_CHUNK: usize = 512;

impl<T> Default for ListColumn<T> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<T> ListChunk<T> {
    #[inline]
    fn span(&self, index: usize) -> std::ops::Range<usize> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        start..self.ends[index] as usize
    }
}

impl<T: Copy> ListColumn<T> {
    /// Returns the list of a release. The ordinal must exist.
    #[inline]
    pub(crate) fn get(&self, ordinal: u32) -> &[T] {
        let ordinal = ordinal as usize;
        let chunk = &self.chunks[ordinal / LIST_CHUNK];
        &chunk.items[chunk.span(ordinal % LIST_CHUNK)]
    }

    /// Replaces the list of a release. The ordinal must exist.
    pub(crate) fn set(&mut self, ordinal: u32, list: &[T]) {
        if self.get(ordinal).len() == list.len() {
            let chunks = Arc::make_mut(&mut self.chunks);
            let chunk = Arc::make_mut(&mut chunks[ordinal as usize / LIST_CHUNK]);
            let span = chunk.span(ordinal as usize % LIST_CHUNK);
            chunk.items[span].copy_from_slice(list);
            return;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[ordinal as usize / LIST_CHUNK]);
        let index = ordinal as usize % LIST_CHUNK;
        let span = chunk.span(index);
        let (old, new) = (span.len() as u32, list.len() as u32);
        chunk.items.splice(span, list.iter().copied());
        for end in &mut chunk.ends[index..] {
            *end = *end + new - old;
        }
    }

    /// Appends a list. It belongs to the next ordinal.
    pub(crate) fn push(&mut self, list: &[T]) {
        let chunks = Arc::make_mut(&mut self.chunks);
        if self.len.is_multiple_of(LIST_CHUNK) {
            if let Some(full) = chunks.last_mut() {
                Arc::make_mut(full).items.shrink_to_fit();
            }
            chunks.push(Arc::new(ListChunk { ends: Vec::new(), items: Vec::new() }));
        }
        let chunk = Arc::make_mut(&mut chunks[self.len / LIST_CHUNK]);
        chunk.items.extend_from_slice(list);
        chunk.ends.push(chunk.items.len() as u32);
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changing_a_column_does_not_affect_its_clones() {
        let mut column = Column::default();
        (0..5000_u32).for_each(|n| column.push(n));
        let before = column.clone();
        column.set(4321, 7);
        column.push(8);
        assert_eq!((*before.get(4321), before.len()), (4321, 5000));
        assert_eq!((*column.get(4321), *column.get(5000), column.len()), (7, 8, 5001));
    }

    #[test]
    fn replacing_a_list_leaves_other_lists_unchanged() {
        let mut lists = ListColumn::default();
        (0..2000_u32).for_each(|n| lists.push(&vec![n; n as usize % 5]));
        let before = lists.clone();
        lists.set(701, &[1, 2, 3, 4, 5, 6]);
        lists.set(702, &[]);
        lists.set(703, &[9, 9, 9]);
        assert_eq!(lists.get(700), &[] as &[u32]);
        assert_eq!(lists.get(701), &[1, 2, 3, 4, 5, 6]);
        assert_eq!(lists.get(702), &[] as &[u32]);
        assert_eq!(lists.get(703), &[9, 9, 9]);
        assert_eq!(lists.get(704), &[704; 4]);
        assert_eq!(before.get(702), &[702, 702]);
    }
}
