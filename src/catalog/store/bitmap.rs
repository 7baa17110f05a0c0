//! Bitmap index: one roaring bitmap of release ordinals for each topic, place, kind, language, state and author.
//!
//! `BitmapIndex` maps a numbered value to the set of releases that have this value. `Dimension` numbers text values
//! (interning) and indexes them. `Candidates` is the set of releases that a filter narrows. It defers intersections
//! and performs them smallest set first, and it copies nothing until the first condition is applied. Snapshots share
//! bitmaps (`Arc`), and changing a release copies only the affected bitmaps.

use std::{borrow::Cow, collections::HashMap, ops::Deref, sync::Arc};

use roaring::RoaringBitmap;

/// A shared, immutable set of ordinals.
pub(crate) type SharedBitmap = Arc<RoaringBitmap>;

/// For each numbered value, the set of releases that have this value.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitmapIndex {
    bitmaps: Arc<Vec<SharedBitmap>>,
}

impl BitmapIndex {
    /// Returns the set of releases that have a value, or `None` if no release ever had a value as great as this one.
    pub(crate) fn get(&self, value: u32) -> Option<&SharedBitmap> {
        self.bitmaps.get(value as usize)
    }

    /// Returns the greatest value that a release ever had, plus one. Returns 0 if no release had a value.
    pub(crate) fn len(&self) -> u32 {
        self.bitmaps.len() as u32
    }

    /// Returns the releases that have at least one of the values.
    pub(crate) fn union(&self, values: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for bitmap in values.into_iter().filter_map(|value| self.get(value)) {
            all |= &**bitmap;
        }
        all
    }

    /// Adds a release to the set of a value.
    pub(crate) fn insert(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if bitmaps.len() <= value as usize {
            bitmaps.resize_with(value as usize + 1, SharedBitmap::default);
        }
        Arc::make_mut(&mut bitmaps[value as usize]).insert(ordinal);
    }

    /// Removes a release from the set of a value.
    pub(crate) fn remove(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if let Some(bitmap) = bitmaps.get_mut(value as usize) {
            Arc::make_mut(bitmap).remove(ordinal);
        }
    }
}

/// The releases that remain while a filter is applied.
///
/// The bitmap is copied only when the first condition is applied. Intersections are deferred and performed smallest
/// set first, so two selective conditions on all releases cost only the size of their own sets.
#[derive(Clone, Debug)]
pub(crate) struct Candidates<'a> {
    members: Cow<'a, RoaringBitmap>,
    /// Deferred intersections: the sets that every remaining release must also be in.
    pending: Vec<SharedBitmap>,
}

impl Deref for Candidates<'_> {
    type Target = RoaringBitmap;

    /// Returns the remaining releases. No intersection may be deferred, so call `flush` first.
    fn deref(&self) -> &RoaringBitmap {
        debug_assert!(self.pending.is_empty(), "intersections are still deferred: call flush first");
        &self.members
    }
}

impl From<RoaringBitmap> for Candidates<'_> {
    fn from(bitmap: RoaringBitmap) -> Self {
        Self { members: Cow::Owned(bitmap), pending: Vec::new() }
    }
}

impl<'a> Candidates<'a> {
    /// Creates candidates that contain all releases of a set.
    pub(crate) fn all_of(bitmap: &'a RoaringBitmap) -> Self {
        Self { members: Cow::Borrowed(bitmap), pending: Vec::new() }
    }

    /// Creates an empty set of candidates.
    pub(crate) fn empty() -> Self {
        Self::from(RoaringBitmap::new())
    }

    /// Returns a copy that borrows the bitmap of these candidates. Narrowing the copy does not change the original.
    pub(crate) fn borrowed(&self) -> Candidates<'_> {
        Candidates::all_of(self)
    }

    /// Keeps only the candidates that are in a set. The intersection is deferred until `flush`.
    pub(crate) fn retain(&mut self, bitmap: &SharedBitmap) {
        self.pending.push(bitmap.clone());
    }

    /// Keeps only the candidates that have at least one of the values. The intersection is deferred until `flush`.
    pub(crate) fn retain_any(&mut self, table: &BitmapIndex, values: impl IntoIterator<Item = u32>) {
        let mut sets = values.into_iter().filter_map(|value| table.get(value));
        match (sets.next(), sets.next()) {
            (None, _) => *self = Self::empty(),
            (Some(first), None) => self.retain(first),
            (Some(first), Some(second)) => {
                let mut any = &**first | &**second;
                sets.for_each(|bitmap| any |= &**bitmap);
                self.retain(&SharedBitmap::new(any));
            }
        }
    }

    /// Removes the candidates that are in a set.
    pub(crate) fn exclude(&mut self, bitmap: &RoaringBitmap) {
        self.flush();
        match &mut self.members {
            Cow::Owned(members) => *members -= bitmap,
            Cow::Borrowed(members) => self.members = Cow::Owned(*members - bitmap),
        }
    }

    /// Performs the deferred intersections, smallest set first.
    pub(crate) fn flush(&mut self) {
        self.pending.sort_by_key(|bitmap| bitmap.len());
        let mut pending = self.pending.drain(..);
        match (pending.next(), pending.next()) {
            (None, _) => {}
            (Some(single), None) => match &mut self.members {
                Cow::Owned(members) => *members &= &*single,
                Cow::Borrowed(members) => self.members = Cow::Owned(*members & &*single),
            },
            (Some(first), Some(second)) => {
                let mut common = &*first & &*second;
                pending.for_each(|bitmap| common &= &*bitmap);
                common &= &*self.members;
                self.members = Cow::Owned(common);
            }
        }
    }

    /// Returns the remaining releases, or `None` if no condition replaced the borrowed set.
    pub(crate) fn into_changed(self) -> Option<RoaringBitmap> {
        match self.members {
            Cow::Owned(members) => Some(members),
            Cow::Borrowed(_) => None,
        }
    }

    /// Returns the remaining releases as an owned set.
    pub(crate) fn into_owned(self) -> RoaringBitmap {
        self.members.into_owned()
    }
}

/// The text values of a field (language or author) and the releases that have each value. Values are numbered in the
/// order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dimension {
    names: Arc<Vec<Arc<str>>>,
    numbers: Arc<HashMap<Arc<str>, u32>>,
    /// The set of releases that have each value, by the number of the value.
    pub(crate) bitmaps: BitmapIndex,
}

impl Dimension {
    /// Returns the number of a text value. Assigns the next number to a new value.
    pub(crate) fn intern(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        let name: Arc<str> = name.into();
        Arc::make_mut(&mut self.names).push(name.clone());
        Arc::make_mut(&mut self.numbers).insert(name, number);
        number
    }

    /// Returns the number of a text value, or `None` if no release ever had this value.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Returns the text value with a number. The number must have been assigned by `intern`.
    pub(crate) fn name(&self, number: u32) -> &Arc<str> {
        &self.names[number as usize]
    }

    /// Returns the number of different text values.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
