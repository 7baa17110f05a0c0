//! The GraphQL type `TopicTrend`: a topic with more releases in a recent window than expected.
//!
//! `catalog::query::aggregates::trend` computes the statistics.

use async_graphql::Object;

use super::super::{release_set::ReleaseStats, topic::Topic};
use crate::{
    catalog::{self, ReleaseSet, TrendRequest},
    graphql::{
        base::{error::ApiError, scalars::Date},
        engine::serial_list::SerialList,
    },
};

/// A trending topic: a topic with more releases in a recent window of time than expected.
pub struct TopicTrend {
    trend: catalog::TopicTrend,
    until: chrono::NaiveDate,
}

/// A trending topic: a topic with more releases in a recent window of time than expected.
#[Object(serial)]
impl TopicTrend {
    /// The topic.
    async fn topic(&self) -> Topic {
        Topic::new(self.trend.releases.snapshot().clone(), self.trend.topic)
    }

    /// The first day of the window, included.
    async fn from(&self) -> Date {
        Date(self.trend.from)
    }

    /// The last day of the window, included.
    async fn until(&self) -> Date {
        Date(self.until)
    }

    /// Number of releases with this topic in the window, by release date.
    async fn count(&self) -> u64 {
        self.trend.count
    }

    /// The number of releases with this topic that the window would have if the topic's share of all releases were
    /// the same in the window and in the baseline before it.
    async fn expected(&self) -> f64 {
        self.trend.expected
    }

    /// `count` divided by `expected`. For example, 2 means twice as many releases as expected.
    async fn lift(&self) -> f64 {
        self.trend.lift()
    }

    /// How surprising `count` is: the log-likelihood ratio G² (Dunning 1993), computed from the releases with and
    /// without the topic in the window and in the baseline. Small counts give small scores. By chance alone, the
    /// score exceeds 3.84 in one of twenty cases and 10.83 in one of a thousand cases.
    async fn score(&self) -> f64 {
        self.trend.score
    }

    /// Counts, facets and timelines of the releases with this topic in the window.
    async fn stats(&self) -> Option<ReleaseStats> {
        Some(ReleaseStats { set: self.trend.releases.clone() })
    }
}

/// Returns the trending topics of a set of releases.
pub fn trending(set: &ReleaseSet, request: &TrendRequest) -> Result<SerialList<TopicTrend>, ApiError> {
    let trends = set.trending(request).map_err(ApiError::from_filter)?;
    Ok(trends.into_iter().map(|trend| TopicTrend { trend, until: request.until }).collect())
}
