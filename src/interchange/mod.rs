//! Import and export of files: parses NDJSON and printed listings, and reports the result of every record.
//!
//! A file is read twice: first topics and places, because they may refer to each other in any order, then releases in
//! batches. Results are reported in the order of the lines. `docs/interchange.md` describes the formats.
//! `newsroom::import` decides what a record changes.
//!
//! - `file_import`: import of files, record by record
//! - `format_detection`: detection of files in another format
//! - `lines`: line reader with line numbers and a size limit
//! - `ndjson`: parsing and writing of NDJSON records
//! - `json`: JSON values without duplicate names or control characters
//! - `fields`: typed fields of a record, with all errors
//! - `to_input`: conversion of NDJSON records to inputs of the newsroom
//! - `listing`: parsing of a printed page
//! - `export`: writing of all content as NDJSON
//! - `report`: counts of results, and reasons for refusals

pub mod export;
mod fields;
pub mod file_import;
pub mod format_detection;
mod json;
pub mod lines;
pub mod listing;
pub mod ndjson;
pub mod report;
mod to_input;

pub use file_import::{FileImport, ImportError, OnRecord, import_text};
pub use report::ImportReport;
