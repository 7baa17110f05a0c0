//! Import of topics, places and releases into the newsroom: many records in batches. Repeating an import changes
//! nothing.
//!
//! A record that equals the stored object is unchanged. A record that differs is an update, or a conflict if an
//! editor has changed the object since the last import. A conflict is reported and not written. A batch is one short
//! transaction. A dry run or a strict import is a single transaction, so that it can be rolled back. File formats are
//! parsed in `interchange`.
//!
//! - `importer`: state, transactions and results of an import
//! - `record`: parsed records of releases
//! - `release`: import of releases: validation, comparison and writing
//! - `matching`: which stored release a record belongs to, and whether it is new, an update, a conflict or unchanged
//! - `insert_batch`: rows of new releases for one bulk insert
//! - `concept_record`: parsed records of topics and places, and their identities
//! - `concept_index`: topics and places by slug and code, including those that the import created
//! - `concept`: import of topics and places
//! - `queue`: order of topics and places, broader before narrower (topological sort)
//! - `origin`: file and line of each imported record, for reports of duplicates

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
