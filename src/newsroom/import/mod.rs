//! Import of topics, places and releases into the newsroom: many records in batches. Repeating an import changes
//! nothing.
//!
//! A record equal to what is stored is unchanged, one that differs from the last import is an update, and one that an
//! editor has changed since is a conflict, reported and left alone. A batch is one short transaction; a dry run or a
//! strict import is one transaction that may be rolled back. File formats are parsed in `interchange`.
//!
//! - `importer`: state, transactions and results of an import
//! - `record`: releases as parsed
//! - `release`: import of releases: validation, comparison and writing
//! - `matching`: which stored release a record belongs to, and whether it is new, an update, a conflict or unchanged
//! - `insert_batch`: rows of new releases for one bulk insert
//! - `concept_record`: topics and places as they come, and their identities
//! - `concept_index`: topics and places by slug and code, those of the import included
//! - `concept`: import of topics and places
//! - `queue`: order of topics and places, broader before narrower (topological sort)
//! - `origin`: file and line of each imported record, for duplicates

mod concept;
mod concept_index;
mod concept_record;
mod importer;
mod insert_batch;
mod matching;
mod origin;
mod queue;
mod record;
mod release;

pub use importer::{BATCH, ImportOptions, Importer, RecordResult};
pub use record::{ImportedRelease, ImportedWithdrawal};
