//! The panels of a dashboard.
//!
//! - `summary`: the number of releases, topics, countries and languages, compared with before
//! - `steps`: the periods of a timeline
//! - `timeline`: releases over time
//! - `facet`: releases by topic, country, kind and language
//! - `topic_series`: releases of the largest topics over time
//! - `trends`: topics with more releases than expected

pub mod facet;
pub mod steps;
pub mod summary;
pub mod timeline;
pub mod topic_series;
pub mod trends;
