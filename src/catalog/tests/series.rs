//! Tests of timelines, comparisons of periods and trending topics: each result must equal that of a loop over all
//! releases.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::naive::{Naive, below};
use crate::{
    catalog::{
        ComparisonPeriod, DateField, Duration, Interval, Range, ReleaseSet, TimelineRequest, TrendRequest, Weekday,
    },
    journal::ReleaseImage,
};

/// An instant in the middle of the instants that the test data uses.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_325_300_000, 0).unwrap_or_default()
}

/// Returns the day that a release counts for in a timeline, or `None` if the release does not count.
fn day_of(release: &ReleaseImage, request: &TimelineRequest) -> Option<NaiveDate> {
    match request.field {
        DateField::ReleaseDate => Some(release.shown.release_date),
        DateField::PublishedAt => release.published_at.map(|at| at.with_timezone(&request.zone).date_naive()),
    }
}

fn label(day: NaiveDate, request: &TimelineRequest) -> String {
    let back = |to: chrono::Weekday| day - TimeDelta::days(i64::from(day.weekday().days_since(to)));
    match (request.interval, request.week_start) {
        (Interval::Day, _) => day.to_string(),
        (Interval::Week, Weekday::Monday) => format!("{:04}-W{:02}", day.iso_week().year(), day.iso_week().week()),
        (Interval::Week, Weekday::Sunday) => back(chrono::Weekday::Sun).to_string(),
        (Interval::Week, Weekday::Saturday) => back(chrono::Weekday::Sat).to_string(),
        (Interval::Month, _) => format!("{:04}-{:02}", day.year(), day.month()),
        (Interval::Quarter, _) => format!("{:04}-Q{}", day.year(), day.month().div_ceil(3)),
        (Interval::Year, _) => format!("{:04}", day.year()),
    }
}

/// Returns whether a day exists in a time zone. Samoa (`Pacific/Apia`) skipped a day, for example.
fn day_exists(day: NaiveDate, zone: Tz) -> bool {
    let noon = day.and_hms_opt(12, 0, 0).expect("noon is a valid time").and_utc();
    (-48..48).any(|hours| (noon + TimeDelta::hours(hours)).with_timezone(&zone).date_naive() == day)
}

