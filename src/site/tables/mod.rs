//! Tables of numbers, shown on pages and written as CSV.
//!
//! - `dataset`: a table with typed cells
//! - `csv`: a table as CSV
//! - `releases`: a list of releases as CSV, in parts

pub mod csv;
pub mod dataset;
pub mod releases;
