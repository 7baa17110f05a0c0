//! Parser of listings: printed pages of releases as plain text, for example "News and articles". An item has a
//! number and kind, a headline, a date with an optional place, and an optional summary.
//!
//! ```text
//! 1. Press release
//!
//! Headline of the item
//!
//! 08 May 2006, PHNOM PENH
//!
//! Summary of the item.
//! ```

use chrono::NaiveDate;
use entity::release::ReleaseKind;

use crate::{
    date_range,
    newsroom::text::control::{ControlCount, replace_controls},
};

/// Maximum size of a listing, in bytes. The whole listing is read into memory.
pub(super) const MAX_LISTING_BYTES: u64 = 16 * 1024 * 1024;

/// An item of a listing: one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Line number of the first line of the item, which has its number and kind.
    pub line: u64,
    /// Kind of the release.
    pub kind: ReleaseKind,
    /// The headline.
    pub headline: String,
    /// Release date.
    pub release_date: NaiveDate,
    /// Place of the dateline, as printed.
    pub dateline_text: Option<String>,
    /// Summary of the release. Paragraphs are separated by a blank line.
    pub summary: Option<String>,
    /// Numbers of control characters that were replaced or removed in the lines of the item.
    pub controls: ControlCount,
}

/// Line number of an invalid item, and why it is invalid.
pub type ItemError = (u64, String);

/// A paragraph of a listing: consecutive lines that are not blank.
struct Paragraph {
    line: u64,
    text: String,
    controls: ControlCount,
}

/// Parses a listing. Returns its items in the order of the page; an invalid item is an error with its line number.
pub fn parse(text: &str) -> Vec<Result<Item, ItemError>> {
    let paragraphs = paragraphs(text);
    // An item begins with a numbered line that names a kind, or with a numbered line that is followed by a headline
    // and a date. A numbered sentence in a summary fulfils neither condition.
    let begins = |at: usize| {
        let kind = text_after_number(&paragraphs[at].text)?;
        let dated = paragraphs.get(at + 2).is_some_and(|paragraph| date_line(&paragraph.text).is_some());
        (dated || kind_of(kind).is_some()).then_some(kind)
    };
    let starts: Vec<usize> = (0..paragraphs.len()).filter(|&at| begins(at).is_some()).collect();
    let mut items = Vec::with_capacity(starts.len());
    let before = starts.first().copied().unwrap_or(paragraphs.len());
    for stray in
        paragraphs[..before].iter().filter(|paragraph| !paragraph.text.eq_ignore_ascii_case("News and articles"))
    {
        items.push(Err((
            stray.line,
            "this is not an item: an item begins with its number and kind, for example \"1. Press release\"".to_owned(),
        )));
    }
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(paragraphs.len());
        items.push(item(&paragraphs[start..end]));
    }
    items
}

fn item(paragraphs: &[Paragraph]) -> Result<Item, ItemError> {
    let line = paragraphs[0].line;
    let printed = text_after_number(&paragraphs[0].text).unwrap_or_default();
    let kind = kind_of(printed).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|&(name, _)| name).collect();
        (
            line,
            format!("\"{}\" is not a kind: write {}", printed.chars().take(60).collect::<String>(), names.join(", ")),
        )
    })?;
    let headline = paragraphs
        .get(1)
        .ok_or_else(|| (line, "the item has no headline: write it below the kind, after a blank line".to_owned()))?;
    let dated = paragraphs.get(2).ok_or_else(|| {
        (headline.line, "the item has no date: write it below the headline, after a blank line".to_owned())
    })?;
    let (release_date, dateline_text) = date_line(&dated.text).ok_or_else(|| {
        let shown: String = dated.text.chars().take(60).collect();
        (dated.line, format!("\"{shown}\" is not a date: write day, month and year, and the place after a comma, for example \"08 May 2006, PHNOM PENH\""))
    })?;
    let release_date = date_range::check_date(release_date).map_err(|error| (dated.line, error.to_string()))?;
    let summary: Vec<&str> = paragraphs[3..].iter().map(|paragraph| paragraph.text.as_str()).collect();
    let mut controls = ControlCount::default();
    for paragraph in paragraphs {
        controls += paragraph.controls;
    }
    Ok(Item {
        line,
        kind,
        headline: headline.text.clone(),
        release_date,
        dateline_text,
        summary: Some(summary.join("\n\n")).filter(|text| !text.is_empty()),
        controls,
    })
}

/// Splits a listing into paragraphs and replaces their control characters. Control characters are replaced before
/// white space is trimmed, because U+0085 is both a control character and white space.
fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    let mut open = false;
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let mut line = line.to_owned();
        let controls = replace_controls(&mut line);
        let line = line.trim();
        if line.is_empty() {
            open = false;
            // The control characters of a line without text are counted for the paragraph above that line.
            if let Some(last) = paragraphs.last_mut() {
                last.controls += controls;
            }
        } else if open && let Some(last) = paragraphs.last_mut() {
            last.text.push(' ');
            last.text.push_str(line);
            last.controls += controls;
        } else {
            paragraphs.push(Paragraph { line: index as u64 + 1, text: line.to_owned(), controls });
            open = true;
        }
    }
    paragraphs
}

/// Returns the text after a leading number with a full stop, for example "Speech" for "3. Speech". Returns `None`
/// if the text does not have this pattern.
fn text_after_number(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once('.')?;
    let is_valid = !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some(rest.trim()).filter(|rest| is_valid && !rest.is_empty())
}

const KINDS: [(&str, ReleaseKind); 7] = [
    ("Press release", ReleaseKind::PressRelease),
    ("Statement", ReleaseKind::Statement),
    ("Article", ReleaseKind::Article),
    ("Feature", ReleaseKind::Feature),
    ("Media advisory", ReleaseKind::MediaAdvisory),
    ("Speech", ReleaseKind::Speech),
    ("Opinion", ReleaseKind::Opinion),
];

