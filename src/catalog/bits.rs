//! Sets of releases by property: one roaring bitmap of ordinals for every topic, place, kind, language, state, author.

use std::{borrow::Cow, collections::HashMap, ops::Deref, sync::Arc};

use roaring::RoaringBitmap;

/// A shared, immutable set of ordinals.
pub(crate) type Bits = Arc<RoaringBitmap>;

/// One set for each of some numbered values.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitTable {
    rows: Arc<Vec<Bits>>,
}

impl BitTable {
    /// The set of a value; none for a value that no release ever had.
    pub(crate) fn get(&self, value: u32) -> Option<&Bits> {
        self.rows.get(value as usize)
    }

    /// One more than the greatest value that a release ever had.
    pub(crate) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Puts a release into the set of a value.
    pub(crate) fn insert(&mut self, value: u32, row: u32) {
        let rows = Arc::make_mut(&mut self.rows);
        if rows.len() <= value as usize {
            rows.resize_with(value as usize + 1, Bits::default);
        }
        Arc::make_mut(&mut rows[value as usize]).insert(row);
    }

    /// Takes a release out of the set of a value.
    pub(crate) fn remove(&mut self, value: u32, row: u32) {
        let rows = Arc::make_mut(&mut self.rows);
        if let Some(bits) = rows.get_mut(value as usize) {
            Arc::make_mut(bits).remove(row);
        }
    }
}

/// Members of a set that are still kept while a filter is applied. Nothing is copied before the first condition takes some away,
/// and conditions are put off until they can be taken smallest first: so two small ones on everything cost their own size.
#[derive(Clone, Debug)]
pub(crate) struct Kept<'a> {
    members: Cow<'a, RoaringBitmap>,
    /// Sets that all members must be in, too.
    pending: Vec<Bits>,
}

impl Deref for Kept<'_> {
    type Target = RoaringBitmap;

    /// What is kept; everything put off must have been done.
    fn deref(&self) -> &RoaringBitmap {
        debug_assert!(self.pending.is_empty(), "conditions were put off");
        &self.members
    }
}

impl From<RoaringBitmap> for Kept<'_> {
    fn from(bits: RoaringBitmap) -> Self {
        Self { members: Cow::Owned(bits), pending: Vec::new() }
    }
}

impl<'a> Kept<'a> {
    /// All of a set.
    pub(crate) fn all_of(bits: &'a RoaringBitmap) -> Self {
        Self { members: Cow::Borrowed(bits), pending: Vec::new() }
    }

    /// None.
    pub(crate) fn nothing() -> Self {
        Self::from(RoaringBitmap::new())
    }

    /// The same, to go on from without changing this one.
    pub(crate) fn borrowed(&self) -> Kept<'_> {
        Kept::all_of(self)
    }

    /// Keeps those that are in a set.
    pub(crate) fn only(&mut self, bits: &Bits) {
        self.pending.push(bits.clone());
    }

    /// Keeps those that are in the set of one of some values.
    pub(crate) fn only_any(&mut self, table: &BitTable, values: impl IntoIterator<Item = u32>) {
        let mut sets = values.into_iter().filter_map(|value| table.get(value));
        match (sets.next(), sets.next()) {
            (None, _) => *self = Self::nothing(),
            (Some(one), None) => self.only(one),
            (Some(one), Some(two)) => {
                let mut any = &**one | &**two;
                sets.for_each(|bits| any |= &**bits);
                self.only(&Bits::new(any));
            }
        }
    }

    /// Keeps those that are not in a set.
    pub(crate) fn but(&mut self, bits: &RoaringBitmap) {
        self.settle();
        match &mut self.members {
            Cow::Owned(kept) => *kept -= bits,
            Cow::Borrowed(kept) => self.members = Cow::Owned(*kept - bits),
        }
    }

    /// Does what was put off, the smallest set first.
    pub(crate) fn settle(&mut self) {
        self.pending.sort_by_key(|bits| bits.len());
        let mut pending = self.pending.drain(..);
        match (pending.next(), pending.next()) {
            (None, _) => {}
            (Some(only), None) => match &mut self.members {
                Cow::Owned(kept) => *kept &= &*only,
                Cow::Borrowed(kept) => self.members = Cow::Owned(*kept & &*only),
            },
            (Some(one), Some(two)) => {
                let mut found = &*one & &*two;
                pending.for_each(|bits| found &= &*bits);
                found &= &*self.members;
                self.members = Cow::Owned(found);
            }
        }
    }

    /// What is kept, if any was taken away.
    pub(crate) fn changed(self) -> Option<RoaringBitmap> {
        match self.members {
            Cow::Owned(kept) => Some(kept),
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
    pub(crate) bits: BitTable,
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
