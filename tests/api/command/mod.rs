pub mod check;
pub mod demo;
pub mod fixtures;
pub mod import;
pub mod import_files;
pub mod pipes;
pub mod readme;
pub mod run;
