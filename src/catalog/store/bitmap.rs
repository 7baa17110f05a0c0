//! Bitmap index: one roaring bitmap of ordinals for each topic, place, kind, language, state or author.
//!
//! `BitmapIndex` maps a numbered value to the set of its releases. `Dimension` numbers text values (interning) and
//! indexes them. `Candidates` is the set that a filter narrows: intersections are deferred and done smallest
//! first, and nothing is copied until a condition removes something. Snapshots share bitmaps (`Arc`); a change
//! copies one bitmap.

use std::{borrow::Cow, collections::HashMap, ops::Deref, sync::Arc};

use roaring::RoaringBitmap;

/// A shared, immutable set of ordinals.
pub(crate) type SharedBitmap = Arc<RoaringBitmap>;

/// One set of releases for each numbered value.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitmapIndex {
    bitmaps: Arc<Vec<SharedBitmap>>,
}

impl BitmapIndex {
    /// Returns the set for a value, or `None` if no release ever had it.
    pub(crate) fn get(&self, value: u32) -> Option<&SharedBitmap> {
        self.bitmaps.get(value as usize)
    }

    /// Returns one more than the greatest value that a release ever had.
    pub(crate) fn len(&self) -> u32 {
        self.bitmaps.len() as u32
    }

    /// Returns the union of the sets for some values.
    pub(crate) fn union(&self, values: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for bitmap in values.into_iter().filter_map(|value| self.get(value)) {
            all |= &**bitmap;
        }
        all
    }

    /// Adds a release to the set for a value.
    pub(crate) fn insert(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if bitmaps.len() <= value as usize {
            bitmaps.resize_with(value as usize + 1, SharedBitmap::default);
        }
        Arc::make_mut(&mut bitmaps[value as usize]).insert(ordinal);
    }

    /// Removes a release from the set for a value.
    pub(crate) fn remove(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if let Some(bitmap) = bitmaps.get_mut(value as usize) {
            Arc::make_mut(bitmap).remove(ordinal);
        }
    }
}

/// The releases that remain while a filter is applied. Nothing is copied until the first condition removes
/// something. Intersections are deferred and done smallest first, so two selective conditions on all releases cost
/// only their own size.
#[derive(Clone, Debug)]
pub(crate) struct Candidates<'a> {
    members: Cow<'a, RoaringBitmap>,
    /// Deferred intersections: sets that all members must also be in.
    pending: Vec<SharedBitmap>,
}

impl Deref for Candidates<'_> {
    type Target = RoaringBitmap;

    /// Returns the remaining releases. There must be no deferred intersections; call `flush` first.
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
    /// Starts with all releases of a set.
    pub(crate) fn all_of(bitmap: &'a RoaringBitmap) -> Self {
        Self { members: Cow::Borrowed(bitmap), pending: Vec::new() }
    }

    /// Returns no candidates.
    pub(crate) fn empty() -> Self {
        Self::from(RoaringBitmap::new())
    }

    /// Returns the same candidates, which can be narrowed without changing these.
    pub(crate) fn borrowed(&self) -> Candidates<'_> {
        Candidates::all_of(self)
    }

    /// Keeps only the releases in a set.
    pub(crate) fn retain(&mut self, bitmap: &SharedBitmap) {
        self.pending.push(bitmap.clone());
    }

    /// Keeps only the releases that have one of the values.
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

    /// Removes the releases in a set.
    pub(crate) fn exclude(&mut self, bitmap: &RoaringBitmap) {
        self.flush();
        match &mut self.members {
            Cow::Owned(members) => *members -= bitmap,
            Cow::Borrowed(members) => self.members = Cow::Owned(*members - bitmap),
        }
    }

    /// Performs the deferred intersections, the smallest set first.
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

    /// Returns the remaining releases, or `None` if they are still the borrowed set.
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

/// Text values (languages, authors), numbered in the order of their first appearance, with a set of
/// releases for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dimension {
    names: Arc<Vec<Arc<str>>>,
    numbers: Arc<HashMap<Arc<str>, u32>>,
    /// The set of releases for each value.
    pub(crate) bitmaps: BitmapIndex,
}

impl Dimension {
    /// Returns the number of a value. Assigns one if the value is new.
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

    /// Returns the number of a value, or `None` if no release ever had it.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Returns the value with a number, which must have been assigned.
    pub(crate) fn name(&self, number: u32) -> &Arc<str> {
        &self.names[number as usize]
    }

    /// Returns the number of values.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
