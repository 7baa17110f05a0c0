//! Timelines (date histogram): the number of releases of a set in each day, week, month, quarter or year.
//!
//! Releases are counted by release date, which has no time zone, or by publication time. For publication time, days
//! start at midnight in a given time zone (with DST). Periods without releases are included unless the request omits
//! them. The number of points is limited. Calendar arithmetic is in `calendar`.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::calendar::{Interval, Weekday, start_of_day};
use crate::{
    catalog::{
        query::{
            filter::{Range, error::FilterError},
            release_set::ReleaseSet,
        },
        sort::OrderKey,
        store::{
            bitmap::Candidates,
            units::{NEVER, date, days, instant},
        },
    },
    date_range,
};

/// Maximum number of points of a timeline, which is more than ten years of days. Omitted empty periods do not count.
pub const MAX_TIMELINE_POINTS: u64 = 4000;

/// Set size above which it is faster to find the releases in the range with an index than to scan the set. The number
/// is small in tests, so both ways are tested.
const MIN_FOR_RANGE_INDEX: u64 = if cfg!(test) { 10 } else { 20_000 };

/// The date by which releases are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateField {
    /// The release date, a calendar date that is the same in every time zone.
    ReleaseDate,
    /// The instant of the last publication. Its day depends on the time zone.
    PublishedAt,
}

/// The parameters of a timeline.
#[derive(Clone, Debug)]
pub struct TimelineRequest {
    /// The length of the periods.
    pub interval: Interval,
    /// The time zone in which days start and end.
    pub zone: Tz,
    /// The date by which releases are counted.
    pub field: DateField,
    /// Only releases between these two days are counted, including both days. A missing end is the first or last day
    /// of the set.
    pub range: Range<NaiveDate>,
    /// The first day of each week.
    pub week_start: Weekday,
    /// Whether to omit periods without releases.
    pub omit_empty: bool,
}

/// The releases of a set, counted by periods of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The periods, earliest first.
    pub points: Vec<TimePoint>,
}

/// One period of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct TimePoint {
    /// Name of the period: `2006-05-08`, `2006-W19` (ISO 8601), `2006-05`, `2006-Q2` or `2006`. A week that does not
    /// start on Monday is named by its first day.
    pub label: String,
    /// The first day of the period.
    pub first_day: NaiveDate,
    /// The last day of the period.
    pub last_day: NaiveDate,
    /// Instant at which the period starts in the time zone.
    pub start: DateTime<Utc>,
    /// Instant at which the period ends in the time zone and the next period starts.
    pub end: DateTime<Utc>,
    /// Number of releases in the period.
    pub count: u64,
    /// Number of releases in this period and in all earlier periods of the timeline.
    pub cumulative: u64,
    /// Whether the period is over at the instant of the request.
    pub complete: bool,
}

impl ReleaseSet {
    /// Counts the releases of the set by periods of time. `now` only decides which periods are complete.
    ///
    /// The cost is one step per release of the set or of the range, whichever has fewer, and one step per period. If
    /// empty periods are omitted, there are at most as many steps as releases, however long the range is. Executes no
    /// SQL statement.
    pub fn timeline(&self, request: &TimelineRequest, now: DateTime<Utc>) -> Result<Timeline, FilterError> {
        request.range.check().map_err(|error| error.at("range"))?;
        let Range { from, until } = request.range;
        let start_value = |day: NaiveDate| match request.field {
            DateField::ReleaseDate => i64::from(days(day)),
            DateField::PublishedAt => start_of_day(day, request.zone).timestamp_micros(),
        };
        let by = match request.field {
            DateField::ReleaseDate => OrderKey::ReleaseDate,
            DateField::PublishedAt => OrderKey::PublishedAt,
        };
        // Releases that were never published (`NEVER`) are not on a timeline by publication time.
        let start = from.map_or(NEVER + 1, start_value);
        let stop = until.and_then(|day| day.succ_opt()).map_or(i64::MAX, start_value);
        let values = self.values(by, start, stop);
        let (Some(first), Some(last)) = (
            from.or_else(|| values.iter().min().map(|&value| request.day(value))),
            until.or_else(|| values.iter().max().map(|&value| request.day(value))),
        ) else {
            return Ok(Timeline { points: Vec::new() });
        };
        if first > last {
            return Ok(Timeline { points: Vec::new() });
        }
        let periods = request.interval.periods(first, last, request.week_start);
        // If empty periods are omitted, the query cost assumes at most this many points. No more periods may be
        // visited then.
        if request.omit_empty && periods > MAX_TIMELINE_POINTS.min(values.len() as u64) {
            return populated_periods(request, values, start_value, now);
        }
        if periods > MAX_TIMELINE_POINTS {
            let message = format!(
                "from {first} to {last} there are {periods} periods, at most {MAX_TIMELINE_POINTS} are drawn: choose a longer \
                 `interval` or a shorter `range`"
            );
            return Err(FilterError::invalid(message).at("interval"));
        }
        let mut first_days = vec![request.interval.first_day(first, request.week_start)];
        while let Some(&day) = first_days.last()
            && day <= last
        {
            first_days.push(request.interval.next(day));
        }
        let period_starts: Vec<DateTime<Utc>> = first_days.iter().map(|&day| start_of_day(day, request.zone)).collect();
        let boundaries: Vec<i64> = match request.field {
            DateField::ReleaseDate => first_days.iter().map(|&day| start_value(day)).collect(),
            DateField::PublishedAt => period_starts.iter().map(DateTime::timestamp_micros).collect(),
        };
        let counts = histogram(&boundaries, &values);
        let mut cumulative = 0;
        let mut points = Vec::with_capacity(counts.len());
        for (number, count) in counts.into_iter().enumerate() {
            cumulative += count;
            // A time zone that moved across the date line skipped a day. The period of that day is omitted.
            let skipped = request.field == DateField::PublishedAt && boundaries[number] == boundaries[number + 1];
            if skipped || (request.omit_empty && count == 0) {
                continue;
            }
            points.push(request.point(
                first_days[number],
                period_starts[number]..period_starts[number + 1],
                (count, cumulative),
                now,
            ));
        }
        Ok(Timeline { points })
    }

