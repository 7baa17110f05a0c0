//! Data structures of the catalog: containers of release ordinals, and vocabularies of topics and places.
//!
//! An ordinal is the small stable number of a release in a snapshot. The containers are copy-on-write: clones share
//! their unchanged parts, so a change copies little. The containers do not know what a release is.
//!
//! - `bitmap`: bitmap index (one roaring bitmap per value), candidates of a filter, interned text values
//! - `column`: chunked columns of values and of short lists, by ordinal
//! - `sorted_index`: ordinals sorted by one value, in chunks
//! - `key_index`: sharded hash index from a unique key to its ordinal
//! - `units`: dates, instants and months as numbers
//! - `collation`: folding and sort keys of labels (Unicode)
//! - `vocabulary`: topics or places with their hierarchy, slugs and external codes

pub mod bitmap;
pub mod collation;
pub mod column;
pub mod key_index;
pub mod sorted_index;
pub mod units;
pub mod vocabulary;