pub(super) fn timeline(set: &ReleaseSet, matching: &[&ReleaseImage], request: &TimelineRequest) {
    let Range { from, until } = request.range;
    let answer = set.timeline(request, now());
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        assert!(answer.is_err());
        return;
    }
    let points = answer.expect("the range is valid").points;
    let inside = |day: &NaiveDate| from.is_none_or(|from| *day >= from) && until.is_none_or(|until| *day <= until);
    let days: Vec<NaiveDate> = matching.iter().filter_map(|release| day_of(release, request)).filter(inside).collect();
    let mut expected: BTreeMap<NaiveDate, (String, usize)> = BTreeMap::new();
    let ends = from.or(days.iter().min().copied()).zip(until.or(days.iter().max().copied()));
    if let Some((first, last)) = ends {
        let mut day = first;
        while day <= last {
            let name = label(day, request);
            // Only a day can be missing from a time zone. A longer period also contains other days, so it always
            // exists.
            let exists = request.field == DateField::ReleaseDate
                || request.interval != Interval::Day
                || day_exists(day, request.zone);
            if exists && expected.values().all(|(known, _)| *known != name) {
                let count = days.iter().filter(|day| label(**day, request) == name).count();
                expected.insert(day, (name, count));
            }
            day = day + Days::new(1);
        }
    }
    expected.retain(|_, (_, count)| *count > 0 || !request.omit_empty);
    let answered: Vec<_> = points.iter().map(|point| (point.label.clone(), point.count as usize)).collect();
    assert_eq!(answered, expected.into_values().collect::<Vec<_>>(), "{request:?}");
    let mut sum = 0;
    for point in &points {
        sum += point.count;
        assert_eq!((point.cumulative, point.complete), (sum, point.end <= now()));
        // A boundary is the first instant of a day, so one second earlier it is still the day before.
        for boundary in [point.start, point.end] {
            let local = |at: DateTime<Utc>| request.zone.from_utc_datetime(&at.naive_utc()).date_naive();
            assert!(local(boundary - TimeDelta::seconds(1)) < local(boundary), "{request:?} {boundary}");
        }
        assert!(point.start < point.end || request.zone == chrono_tz::Pacific::Apia);
    }
    if !request.omit_empty {
        assert!(points.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

pub(super) fn compare(set: &ReleaseSet, matching: &[&ReleaseImage], to: ComparisonPeriod, range: &Range<NaiveDate>) {
    let answer = set.compare(to, range);
    let (Some(from), Some(until)) = (range.from, range.until) else {
        assert!(answer.is_err());
        return;
    };
    if from > until {
        assert!(answer.is_err());
        return;
    }
    let count = |from: NaiveDate, until: NaiveDate| {
        matching.iter().filter(|release| (from..=until).contains(&release.shown.release_date)).count() as u64
    };
    let year_before = |day: NaiveDate| {
        let year = day.year() - 1;
        NaiveDate::from_ymd_opt(year, day.month(), day.day())
            .or(NaiveDate::from_ymd_opt(year, 2, 28))
            .expect("28 February exists in every year")
    };
    let previous = match to {
        ComparisonPeriod::PreviousPeriod => {
            count(from - (until - from) - TimeDelta::days(1), from - TimeDelta::days(1))
        }
        ComparisonPeriod::SamePeriodLastYear => count(year_before(from), year_before(until)),
    };
    let delta = answer.expect("the range has both ends");
    assert_eq!((delta.current, delta.previous), (count(from, until), previous));
    assert_eq!(delta.ratio().is_none(), previous == 0);
}

pub(super) fn trending(set: &ReleaseSet, naive: &Naive<'_>, matching: &[&ReleaseImage], request: &TrendRequest) {
    let before = |day: NaiveDate, span: Duration| {
        let months = chrono::Months::new(span.months);
        day - months - Days::new(u64::from(span.days))
    };
    let end = request.until + TimeDelta::days(1);
    let start = before(end, request.window);
    let first = before(start, request.baseline);
    let answer = set.trending(request);
    if start == end || first == start {
        assert!(answer.is_err());
        return;
    }
    let dated = |from: NaiveDate, to: NaiveDate| {
        matching.iter().copied().filter(|release| (from..to).contains(&release.shown.release_date)).collect::<Vec<_>>()
    };
    let (window, baseline) = (dated(start, end), dated(first, start));
    let plain = |x: usize| if x == 0 { 0.0 } else { x as f64 * (x as f64).ln() };
    let mut expected_trends = Vec::new();
    for topic in &naive.newsroom.topics {
        let all = if request.roll_up { below(&naive.newsroom.topics, topic.id) } else { HashSet::from([topic.id]) };
        let count = |of: &[&ReleaseImage]| {
            of.iter().filter(|release| release.shown.topics.iter().any(|id| all.contains(id))).count()
        };
        let (a, b, c, d) = (count(&window), count(&baseline), window.len(), baseline.len());
        let expected = c as f64 * (a + b) as f64 / (c + d) as f64;
        if a > 0 && a as f64 > expected {
            // The same statistic (G²) computed from entropies: the sum for the cells, minus rows, minus columns, plus
            // the total.
            let cells = plain(a) + plain(b) + plain(c - a) + plain(d - b);
            let score = 2.0 * (cells - plain(c) - plain(d) - plain(a + b) - plain(c + d - a - b) + plain(c + d));
            expected_trends.push((topic.id, a as u64, expected, score));
        }
    }
    let trends = answer.expect("the window and the baseline are not empty");
    assert_eq!(trends.len(), expected_trends.len().min(request.first));
    for trend in &trends {
        let id = set.snapshot().topics().get(trend.topic).id;
        let (_, count, expected, score) =
            expected_trends.iter().find(|(topic, ..)| *topic == id).expect("the topic is an expected trend");
        assert_eq!((trend.count, trend.releases.count(), trend.from), (*count, *count, start));
        assert!((trend.expected - expected).abs() < 1e-9 && (trend.score - score.max(0.0)).abs() < 1e-6);
        let better = expected_trends.iter().filter(|(_, _, _, other)| *other > score + 1e-6).count();
        assert!(better < request.first, "{id} is returned, but {better} topics have a higher score");
    }
    assert!(trends.windows(2).all(|pair| pair[0].score >= pair[1].score));
}
