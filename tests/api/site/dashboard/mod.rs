//! Tests of the dashboard and its files.
//!
//! - `records`: releases with known dates and values, and a naive filter and count of them
//! - `parts`: reads the parts of a dashboard page
//! - `numbers`: every number equals that of the API and a naive count, under random filters
//! - `files`: CSV and SVG
//! - `states`: pages with special dates, no releases, hostile names, embedding, invalid parameters
//! - `snapshots`: the SVG of charts

pub mod files;
pub mod numbers;
pub mod parts;
pub mod records;
pub mod snapshots;
pub mod states;
