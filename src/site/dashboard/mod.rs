//! The dashboard: charts of the public releases with their numbers, under any filter.
//!
//! Each chart is a panel: a sentence that states the finding, a drawing, a table, a CSV file, and the GraphQL query
//! with the same numbers.
//!
//! - `query`: the query string
//! - `period`: the days that a period means today, and those that it is compared with
//! - `field`: the fields that panels count by
//! - `report`: the releases of a dashboard
//! - `panel`: what all panels have
//! - `panels`: the panels
//! - `graphql_query`: the GraphQL query of a panel
//! - `page`: the page with all panels
//! - `controls`: period, comparison, interval and filters of the page
//! - `embed`: one panel, for pages of other sites
//! - `files`: the files of panels: CSV and SVG

mod controls;
pub mod embed;
mod field;
pub mod files;
mod graphql_query;
pub mod page;
mod panel;
mod panels;
mod period;
pub mod query;
mod report;