    /// Returns the sort values of the releases that are at or after `start` and before `stop`, in no particular
    /// order.
    fn values(&self, by: OrderKey, start: i64, stop: i64) -> Vec<i64> {
        let snapshot = self.snapshot();
        let value = |ordinal: u32| snapshot.sort_value(by, ordinal);
        let span = start..=stop.saturating_sub(1);
        let unbounded = start == NEVER + 1 && stop == i64::MAX;
        if unbounded || self.count() <= MIN_FOR_RANGE_INDEX || snapshot.is_wide_range(&self.members, by, &span) {
            return self.ordinals().map(value).filter(|value| span.contains(value)).collect();
        }
        let mut candidates = Candidates::all_of(&self.members);
        match by {
            OrderKey::ReleaseDate => snapshot.retain_dated(&mut candidates, &span),
            _ => candidates = Candidates::from(snapshot.members_in_range(&self.members, by, &span)),
        }
        candidates.iter().map(value).collect()
    }
}

/// Returns the periods that contain releases. Starts from the dates of the releases and does not iterate over the
/// calendar, which may have thousands of empty periods.
fn populated_periods(
    request: &TimelineRequest,
    mut values: Vec<i64>,
    start_value: impl Fn(NaiveDate) -> i64,
    now: DateTime<Utc>,
) -> Result<Timeline, FilterError> {
    values.sort_unstable();
    let mut periods: Vec<Period> = Vec::new();
    for value in values {
        if let Some(period) = periods.last_mut()
            && value < period.stop
        {
            period.count += 1;
            continue;
        }
        if periods.len() as u64 == MAX_TIMELINE_POINTS {
            let message = format!(
                "more than {MAX_TIMELINE_POINTS} periods have releases, and at most {MAX_TIMELINE_POINTS} are drawn: choose a longer \
                 `interval` or a shorter `range`"
            );
            return Err(FilterError::invalid(message).at("interval"));
        }
        let mut first = request.interval.first_day(request.day(value), request.week_start);
        let mut next = request.interval.next(first);
        // If midnight occurs twice, the second midnight belongs to the day that started at the first midnight.
        while start_value(next) <= value && next < NaiveDate::MAX {
            first = next;
            next = request.interval.next(first);
        }
        periods.push(Period { first, next, stop: start_value(next), count: 1 });
    }
    let mut cumulative = 0;
    let points = periods.into_iter().map(|Period { first, next, count, .. }| {
        cumulative += count;
        let span = start_of_day(first, request.zone)..start_of_day(next, request.zone);
        request.point(first, span, (count, cumulative), now)
    });
    Ok(Timeline { points: points.collect() })
}

/// A period that contains releases.
struct Period {
    first: NaiveDate,
    /// The first day of the next period.
    next: NaiveDate,
    /// The sort value at which the next period starts.
    stop: i64,
    count: u64,
}

impl TimelineRequest {
    /// Returns the point for a period that starts on `first` and lasts from `start` to `end`.
    fn point(
        &self,
        first: NaiveDate,
        std::ops::Range { start, end }: std::ops::Range<DateTime<Utc>>,
        (count, cumulative): (u64, u64),
        now: DateTime<Utc>,
    ) -> TimePoint {
        let label = self.interval.label(first, self.week_start);
        let next = self.interval.next(first);
        TimePoint {
            label,
            first_day: date_range::clamp_date(first),
            last_day: date_range::clamp_date(next.pred_opt().unwrap_or(next)),
            start,
            end,
            count,
            cumulative,
            complete: end <= now,
        }
    }

    /// Returns the day that contains a sort value.
    fn day(&self, value: i64) -> NaiveDate {
        match self.field {
            DateField::ReleaseDate => date(value as i32),
            DateField::PublishedAt => instant(value).unwrap_or_default().with_timezone(&self.zone).date_naive(),
        }
    }
}

/// Counts the values between neighbouring boundaries. The boundaries must be ascending, and every value must lie
/// between the first and the last boundary.
fn histogram(boundaries: &[i64], values: &[i64]) -> Vec<u64> {
    let mut counts = vec![0; boundaries.len().saturating_sub(1)];
    let (Some(&first), Some(&last)) = (boundaries.first(), boundaries.last()) else { return counts };
    if counts.is_empty() {
        return counts;
    }
    // Periods have nearly the same length, so the bin of a value is near the one that its share of the range gives.
    let per_unit = counts.len() as f64 / (last - first).max(1) as f64;
    for &value in values {
        let mut bin = (((value - first) as f64 * per_unit) as usize).min(counts.len() - 1);
        while bin > 0 && value < boundaries[bin] {
            bin -= 1;
        }
        while bin + 1 < counts.len() && value >= boundaries[bin + 1] {
            bin += 1;
        }
        counts[bin] += 1;
    }
    counts
}
