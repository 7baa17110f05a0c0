//! Bitmap index: one roaring bitmap of ordinals for each topic, place, kind, language, state or author.
//!
//! `BitmapIndex` maps a numbered value to the set of its releases. `Dimension` numbers text values (interning) and
//! indexes them. `Candidates` is the set that a filter narrows: intersections are deferred and done smallest first, and
//! nothing is copied until a condition removes something. Bitmaps are shared between snapshots (`Arc`); a change copies
//! one bitmap.

use std::{borrow::Cow, collections::HashMap, ops::Deref, sync::Arc};

use roaring::RoaringBitmap;

/// A shared, immutable set of ordinals.
pub(crate) type SharedBitmap = Arc<RoaringBitmap>;

/// One set for each of some numbered values.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitmapIndex {
    bitmaps: Arc<Vec<SharedBitmap>>,
}

impl BitmapIndex {
    /// The set of a value; none for a value that no release ever had.
    pub(crate) fn get(&self, value: u32) -> Option<&SharedBitmap> {
        self.bitmaps.get(value as usize)
    }

    /// One more than the greatest value that a release ever had.
    pub(crate) fn len(&self) -> u32 {
        self.bitmaps.len() as u32
    }

    /// The union of the sets of some values.
    pub(crate) fn union(&self, values: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for bitmap in values.into_iter().filter_map(|value| self.get(value)) {
            all |= &**bitmap;
        }
        all
    }

    /// Puts a release into the set of a value.
    pub(crate) fn insert(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if bitmaps.len() <= value as usize {
            bitmaps.resize_with(value as usize + 1, SharedBitmap::default);
        }
        Arc::make_mut(&mut bitmaps[value as usize]).insert(ordinal);
    }

    /// Takes a release out of the set of a value.
    pub(crate) fn remove(&mut self, value: u32, ordinal: u32) {
        let bitmaps = Arc::make_mut(&mut self.bitmaps);
        if let Some(bitmap) = bitmaps.get_mut(value as usize) {
            Arc::make_mut(bitmap).remove(ordinal);
        }
    }
}

/// Members of a set that are still kept while a filter is applied. Nothing is copied before the first condition takes some away,
/// and conditions are put off until they can be taken smallest first: so two small ones on everything cost their own size.
#[derive(Clone, Debug)]
pub(crate) struct Candidates<'a> {
    members: Cow<'a, RoaringBitmap>,
    /// Sets that all members must be in, too.
    pending: Vec<SharedBitmap>,
}

impl Deref for Candidates<'_> {
    type Target = RoaringBitmap;

    /// What is kept; everything put off must have been done.
    fn deref(&self) -> &RoaringBitmap {
        debug_assert!(self.pending.is_empty(), "conditions were put off");
        &self.members
    }
}

impl From<RoaringBitmap> for Candidates<'_> {
    fn from(bitmap: RoaringBitmap) -> Self {
        Self { members: Cow::Owned(bitmap), pending: Vec::new() }
    }
}

impl<'a> Candidates<'a> {
    /// All of a set.
    pub(crate) fn all_of(bitmap: &'a RoaringBitmap) -> Self {
        Self { members: Cow::Borrowed(bitmap), pending: Vec::new() }
    }

    /// None.
    pub(crate) fn empty() -> Self {
        Self::from(RoaringBitmap::new())
    }

    /// The same, to go on from without changing this one.
    pub(crate) fn borrowed(&self) -> Candidates<'_> {
        Candidates::all_of(self)
    }

    /// Keeps those that are in a set.
    pub(crate) fn retain(&mut self, bitmap: &SharedBitmap) {
        self.pending.push(bitmap.clone());
    }

    /// Keeps those that are in the set of one of some values.
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

    /// Keeps those that are not in a set.
    pub(crate) fn exclude(&mut self, bitmap: &RoaringBitmap) {
        self.flush();
        match &mut self.members {
            Cow::Owned(members) => *members -= bitmap,
            Cow::Borrowed(members) => self.members = Cow::Owned(*members - bitmap),
        }
    }

    /// Does what was put off, the smallest set first.
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

    /// What is kept, if any was taken away.
    pub(crate) fn into_changed(self) -> Option<RoaringBitmap> {
        match self.members {
            Cow::Owned(members) => Some(members),
            Cow::Borrowed(_) => None,
        }
    }

    /// What is kept, on its own.
    pub(crate) fn into_owned(self) -> RoaringBitmap {
        self.members.into_owned()
    }
}

/// Values that come as text (languages, authors), numbered in the order of their first appearance, and the set of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dimension {
    names: Arc<Vec<Arc<str>>>,
    numbers: Arc<HashMap<Arc<str>, u32>>,
    /// The set of each.
    pub(crate) bitmaps: BitmapIndex,
}

impl Dimension {
    /// The number of a value, given to it now if it is new.
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

    /// The number of a value that some release had.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The value of a number. The number must have been given.
    pub(crate) fn name(&self, number: u32) -> &Arc<str> {
        &self.names[number as usize]
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
