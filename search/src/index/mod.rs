//! The inverted index: segments on disk and in memory.
//!
//! A segment is immutable, except for the slots of its documents. A changed release makes the document of its former
//! revision dead and adds a document, first in a small segment in memory. Segments in memory are merged to disk after
//! a short time, and small segments are merged to larger ones. A merge leaves out dead documents.
//!
//! The folder holds no list of segments: every complete segment in it counts. Which documents are searchable follows
//! from the slots, so a crash at any time leaves at most superfluous or missing documents, which the next start
//! finds by comparing keys.
//!
//! - `schema`: fields of a document and the format version
//! - `tokenizer`: adapts `text` to tantivy
//! - `segment`: an opened segment, and how one is built
//! - `slots`: which documents may be found
//! - `segments`: the list of segments that a search reads
//! - `merge`: which segments to merge, and merging
//! - `storage`: the folder of the index
//! - `error`: errors of the index

pub mod error;
pub mod merge;
pub mod schema;
pub mod segment;
pub mod segments;
pub mod slots;
pub mod storage;
mod tokenizer;

pub(crate) use tokenizer::{is_stem, stem_term};