fn kind_of(printed: &str) -> Option<ReleaseKind> {
    let words: Vec<&str> = printed.split_whitespace().collect();
    KINDS.iter().find(|(name, _)| words.join(" ").eq_ignore_ascii_case(name)).map(|&(_, kind)| kind)
}

/// Parses a date line such as "08 May 2006, PHNOM PENH" into the date and the optional place.
fn date_line(text: &str) -> Option<(NaiveDate, Option<String>)> {
    let (date, place) = text.split_once(',').unwrap_or((text, ""));
    let words: Vec<&str> = date.split_whitespace().collect();
    let [day, month, year] = words.as_slice() else { return None };
    let is_valid = day.len() <= 2 && year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let date = NaiveDate::parse_from_str(&format!("{day} {month} {year}"), "%d %B %Y").ok().filter(|_| is_valid)?;
    Some((date, Some(place.trim().to_owned()).filter(|place| !place.is_empty())))
}

/// Returns the names of the places in a printed dateline. "PHNOM PENH" becomes "Phnom Penh". Several places are
/// separated by a slash or a semicolon.
pub fn place_names(dateline: &str) -> Vec<String> {
    dateline.split(['/', ';']).map(str::trim).filter(|name| !name.is_empty()).map(place_name).collect()
}

/// Words that stay in lower case when the name of a place is converted from capitals.
const LOWERCASE_WORDS: [&str; 13] = ["au", "aux", "da", "de", "del", "des", "di", "do", "du", "la", "les", "of", "sur"];

fn place_name(printed: &str) -> String {
    if printed.chars().any(char::is_lowercase) {
        return printed.to_owned();
    }
    let mut name = String::with_capacity(printed.len());
    for (index, word) in printed.split_inclusive([' ', '-']).enumerate() {
        let lowercase = word.to_lowercase();
        if index > 0 && LOWERCASE_WORDS.contains(&lowercase.trim_end_matches([' ', '-'])) {
            name.push_str(&lowercase);
            continue;
        }
        let mut letters = lowercase.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = "News and articles\r\n\r\n\r\n  1. Press release\r\n\r\n    Ferry line opens\r\n\r\n    08 May 2006, PHNOM PENH\r\n\r\n    A ferry goes\r\n    twice a day.\r\n\r\n    3. of its boats are new.\r\n\r\n  2. Media  Advisory\r\n\r\n    Harbour day\r\n\r\n    28 April 2006,\r\n\r\n  3. Gossip\r\n\r\n    Who was seen\r\n\r\n    1 May 2006\r\n\r\n  4. Speech\r\n\r\n    On ferries\r\n\r\n    31 April 2006, BANGKOK";

    #[test]
    fn items_are_parsed_and_invalid_ones_are_reported() {
        let items = parse(PAGE);
        assert_eq!(items.len(), 4);
        let first = items[0].as_ref().unwrap();
        assert_eq!(
            (first.line, first.headline.as_str(), first.dateline_text.as_deref()),
            (4, "Ferry line opens", Some("PHNOM PENH"))
        );
        assert_eq!(first.summary.as_deref(), Some("A ferry goes twice a day.\n\n3. of its boats are new."));
        let second = items[1].as_ref().unwrap();
        assert_eq!(
            (second.kind, second.dateline_text.as_ref(), second.summary.as_ref()),
            (ReleaseKind::MediaAdvisory, None, None)
        );
        assert!(items[2].as_ref().unwrap_err().1.contains("\"Gossip\" is not a kind"));
        assert!(items[3].as_ref().unwrap_err().1.contains("\"31 April 2006, BANGKOK\" is not a date"));
    }

    #[test]
    fn control_characters_of_every_line_are_replaced_and_counted() {
        let page = "News and articles\n\u{1}\n1. Press\u{1} release\n\n\u{85}Ferry\n\n08 May\u{7F} 2006, B\u{81}C\n\u{2}\nA b\u{85}\n\u{3}\n";
        let items = parse(page);
        let item = items[0].as_ref().unwrap();
        assert_eq!((item.headline.as_str(), item.dateline_text.as_deref()), ("…Ferry", Some("BC")));
        assert_eq!(item.summary.as_deref(), Some("A b…"));
        // The control character above the first item is not counted: it belongs to the heading of the page.
        assert_eq!((items.len(), item.controls.mapped, item.controls.removed), (1, 2, 5));
    }

    #[test]
    fn a_date_outside_the_range_is_reported_with_its_line() {
        let items = parse(
            "1. Speech\n\nOn ferries\n\n1 March 0000, BANGKOK\n\n2. Speech\n\nOn ferries\n\n1 March 0001, BANGKOK",
        );
        let (line, why) = items[0].as_ref().unwrap_err();
        assert_eq!((*line, why.contains("0000-03-01 is outside the range of dates")), (5, true), "{why}");
        assert!(items[1].is_ok());
    }

    #[test]
    fn place_names_in_capitals_get_title_case() {
        assert_eq!(place_names("PHNOM PENH"), ["Phnom Penh"]);
        assert_eq!(place_names("PORT-AU-PRINCE"), ["Port-au-Prince"]);
        assert_eq!(place_names("BEIJING/MOSCOW"), ["Beijing", "Moscow"]);
        assert_eq!(place_names("Nha Trang"), ["Nha Trang"]);
        assert_eq!(place_names(" / "), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in ".{0,400}", lines in prop::collection::vec("[0-9]{0,2}[. ]?[A-Za-z, ]{0,20}", 0..30)) {
            parse(&text);
            parse(&lines.join("\n\n"));
            place_names(&text);
        }
    }
}
