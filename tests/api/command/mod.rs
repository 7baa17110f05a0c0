//! Tests of the `dateline` command.
//!
//! - `check`: verification of the database
//! - `demo`: the demo newsroom
//! - `fixtures`: databases of earlier versions
//! - `import`: import and export
//! - `import_files`: contents of import files
//! - `pipes`: output that is closed or cannot be written
//! - `run`: output and exit codes

pub mod check;
pub mod demo;
pub mod fixtures;
pub mod import;
pub mod import_files;
pub mod pipes;
pub mod run;
