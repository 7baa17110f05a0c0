//! Tests of the `dateline` command.
//!
//! - `check`: `dateline check`, which verifies the database
//! - `demo`: the demo newsroom
//! - `demo_data`: generated newsrooms
//! - `fixtures`: databases of earlier versions, migrated to the current version
//! - `import`: import and export
//! - `import_files`: unusual content of import files
//! - `pipes`: output that is closed or cannot be written
//! - `run`: output and exit codes

pub mod check;
pub mod demo;
pub mod demo_data;
pub mod fixtures;
pub mod import;
pub mod import_files;
pub mod pipes;
pub mod run;
