//! GraphQL types of timelines (counts by day, week, month, quarter or year) and of comparisons of two periods.
//!
//! The counts are computed in `catalog::query::aggregates`.

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

/// A set over time.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Timeline {
    /// How long each period is.
    interval: TimeInterval,
    /// In which zone days begin and end.
    time_zone: TimeZone,
    /// The periods, earliest first.
    points: SerialList<TimePoint>,
}

/// One period of a timeline.
pub struct TimePoint(catalog::TimePoint);

/// One period of a timeline.
#[Object(serial)]
impl TimePoint {
    /// What it is called: `2006-05-08`, `2006-W19` (ISO 8601), `2006-05`, `2006-Q2`, `2006`; a week that begins with Sunday or
    /// Saturday by its first day.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// When it begins: the first midnight in the zone.
    async fn start(&self) -> DateTime {
        DateTime(self.0.start)
    }

    /// When it is over and the next begins.
    async fn end(&self) -> DateTime {
        DateTime(self.0.end)
    }

    /// Releases in it.
    async fn count(&self) -> u64 {
        self.0.count
    }

    /// Releases in it and in every period before it on this timeline.
    async fn cumulative(&self) -> u64 {
        self.0.cumulative
    }

    /// False for a period that is not over yet at the time of the answer.
    async fn complete(&self) -> bool {
        self.0.complete
    }
}

/// One period's number of releases against another's.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct Delta {
    /// Releases in the period.
    current: u64,
    /// Releases in the one it is compared with.
    previous: u64,
    /// `current` less `previous`.
    change: i64,
    /// `current` over `previous`; 1.25 is a quarter more. null where `previous` is 0.
    ratio: Option<f64>,
}

/// How to draw a timeline, as asked.
pub struct TimelineArgs {
    pub interval: TimeInterval,
    pub time_zone: TimeZone,
    pub date_field: ReleaseDateField,
    pub range: Option<DateRange>,
    pub week_start: Weekday,
    pub fill: GapFill,
}

/// A set over time.
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

/// One period of a set against another.
pub fn compare(set: &ReleaseSet, to: ComparisonPeriod, range: DateRange) -> Result<Delta, ApiError> {
    let delta = set.compare(to.into(), &range.resolve()).map_err(ApiError::from_filter)?;
    Ok(Delta {
        current: delta.current,
        previous: delta.previous,
        change: delta.current as i64 - delta.previous as i64,
        ratio: delta.ratio(),
    })
}
