//! Aggregations of a release set: facet counts, timelines, comparisons of periods, trends.
//!
//! - `facet`: facets (faceted search): ordered and limited buckets by topic, place, kind or language
//! - `facet_counts`: facet indexes, and counting the releases of a set for each value, with roll-up in the hierarchy
//! - `timeline`: number of releases in each day, week, month, quarter or year (date histogram), in a time zone
//! - `calendar`: calendar periods, their ISO 8601 labels, and the start of a day in a time zone
//! - `compare`: number of releases in a period, compared with an earlier period
//! - `trend`: trending topics, by log-likelihood ratio

pub mod calendar;
pub mod compare;
pub mod facet;
pub mod facet_counts;
pub mod timeline;
pub mod trend;
