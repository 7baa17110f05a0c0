//! Local times and time zones: parses a local time and resolves it to an instant (daylight saving time). Pure.
//!
//! As in iCalendar (RFC 5545, 3.3.5): a time within a gap is moved forward by the length of the gap; of an ambiguous
//! time the first is taken. `today` gives the current day in a zone, and the instant at which it ends;
//! `format_instant` writes an instant for a message.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::date_range;

/// The forms that are read; seconds may be left out.
const FORMATS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];

/// Longest gap looked back over: a zone that changed sides of the date line skipped a day.
const MAX_GAP_MINUTES: i64 = 26 * 60;

/// A local time as somebody wrote it, from the year 0001 to the year 9999, without leap seconds.
pub fn parse(text: &str) -> Result<NaiveDateTime, String> {
    let has_valid_shape = text.is_ascii() && text.len() <= 19;
    let parsed = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let time = parsed.filter(|_| has_valid_shape).ok_or_else(|| {
        let excerpt: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        format!(
            "\"{excerpt}\" is not a local time: write date and time without an offset, for example 2026-03-29T09:00"
        )
    })?;
    date_range::check_date(time.date()).map_err(|error| error.to_string())?;
    // As if it were UTC: second 60 is no second in any zone.
    date_range::check_instant(time.and_utc()).map_err(|error| error.to_string())?;
    Ok(time)
}

/// A local time as it is kept: `2026-03-29T02:30:00`.
pub fn to_text(time: NaiveDateTime) -> String {
    time.format(FORMATS[0]).to_string()
}

/// The instant that a local time stands for in a zone.
pub fn resolve(time: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // The last local time before the gap tells the offset that held until then.
            let before = (1..=MAX_GAP_MINUTES).find_map(|minutes| {
                zone.from_local_datetime(&(time - TimeDelta::minutes(minutes))).latest().map(|at| (at, minutes))
            });
            before.map_or_else(|| time.and_utc(), |(at, minutes)| at.to_utc() + TimeDelta::minutes(minutes))
        }
    }
}

/// An instant in a sentence.
pub(in crate::newsroom) fn format_instant(at: DateTime<Utc>) -> String {
    date_range::clamp_instant(at).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The day that it is in a zone, and the instant at which it is over.
pub fn today(zone: Tz, now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let today = now.with_timezone(&zone).date_naive();
    let next = today.succ_opt().unwrap_or(today).and_time(NaiveTime::MIN);
    (today, resolve(next, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: &str) -> String {
        let zone: Tz = zone.parse().unwrap();
        resolve(parse(text).unwrap(), zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn times_in_a_gap_move_forward_and_ambiguous_times_use_the_first() {
        // Zurich: 29 March 2026 has no 02:30, 25 October 2026 has two.
        assert_eq!(at("2026-03-29T01:59", "Europe/Zurich"), "2026-03-29T00:59:00Z");
        assert_eq!(at("2026-03-29T02:30", "Europe/Zurich"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-03-29T03:30", "Europe/Zurich"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-10-25T02:30", "Europe/Zurich"), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-10-25T03:00", "Europe/Zurich"), "2026-10-25T02:00:00Z");
        // Lord Howe moves by half an hour; Apia had no 30 December 2011.
        assert_eq!(at("2026-10-04T02:15", "Australia/Lord_Howe"), "2026-10-03T15:45:00Z");
        assert_eq!(at("2011-12-30T12:00", "Pacific/Apia"), "2011-12-30T22:00:00Z");
        assert_eq!(at("2026-07-01T09:00:30", "Asia/Phnom_Penh"), "2026-07-01T02:00:30Z");
    }

    #[test]
    fn invalid_local_times_are_rejected() {
        for wrong in [
            "",
            "2026-03-29",
            "09:00",
            "2026-03-29T09:00Z",
            "2026-03-29T09:00+07:00",
            "2026-02-30T09:00",
            "2026-03-29T24:00",
            "2026-03-29T09:00:61",
            "2026-03-29 09:00",
            "٢٠٢٦-03-29T09:00",
        ] {
            let message = parse(wrong).unwrap_err();
            assert!(message.contains("is not a local time: write"), "{wrong:?}: {message}");
        }
        for (wrong, expected) in [
            ("0000-12-31T23:59", "0000-12-31 is outside the range of dates"),
            ("+10000-01-01T00:00", "+10000-01-01 is outside the range of dates"),
            ("2016-12-31T23:59:60", "leap seconds are not accepted"),
        ] {
            let message = parse(wrong).unwrap_err();
            assert!(message.contains(expected), "{wrong:?}: {message}");
        }
    }
}
