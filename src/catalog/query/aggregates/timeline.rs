//! Timelines (date histogram): how many releases of a set fall into each day, week, month, quarter or year.
//!
//! Counts by release date, which has no zone, or by publication time, for which days begin at midnight in a time zone
//! (with DST). Empty periods are included unless omitted. Limits the number of points. Calendar arithmetic is in
//! `calendar`.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::calendar::{Interval, Weekday, start_of_day};
use crate::catalog::{
    query::{
        filter::{Range, error::FilterError},
        release_set::ReleaseSet,
    },
    sort::OrderKey,
    store::{
        bitmap::Candidates,
        units::{NEVER, date, days, instant},
    },
};

/// Points of a timeline at most: ten years of days. Where empty periods are left out, they do not count.
pub const MAX_TIMELINE_POINTS: u64 = 4000;

/// From this many releases on it pays to find those in the range first; a handful in tests, so that both ways are gone.
const MIN_FOR_RANGE_INDEX: u64 = if cfg!(test) { 10 } else { 20_000 };

/// Which date of a release counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateField {
    /// The date printed on it: a date of the calendar, the same in every zone.
    ReleaseDate,
    /// The instant it was last made public; on which day that was depends on the zone.
    PublishedAt,
}

/// How to draw a timeline.
#[derive(Clone, Debug)]
pub struct TimelineRequest {
    /// How long each period is.
    pub interval: Interval,
    /// In which zone days begin and end.
    pub zone: Tz,
    /// Which date counts.
    pub field: DateField,
    /// Only releases from one day to another, both included; where an end is open, the set's own first or last day.
    pub range: Range<NaiveDate>,
    /// Which day weeks begin with.
    pub week_start: Weekday,
    /// Leave out periods without a release.
    pub omit_empty: bool,
}

/// A set over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The periods, earliest first.
    pub points: Vec<TimePoint>,
}

/// One period.
#[derive(Clone, Debug, PartialEq)]
pub struct TimePoint {
    /// ISO 8601: `2006-05-08`, `2006-W19`, `2006-05`, `2006`; quarters as `2006-Q2`, weeks from another day than Monday by their
    /// first day.
    pub label: String,
    /// When it begins in the zone.
    pub start: DateTime<Utc>,
    /// When it is over, and the next begins.
    pub end: DateTime<Utc>,
    /// Releases in it.
    pub count: u64,
    /// Releases in it and in all before it.
    pub cumulative: u64,
    /// Whether it is over.
    pub complete: bool,
}

impl ReleaseSet {
    /// The set over time, as seen at an instant. Only the completeness of a period depends on that instant.
    ///
    /// Cost: one look at each release of the set, or of the range where that is less, and one step a period. Where empty periods
    /// are left out, there are no more steps than releases, however long the range is; where it has more periods than that, the
    /// releases are sorted. No statement.
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
        // What never was published is on no timeline of publications.
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
        // A query is priced by the smaller of the two: that many periods are looked at.
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
            // A zone that moved across the date line skipped a day: nothing happened on it.
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

    /// The values of its releases from one on and before another.
    fn values(&self, by: OrderKey, start: i64, stop: i64) -> Vec<i64> {
        let snapshot = self.snapshot();
        let value = |ordinal: u32| snapshot.sort_value(by, ordinal);
        let span = start..=stop.saturating_sub(1);
        let unbounded = start == NEVER + 1 && stop == i64::MAX;
        if unbounded || self.count() <= MIN_FOR_RANGE_INDEX {
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

/// The periods that have releases, found from the releases: the calendar between them is not walked through.
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
        // Where midnight comes twice, the second belongs to the day that the first began.
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

/// A period that has releases.
struct Period {
    first: NaiveDate,
    /// The first day of the next one.
    next: NaiveDate,
    /// The value that the next one begins with.
    stop: i64,
    count: u64,
}

impl TimelineRequest {
    /// The period that begins with a day, and lasts from one instant to before another.
    fn point(
        &self,
        first: NaiveDate,
        std::ops::Range { start, end }: std::ops::Range<DateTime<Utc>>,
        (count, cumulative): (u64, u64),
        now: DateTime<Utc>,
    ) -> TimePoint {
        let label = self.interval.label(first, self.week_start);
        TimePoint { label, start, end, count, cumulative, complete: end <= now }
    }

    /// The day that a value lies in.
    fn day(&self, value: i64) -> NaiveDate {
        match self.field {
            DateField::ReleaseDate => date(value as i32),
            DateField::PublishedAt => instant(value).unwrap_or_default().with_timezone(&self.zone).date_naive(),
        }
    }
}

/// How many values lie between each two neighbouring boundaries; they are ascending, and no value lies outside.
fn histogram(boundaries: &[i64], values: &[i64]) -> Vec<u64> {
    let mut counts = vec![0; boundaries.len().saturating_sub(1)];
    // Neighbours in a set are often neighbours in time: most values lie where the one before them did.
    let mut bin = 0;
    for &value in values {
        if counts.is_empty() {
            break;
        }
        if !(boundaries[bin] <= value && value < boundaries[bin + 1]) {
            bin = boundaries.partition_point(|&boundary| boundary <= value).saturating_sub(1).min(counts.len() - 1);
        }
        counts[bin] += 1;
    }
    counts
}
