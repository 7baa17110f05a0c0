//! The days of the generated releases: how many releases each day of the last ten years has.
//!
//! The numbers grow slowly, differ between working days and weekends and between the months, and vary from day to day.
//! In a small newsroom, a larger share of the releases is recent, so that comparisons with the previous year and trends
//! have values.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::random::Random;

/// Number of years before today in which the releases are dated.
const YEARS: u32 = 10;

/// Growth of the number of releases from one year to the next.
const GROWTH: f64 = 1.07;

/// Relative number of releases in each month, from January to December.
const MONTHS: [f64; 12] = [0.9, 1.0, 1.1, 1.05, 1.1, 1.1, 0.8, 0.55, 1.1, 1.2, 1.15, 0.75];

/// Minimum number of releases today, in the last 30 days, and in the same 30 days a year ago. In a small newsroom, each
/// of them is at most a share of all releases.
const MINIMUMS: [(std::ops::Range<usize>, f64, f64); 3] = [(365..395, 3.0, 0.1), (0..30, 30.0, 0.33), (0..1, 3.0, 0.2)];

/// Number of releases per day, in the order of the days. The last day is `today`. The numbers add up to `releases`.
pub(super) fn releases_per_day(releases: u32, today: NaiveDate, seed: u64) -> Vec<(NaiveDate, u32)> {
    let first = today.checked_sub_months(Months::new(12 * YEARS)).unwrap_or(NaiveDate::MIN);
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= today).collect();
    let mut weights: Vec<f64> = days.iter().enumerate().map(|(index, day)| weight(*day, index, seed)).collect();
    for (ages, minimum, max_share) in MINIMUMS {
        let range = days.len().saturating_sub(ages.end)..days.len().saturating_sub(ages.start);
        raise(&mut weights, range, (minimum / f64::from(releases)).min(max_share));
    }
    let total: f64 = weights.iter().sum();
    let (mut sum, mut placed) = (0.0, 0);
    let mut counts = Vec::with_capacity(days.len());
    for (day, weight) in days.into_iter().zip(weights) {
        sum += weight;
        let until = if day == today { releases } else { ((sum / total * f64::from(releases)) as u32).min(releases) };
        counts.push((day, until - placed));
        placed = until;
    }
    counts
}

/// Returns the relative number of releases on a day. `index` is the number of days since the first day.
fn weight(day: NaiveDate, index: usize, seed: u64) -> f64 {
    let by_weekday = match day.weekday() {
        Weekday::Mon => 1.0,
        Weekday::Tue | Weekday::Wed | Weekday::Thu => 1.1,
        Weekday::Fri => 0.85,
        Weekday::Sat => 0.15,
        Weekday::Sun => 0.1,
    };
    let is_holiday = matches!((day.month(), day.day()), (12, 24..) | (1, 1));
    let variation = 0.5 + Random::new(seed, index as u64).fraction();
    let by_month = MONTHS[day.month0() as usize] * if is_holiday { 0.2 } else { 1.0 };
    GROWTH.powf(index as f64 / 365.25) * by_weekday * by_month * variation
}

/// Multiplies the weights of a range so that their sum is at least `share` of the sum of all weights.
fn raise(weights: &mut [f64], range: std::ops::Range<usize>, share: f64) {
    let inside: f64 = weights[range.clone()].iter().sum();
    let outside = weights.iter().sum::<f64>() - inside;
    let factor = share * outside / ((1.0 - share) * inside);
    if factor > 1.0 {
        weights[range].iter_mut().for_each(|weight| *weight *= factor);
    }
}

/// Returns the instant of publication of a release on a day: `position`, from 0 to 1, is the position in the working
/// hours. The instant is never later than `now`.
pub(super) fn published_at(day: NaiveDate, position: f64, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let local = |hour: u32| {
        let time = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default());
        // A local time that a time zone skips is replaced by the time one hour later.
        let at = |time: &chrono::NaiveDateTime| zone.from_local_datetime(time).earliest().map(|at| at.to_utc());
        at(&time).or_else(|| at(&(time + TimeDelta::hours(1)))).unwrap_or(now)
    };
    let close = local(18).min(now);
    let open = if local(8) < close { local(8) } else { local(0).min(close) };
    open + TimeDelta::seconds(((close - open).num_seconds() as f64 * position) as i64)
}

/// Returns the number of days from `day` to `today`.
pub(super) fn age(day: NaiveDate, today: NaiveDate) -> u64 {
    (today - day).num_days().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn sum(counts: &[(NaiveDate, u32)], range: impl Fn(NaiveDate) -> bool) -> u32 {
        counts.iter().filter(|(day, _)| range(*day)).map(|(_, count)| count).sum()
    }

    #[test]
    fn all_releases_are_placed_and_some_are_from_today() {
        for today in ["2026-11-27", "2027-01-03", "2028-02-29"] {
            let today = day(today);
            for releases in [1, 2, 30, 999, 10_000, 1_000_000] {
                let counts = releases_per_day(releases, today, 1);
                assert_eq!(sum(&counts, |_| true), releases);
                assert!(sum(&counts, |day| day == today) >= 1, "{releases} {today}");
                let recent = sum(&counts, |day| day > today - Days::new(30));
                assert!(recent >= releases.min(30) / 4, "{releases} {today}: {recent} in 30 days");
            }
        }
    }

    #[test]
    fn the_numbers_follow_week_season_and_growth() {
        let counts = releases_per_day(100_000, day("2026-11-27"), 1);
        let weekend = sum(&counts, |day| matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
        assert!(weekend * 8 < 100_000, "{weekend}");
        let (august, october) = (sum(&counts, |day| day.month() == 8), sum(&counts, |day| day.month() == 10));
        assert!(august * 3 < october * 2, "{august} {october}");
        let (early, late) = (sum(&counts, |day| day.year() == 2017), sum(&counts, |day| day.year() == 2025));
        assert!(early * 3 < late * 2, "{early} {late}");
    }

    #[test]
    fn publication_is_in_working_hours_and_never_in_the_future() {
        let zone = chrono_tz::Asia::Phnom_Penh;
        let now = DateTime::parse_from_rfc3339("2026-11-27T02:30:00Z").unwrap().to_utc();
        let at = |date: &str, position: f64| published_at(day(date), position, zone, now).to_rfc3339();
        assert_eq!(at("2026-11-26", 0.5), "2026-11-26T06:00:00+00:00");
        assert_eq!(at("2026-11-27", 1.0), "2026-11-27T02:30:00+00:00");
        let now = DateTime::parse_from_rfc3339("2026-11-26T17:10:00Z").unwrap().to_utc();
        let early = published_at(day("2026-11-27"), 0.5, zone, now);
        assert_eq!(early.to_rfc3339(), "2026-11-26T17:05:00+00:00", "ten minutes after midnight in the zone");
    }
}
