//! The domain of a search: the documents that it may find, and those that it counts for its scores.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use crate::{
    index::{
        schema::Field,
        segment::Segment,
        segments::Segments,
        slots::{DEAD, WORKING},
    },
    text::language::Language,
};

/// A set of small numbers as an array of bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Returns an empty set of numbers below `len`.
    pub fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    /// Returns the numbers of a bitmap that are below `len`.
    pub fn of(bitmap: &RoaringBitmap, len: usize) -> Self {
        let mut bits = Self::empty(len);
        for number in bitmap.iter().take_while(|&number| (number as usize) < len) {
            bits.insert(number as usize);
        }
        bits
    }

    /// Returns whether the set contains a number.
    #[inline]
    pub fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds a number.
    #[inline]
    pub fn insert(&mut self, number: usize) {
        self.words[number / 64] |= 1 << (number % 64);
    }

    /// Keeps the numbers that another set also has.
    pub fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds the numbers of another set.
    pub fn union(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Removes the numbers of another set.
    pub fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Returns the number of numbers.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Returns the number of numbers that are also in another set.
    pub fn count_common(&self, other: &Self) -> u64 {
        self.words.iter().zip(&other.words).map(|(word, other)| u64::from((word & other).count_ones())).sum()
    }

    /// Returns whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Returns the numbers in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }
}

/// What a search may find and counts.
///
/// A document has a *position* in the domain: its slot, and for a working revision the slot plus the number of
/// slots. Documents without a position do not exist for the search.
#[derive(Clone, Debug)]
pub struct Domain {
    slots: usize,
    /// Positions that the search may find.
    found: Bits,
    /// Positions at which there is a document that the search may find.
    existing: Bits,
    /// Positions that count for scores, suggestions and spelling. For the press, these are fewer than `found`.
    counted: Bits,
    has_working: bool,
    /// Average length of each indexed field in the counted documents, at least 1.
    pub(super) average_lengths: [f32; Field::INDEXED.len()],
    /// Number of counted documents.
    pub(super) counted_documents: u64,
    /// The languages of the documents that may be found.
    pub(super) languages: Vec<Language>,
}

impl Domain {
    /// Creates the domain of a search in `segments`. `found`: the slots that may be found. `counted`: the slots that
    /// count for scores. `working`: the slots of which a working revision may be found and counts, too. `None` if
    /// working revisions do not exist for the search.
    pub fn new(
        segments: &Segments,
        found: &RoaringBitmap,
        counted: &RoaringBitmap,
        working: Option<&RoaringBitmap>,
    ) -> Self {
        let slots = found.max().max(counted.max()).map_or(0, |max| max as usize + 1);
        let (mut found, mut counted) = (Bits::of(found, slots), Bits::of(counted, slots));
        if let Some(working) = working {
            for bits in [&mut found, &mut counted] {
                bits.words.resize((slots * 2).div_ceil(64), 0);
                for slot in working.iter().map(|slot| slot as usize).take_while(|&slot| slot < slots) {
                    if bits.contains(slot) {
                        bits.insert(slot + slots);
                    }
                }
            }
        }
        let mut domain = Self {
            slots,
            existing: Bits::empty(if working.is_some() { slots * 2 } else { slots }),
            found,
            counted,
            has_working: working.is_some(),
            average_lengths: [1.0; Field::INDEXED.len()],
            counted_documents: 0,
            languages: Vec::new(),
        };
        domain.measure(segments);
        domain
    }

    /// Computes the statistics of the counted documents. The result depends only on these documents, and not on how
    /// they are spread over segments or on dead documents.
    fn measure(&mut self, segments: &Segments) {
        let mut totals = [0_u64; Field::INDEXED.len()];
        let mut languages = BTreeSet::new();
        for segment in segments.list() {
            for (document, slot) in segment.slots.iter().enumerate() {
                let Some(position) = self.position(slot) else { continue };
                languages.insert(segment.languages()[document]);
                self.existing.insert(position);
                if self.counted.contains(position) {
                    self.counted_documents += 1;
                    for (total, field) in totals.iter_mut().zip(Field::INDEXED) {
                        *total += u64::from(segment.text(field).1.fieldnorm(document as u32));
                    }
                }
            }
        }
        let count = self.counted_documents.max(1) as f32;
        self.average_lengths = totals.map(|total| (total as f32 / count).max(1.0));
        languages.remove(&Language::default());
        self.languages = languages.into_iter().collect();
    }

    /// Returns the number of positions.
    pub(super) fn len(&self) -> usize {
        if self.has_working { self.slots * 2 } else { self.slots }
    }

    /// Returns the position of a document with a slot, or `None` if the search may not find it.
    #[inline]
    pub(super) fn position(&self, slot: u32) -> Option<usize> {
        let position = match slot {
            DEAD => return None,
            slot if slot & WORKING == 0 => slot as usize,
            _ if !self.has_working => return None,
            slot => (slot & !WORKING) as usize + self.slots,
        };
        self.found.contains(position).then_some(position)
    }

    /// Returns the slot of the release at a position.
    pub(super) fn slot(&self, position: usize) -> u32 {
        (position % self.slots.max(1)) as u32
    }

    /// Returns the positions of all documents that the search may find.
    pub(super) fn existing(&self) -> &Bits {
        &self.existing
    }

    /// Returns whether a slot of a set counts for scores, suggestions and spelling.
    pub(super) fn counts_any(&self, slots: &RoaringBitmap) -> bool {
        slots.iter().any(|slot| self.counted.contains(slot as usize))
    }

    /// Returns the positions that count for scores.
    pub(super) fn counted(&self) -> &Bits {
        &self.counted
    }

    /// Adds the positions of slots that may be found, working revisions included.
    pub(super) fn insert_slots(&self, bits: &mut Bits, slots: &RoaringBitmap) {
        for slot in slots.iter().map(|slot| slot as usize).take_while(|&slot| slot < self.slots) {
            if self.found.contains(slot) {
                bits.insert(slot);
                if self.has_working && self.found.contains(slot + self.slots) {
                    bits.insert(slot + self.slots);
                }
            }
        }
    }

    /// Returns whether a document of a segment counts for scores, suggestions and spelling.
    pub(super) fn counts(&self, segment: &Segment, document: u32) -> bool {
        self.position(segment.slots.get(document)).is_some_and(|position| self.counted.contains(position))
    }
}
