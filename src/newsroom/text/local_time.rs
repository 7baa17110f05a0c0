//! Local times and time zones: parses a local time, and converts it to an instant with the daylight saving rules of
//! its zone. All functions are pure.
//!
//! `resolve` follows iCalendar (RFC 5545, section 3.3.5). A local time that clocks skip moves forward by the length
//! of the gap. A local time that occurs twice means the first of the two instants. `today` returns the current day in
//! a zone and the instant at which that day ends. `format_instant` formats an instant for a message.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::date_range;

/// Accepted formats of a local time. Seconds are optional.
const FORMATS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];

/// Longest gap in local time that `resolve` handles, in minutes. A zone that moves across the date line skips a whole
/// day.
const MAX_GAP_MINUTES: i64 = 26 * 60;

/// Parses a local time from the year 0001 to the year 9999. Rejects leap seconds.
pub fn parse(text: &str) -> Result<NaiveDateTime, String> {
    let has_valid_shape = text.is_ascii() && text.len() <= 19;
    let parsed = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let time = parsed.filter(|_| has_valid_shape).ok_or_else(|| {
        let excerpt: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        format!(
            "\"{excerpt}\" is not a local time: write the date and time without an offset, for example 2026-03-29T09:00"
        )
    })?;
    date_range::check_date(time.date()).map_err(|error| error.to_string())?;
    // Reject leap seconds. The check treats the local time as UTC, because second 60 is invalid in every zone.
    date_range::check_instant(time.and_utc()).map_err(|error| error.to_string())?;
    Ok(time)
}

/// Formats a local time as it is stored: `2026-03-29T02:30:00`.
pub fn to_text(time: NaiveDateTime) -> String {
    time.format(FORMATS[0]).to_string()
}

/// Converts a local time in a zone to an instant.
pub fn resolve(time: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => {
            // `time` is in a gap. Find the last local time before the gap, and add the elapsed minutes to its
            // instant.
            let before = (1..=MAX_GAP_MINUTES).find_map(|minutes| {
                zone.from_local_datetime(&(time - TimeDelta::minutes(minutes))).latest().map(|at| (at, minutes))
            });
            before.map_or_else(|| time.and_utc(), |(at, minutes)| at.to_utc() + TimeDelta::minutes(minutes))
        }
    }
}

/// Formats an instant for a message, in RFC 3339.
pub(in crate::newsroom) fn format_instant(at: DateTime<Utc>) -> String {
    date_range::clamp_instant(at).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Returns the current day in a zone, and the instant at which that day ends.
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
        // In Zurich, 02:30 does not exist on 29 March 2026 and occurs twice on 25 October 2026.
        assert_eq!(at("2026-03-29T01:59", "Europe/Zurich"), "2026-03-29T00:59:00Z");
        assert_eq!(at("2026-03-29T02:30", "Europe/Zurich"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-03-29T03:30", "Europe/Zurich"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-10-25T02:30", "Europe/Zurich"), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-10-25T03:00", "Europe/Zurich"), "2026-10-25T02:00:00Z");
        // Lord Howe Island changes its clocks by half an hour. Apia skipped 30 December 2011.
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
