//! Formats datelines ("PHNOM PENH, 8 May 2006"): place and date of filing, as printed at the head of a press release.

use chrono::{Datelike, NaiveDate};

/// Returns the place part of a dateline: the text that an editor entered, or else the names of the places in
/// capitals. Returns `None` if there is neither a text nor a place.
pub fn place_text<'a>(printed: Option<&str>, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if let Some(printed) = printed {
        return Some(printed.to_owned());
    }
    let names: Vec<String> = names.into_iter().map(str::to_uppercase).collect();
    if names.is_empty() { None } else { Some(names.join("/")) }
}

/// Returns a dateline of place and date, for example "PHNOM PENH, 8 May 2006". The date has an English month name if
/// the release is in English. In other languages, the date is in ISO 8601.
pub fn text(place: &str, date: NaiveDate, language: &str) -> String {
    let english = language.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case("en"));
    let date = if english { format!("{} {} {}", date.day(), date.format("%B"), date.year()) } else { date.to_string() };
    format!("{place}, {date}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_format_follows_the_language() {
        let date = NaiveDate::from_ymd_opt(2006, 5, 8).unwrap();
        assert_eq!(text("PHNOM PENH", date, "en"), "PHNOM PENH, 8 May 2006");
        assert_eq!(text("PHNOM PENH", date, "en-GB"), "PHNOM PENH, 8 May 2006");
        assert_eq!(text("PHNOM PENH", date, "km"), "PHNOM PENH, 2006-05-08");
    }

    #[test]
    fn several_places_are_joined_by_a_slash() {
        assert_eq!(place_text(None, ["Beijing", "Moscow"]).as_deref(), Some("BEIJING/MOSCOW"));
        assert_eq!(place_text(Some("Beijing and Moscow"), ["Beijing"]).as_deref(), Some("Beijing and Moscow"));
        assert_eq!(place_text(None, []), None);
    }
}
