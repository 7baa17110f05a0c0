//! Merging: which segments to merge, and how.

use tantivy::{
    directory::{Directory, MmapDirectory, RamDirectory},
    fastfield::{AliveBitSet, write_alive_bitset},
    indexer::merge_filtered_segments,
};

use super::{error::IndexError, schema::SCHEMA, segment::Segment, segments::Segments, slots::DEAD, storage::Storage};

/// Number of segments of similar size that are merged to one.
const FAN_IN: usize = 8;

/// Segments with fewer documents are of one size.
const SMALL: u32 = 1 << 10;

/// Largest share of dead documents in a segment. A segment with more is rewritten.
const MAX_DEAD: f64 = 0.3;

/// A merge whose result is written, but not yet used.
#[derive(Debug)]
pub struct Merge {
    inputs: Vec<Segment>,
    /// The merged segment, or `None` if all documents were dead. Its slots are not yet set.
    output: Option<Segment>,
}

impl Segments {
    /// Returns the segments to merge next, or `None` if there is nothing to do. Segments in memory come first, because
    /// a merge writes them to disk. `purge`: whether all dead documents are to be removed from the files.
    pub fn plan_merge(&self, storage: &Storage, purge: bool) -> Option<Vec<Segment>> {
        let (in_memory, on_disk): (Vec<_>, Vec<_>) =
            self.list().iter().cloned().partition(|segment| segment.path().is_none() && !storage.is_in_memory());
        if !in_memory.is_empty() {
            return Some(in_memory);
        }
        let has_dead = |segment: &&Segment| {
            let dead = segment.documents() - segment.alive();
            dead > 0 && (purge || f64::from(dead) > f64::from(segment.documents()) * MAX_DEAD)
        };
        if let Some(segment) = on_disk.iter().find(has_dead) {
            return Some(vec![segment.clone()]);
        }
        let class = |segment: &Segment| (segment.alive().max(SMALL) / SMALL).ilog(FAN_IN as u32);
        (0..=u32::MAX.ilog(FAN_IN as u32))
            .map(|wanted| on_disk.iter().filter(|segment| class(segment) == wanted).cloned().collect::<Vec<_>>())
            .find(|group| group.len() >= FAN_IN)
    }
}

impl Merge {
    /// Merges segments. Takes long for large segments.
    pub fn run(storage: &Storage, inputs: Vec<Segment>) -> Result<Self, IndexError> {
        if inputs.iter().all(|segment| segment.alive() == 0) {
            return Ok(Self { inputs, output: None });
        }
        let mut segments = Vec::new();
        let mut filters = Vec::new();
        for input in &inputs {
            segments.extend(input.tantivy_index().searchable_segments()?);
            filters.push(Some(alive(input)?));
        }
        let settings = inputs[0].tantivy_index().settings().clone();
        let write = |directory: Box<dyn Directory>| merge_filtered_segments(&segments, settings, filters, directory);
        let output = match storage.begin_folder()? {
            None => Segment::open(write(Box::new(RamDirectory::create()))?, None, |_| DEAD)?,
            Some(folder) => {
                drop(write(Box::new(MmapDirectory::open(folder.path())?))?);
                storage.keep_folder(folder, |_| DEAD)?
            }
        };
        debug_assert_eq!(output.tantivy_index().schema(), SCHEMA.index_schema());
        Ok(Self { inputs, output: Some(output) })
    }

    /// Replaces the merged segments in `segments`, where their slots may have changed meanwhile. Changes nothing if a
    /// document that the merge left out is searchable again.
    pub fn complete(&self, segments: &mut Segments) {
        if !self.inputs.iter().any(|input| segments.contains(input)) || self.lacks_document(segments) {
            return;
        }
        let Some(output) = &self.output else { return segments.replace(&self.inputs, None) };
        let mut slots = Vec::with_capacity(output.documents() as usize);
        for input in &self.inputs {
            let current = segments.list().iter().find(|segment| segment.is_same(input));
            for (document, slot) in input.slots.iter().enumerate() {
                if slot != DEAD {
                    slots.push(current.map_or(DEAD, |current| current.slots.get(document as u32)));
                }
            }
        }
        segments.replace(&self.inputs, Some(output.with_other_slots(slots)));
    }

    /// Returns whether a document that was dead when the merge began is not dead any more.
    fn lacks_document(&self, segments: &Segments) -> bool {
        self.inputs.iter().any(|input| {
            let current = segments.list().iter().find(|segment| segment.is_same(input));
            current.is_some_and(|current| {
                input.slots.iter().zip(current.slots.iter()).any(|(before, now)| before == DEAD && now != DEAD)
            })
        })
    }

    /// Removes the files of the segments that `segments` no longer contains: the merged ones, or the result if the
    /// merge was not completed. Searches that still read them are not disturbed.
    pub fn remove_unused(&self, segments: &Segments) -> Result<(), IndexError> {
        let unused = self.inputs.iter().chain(&self.output).filter(|segment| !segments.contains(segment));
        for path in unused.filter_map(Segment::path) {
            match std::fs::remove_dir_all(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the documents of a segment that are not dead.
fn alive(segment: &Segment) -> Result<AliveBitSet, IndexError> {
    let mut bits = tantivy::BitSet::with_max_value(segment.documents());
    for (document, slot) in segment.slots.iter().enumerate() {
        if slot != DEAD {
            bits.insert(document as u32);
        }
    }
    let mut bytes = Vec::new();
    write_alive_bitset(&bits, &mut bytes)?;
    Ok(AliveBitSet::open(tantivy::directory::OwnedBytes::new(bytes)))
}
