//! Import and export of files: parses NDJSON (one JSON object per line) and listings (printed pages of releases as
//! plain text), and writes NDJSON.
//!
//! An import reads an NDJSON file twice. The first pass imports topics and places, which may refer to each other in
//! any order. The second pass imports releases in batches. The result of every record is reported, in line order.
//! `docs/interchange.md` describes the formats. `newsroom::import` decides what a record changes.
//!
//! - `file_import`: import of files, record by record
//! - `format_detection`: recognition of files in another format, before the import
//! - `lines`: line reader with line numbers and a size limit
//! - `ndjson`: parsing and writing of NDJSON records
//! - `json`: parser for JSON values; refuses duplicate names and tolerates control characters
//! - `fields`: typed fields of a record; reports all errors of the record
//! - `to_input`: conversion of NDJSON records to inputs of the newsroom
//! - `listing`: parsing of a listing
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
