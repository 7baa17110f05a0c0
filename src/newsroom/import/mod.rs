//! Bulk import of topics, places and releases into the newsroom, in batches. Importing the same records again changes
//! nothing.
//!
//! Each record is compared with the stored object. If they are equal, nothing is written. If they differ, the record
//! updates the object. However, if an editor has changed the object since the last import, the record is a conflict:
//! it is reported and not written.
//!
//! Each batch is one short transaction. A dry run or a strict import is a single transaction, so that all of it can
//! be rolled back. File formats are parsed in `interchange`.
//!
//! - `importer`: state and transactions of an import, and the results of records
//! - `record`: parsed records of releases
//! - `release`: import of releases: validation, comparison and writing
//! - `matching`: finds the stored release of a record, and decides whether the record is new, an update, a conflict
//!   or unchanged
//! - `insert_batch`: rows of new releases for one bulk insert
//! - `concept_record`: parsed records of topics and places, and their identities
//! - `concept_index`: topics and places by slug and code, including those that the import created
//! - `concept`: import of topics and places
//! - `queue`: sorts topics and places so that broader concepts come before narrower concepts (topological sort)
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

pub use concept_record::ImportedConcept;
pub use importer::{BATCH, ImportOptions, Importer, RecordResult};
pub use record::{ImportedRelease, ImportedWithdrawal};
