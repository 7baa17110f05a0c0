//! GraphQL types of timelines (counts by day, week, month, quarter or year) and of comparisons of two periods.
//!
//! `catalog::query::aggregates` computes the counts.

use async_graphql::{Object, SimpleObject};

use crate::{
    catalog::{self, ReleaseSet, TimelineRequest},
    graphql::{
        base::{
            enums::{ComparisonPeriod, GapFill, ReleaseDateField, TimeInterval, Weekday},
            error::ApiError,
            scalars::{DateTime, TimeZone},
        },
        engine::{context::RequestContext, serial_list::SerialList},
        inputs::filter::DateRange,
    },
};

/// The number of releases in each period, for example in each month.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Timeline {
    /// The length of each period.
    interval: TimeInterval,
    /// The time zone in which days start and end.
    time_zone: TimeZone,
    /// The periods, earliest first.
    points: SerialList<TimePoint>,
}

/// One period of a timeline, for example one month.
pub struct TimePoint(catalog::TimePoint);

/// One period of a timeline, for example one month.
#[Object(serial)]
impl TimePoint {
    /// The name of the period: `2006-05-08`, `2006-W19` (ISO 8601), `2006-05`, `2006-Q2` or `2006`. A week that
    /// starts on Sunday or Saturday is named by its first day.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The start of the period: the start of its first day in the time zone of the timeline.
    async fn start(&self) -> DateTime {
        DateTime(self.0.start)
    }

    /// The end of the period, which is the start of the next period.
    async fn end(&self) -> DateTime {
        DateTime(self.0.end)
    }

    /// Number of releases in the period.
    async fn count(&self) -> u64 {
        self.0.count
    }

    /// Number of releases in this period and all earlier periods of the timeline.
    async fn cumulative(&self) -> u64 {
        self.0.cumulative
    }

    /// Whether the period was over when the query was evaluated.
    async fn complete(&self) -> bool {
        self.0.complete
    }
}

/// A comparison of the numbers of releases in two periods.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Delta {
    /// Number of releases in the period that the argument `range` gives.
    current: u64,
    /// Number of releases in the earlier period that `range` is compared with.
    previous: u64,
    /// `current` minus `previous`.
    change: i64,
    /// `current` divided by `previous`. For example, 1.25 is an increase of a quarter. null if `previous` is 0.
    ratio: Option<f64>,
}

/// Arguments of a timeline.
pub struct TimelineArgs {
    pub interval: TimeInterval,
    pub time_zone: TimeZone,
    pub date_field: ReleaseDateField,
    pub range: Option<DateRange>,
    pub week_start: Weekday,
    pub fill: GapFill,
}

/// Computes the timeline of a set of releases.
pub fn timeline(set: &ReleaseSet, args: TimelineArgs, request: &RequestContext) -> Result<Timeline, ApiError> {
    let timeline_request = TimelineRequest {
        interval: args.interval.into(),
        zone: args.time_zone.resolve().map_err(|error| error.at("timeZone"))?,
        field: args.date_field.into(),
        range: args.range.map(DateRange::resolve).unwrap_or_default(),
        week_start: args.week_start.into(),
        omit_empty: args.fill == GapFill::Omit,
    };
    let timeline = set.timeline(&timeline_request, request.now).map_err(ApiError::from_filter)?;
    if let Some(end) = timeline.points.iter().map(|point| point.end).filter(|end| *end > request.now).min() {
        request.limit_validity(end);
    }
    Ok(Timeline {
        interval: args.interval,
        time_zone: args.time_zone,
        points: timeline.points.into_iter().map(TimePoint).collect(),
    })
}

/// Compares the number of releases of a set in two periods.
pub fn compare(set: &ReleaseSet, to: ComparisonPeriod, range: DateRange) -> Result<Delta, ApiError> {
    let delta = set.compare(to.into(), &range.resolve()).map_err(ApiError::from_filter)?;
    Ok(Delta {
        current: delta.current,
        previous: delta.previous,
        change: delta.current as i64 - delta.previous as i64,
        ratio: delta.ratio(),
    })
}
