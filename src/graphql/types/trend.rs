//! The GraphQL type `TopicTrend`: topics with more releases in a recent window than expected.
//!
//! The statistics are in `catalog::query::aggregates::trend`.

use async_graphql::Object;

use super::{release_set::ReleaseStats, topic::Topic};
use crate::{
    catalog::{self, ReleaseSet, TrendRequest},
    graphql::{
        base::{error::ApiError, scalars::Date},
        engine::serial_list::SerialList,
    },
};

/// A topic with more releases in a recent window than expected.
pub struct TopicTrend {
    trend: catalog::TopicTrend,
    until: chrono::NaiveDate,
}

/// A topic with more releases in a recent window than expected.
#[Object(serial)]
impl TopicTrend {
    /// The topic.
    async fn topic(&self) -> Topic {
        Topic::new(self.trend.releases.snapshot().clone(), self.trend.topic)
    }

    /// The first day of the window.
    async fn from(&self) -> Date {
        Date(self.trend.from)
    }

    /// The last day of the window.
    async fn until(&self) -> Date {
        Date(self.until)
    }

    /// Number of releases with this topic in the window, by release date.
    async fn count(&self) -> u64 {
        self.trend.count
    }

    /// Expected number of releases with this topic in the window, assuming that the topic has the same share of all
    /// releases in window and baseline.
    async fn expected(&self) -> f64 {
        self.trend.expected
    }

    /// `count` divided by `expected`: 2 is twice as many.
    async fn lift(&self) -> f64 {
        self.trend.lift()
    }

    /// How surprising the count is: the log-likelihood ratio G² (Dunning 1993) of releases with and without the
    /// topic, in window and baseline. Small counts give a small score. By chance alone, 3.84 is exceeded once in
    /// twenty times and 10.83 once in a thousand.
    async fn score(&self) -> f64 {
        self.trend.score
    }

    /// Counts, facets and timelines of the releases that `count` counts.
    async fn stats(&self) -> Option<ReleaseStats> {
        Some(ReleaseStats { set: self.trend.releases.clone() })
    }
}

/// Returns the trending topics of a set.
pub fn trending(set: &ReleaseSet, request: &TrendRequest) -> Result<SerialList<TopicTrend>, ApiError> {
    let trends = set.trending(request).map_err(ApiError::from_filter)?;
    Ok(trends.into_iter().map(|trend| TopicTrend { trend, until: request.until }).collect())
}
