//! Aggregations of a release set: facet counts, timelines, period comparison, trends.
//!
//! - `facet`: facets (faceted search): buckets by topic, place, kind or language, ordered and limited
//! - `facet_counts`: facet index and counting of releases per value, with roll-up in the hierarchy
//! - `timeline`: date histogram in a time zone
//! - `calendar`: calendar intervals, ISO 8601 labels, start of a day in a time zone
//! - `compare`: one period compared with an earlier one
//! - `trend`: trending topics by log-likelihood ratio

pub mod calendar;
pub mod compare;
pub mod facet;
pub mod facet_counts;
pub mod timeline;
pub mod trend;
