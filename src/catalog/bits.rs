//! Sets of releases by property: one roaring bitmap of ordinals for every topic, place, kind, language, state, author.

use std::{collections::HashMap, sync::Arc};

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
