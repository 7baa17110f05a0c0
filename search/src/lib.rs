//! Full-text search of releases: tokenization, an inverted index on disk and in memory, query evaluation, ranking and
//! highlighting.
//!
//! The crate knows documents, which are revisions of releases, and *slots*, which are the numbers that the catalog
//! gives to the documents that may be found. It knows nothing of viewers, topics, the database or GraphQL. A search
//! evaluates only documents in slots that the caller allows, before anything is counted or scored, so a hidden
//! document has no influence on a result.
//!
//! - `text`: tokens, folding (case, accents) and stemming
//! - `index`: segments of the inverted index, how they are built, merged, stored and opened
//! - `query`: parsing of what people type, evaluation and ranking, spelling suggestions
//! - `highlight`: where a query matches in a text

mod highlight;
mod index;
mod query;
#[cfg(test)]
mod tests;
mod text;

pub use highlight::{Highlight, highlight};
pub use index::{
    error::IndexError,
    merge::Merge,
    schema::Field,
    segment::{Document, Key, Segment, SegmentBuilder},
    segments::Segments,
    slots::{DEAD, WORKING},
    storage::{Loaded, NewSegment, Storage},
};
pub use query::{
    domain::Domain,
    names::Name,
    parse::{Clause, ParseError, Query, parse, word_count},
    search::{Hit, Matches, Mode, Search, search},
    spelling::suggest,
};
pub use text::fold::fold;
