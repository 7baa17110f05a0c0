pub mod calendar;
pub mod compare;
pub mod facet;
pub mod facet_counts;
pub mod timeline;
pub mod trend;
