//! Statistics of sets of releases.
//!
//! - `facet`: counts by topic, place, kind and language
//! - `timeline`: counts by period, and comparisons of periods
//! - `trend`: trending topics

pub mod facet;
pub mod timeline;
pub mod trend;
