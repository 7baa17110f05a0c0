//! Texts for templates: excerpts, highlighted parts, numbers with separators.

use icu_segmenter::GraphemeClusterSegmenter;

use crate::catalog::Highlight;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The part.
    pub text: String,
    /// Whether a search matches here.
    pub is_match: bool,
}

/// Returns a text as one part without matches.
pub fn plain(text: &str) -> Vec<Segment> {
    vec![Segment { text: text.to_owned(), is_match: false }]
}

/// Splits a highlighted text into parts. Adds an ellipsis where the text was cut.
pub fn segments(highlight: &Highlight) -> Vec<Segment> {
    let units: Vec<u16> = highlight.text.encode_utf16().collect();
    let text = |from: usize, to: usize| String::from_utf16_lossy(&units[from.min(units.len())..to.min(units.len())]);
    let mut segments = Vec::new();
    let mut push = |text: String, is_match| {
        if !text.is_empty() {
            segments.push(Segment { text, is_match });
        }
    };
    push(if highlight.starts_inside { "… ".to_owned() } else { String::new() }, false);
    let mut end = 0;
    for range in &highlight.ranges {
        push(text(end, range.start), false);
        push(text(range.start, range.end), true);
        end = range.end;
    }
    push(text(end, units.len()), false);
    push(if highlight.ends_inside { " …".to_owned() } else { String::new() }, false);
    segments
}

/// Returns the start of a text, with white space collapsed: at most `max` characters, cut after a word. A word that
/// fills more than half of the space is cut after a grapheme cluster.
pub fn excerpt(text: &str, max: usize) -> String {
    let mut collapsed = String::new();
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
        // A few characters more than needed decide whether the text is cut.
        if collapsed.len() > 4 * max + 4 {
            break;
        }
    }
    let Some((end, _)) = collapsed.char_indices().nth(max) else { return collapsed };
    let cut = match collapsed[..end].rfind(' ') {
        _ if collapsed[end..].starts_with(' ') => end,
        Some(space) if space > end / 2 => space,
        _ => {
            let breaks = GraphemeClusterSegmenter::new().segment_str(&collapsed);
            breaks.take_while(|&at| at <= end).last().unwrap_or(0)
        }
    };
    let kept = collapsed[..cut].trim_end_matches([' ', ',', ';', ':', '.', '-', '–']);
    format!("{kept}…")
}

/// Returns a name between characters that isolate its direction from that of the text around it (Unicode UAX #9).
pub fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// Returns a number with thousands separators, as English has them.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a number of things in words: `1 release`, `2,000 releases`.
pub fn count(value: u64, thing: &str) -> String {
    format!("{} {thing}{}", number(value), if value == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_after_a_word_or_a_grapheme() {
        assert_eq!(excerpt("  a\n b\t c ", 10), "a b c");
        assert_eq!(excerpt("Child labour, in Asia", 21), "Child labour, in Asia");
        assert_eq!(excerpt("Child labour, in Asia", 20), "Child labour, in…");
        assert_eq!(excerpt("Child labour, in Asia", 13), "Child labour…");
        assert_eq!(excerpt("Child labour", 5), "Child…");
        assert_eq!(excerpt("a 国际劳工组织", 5), "a 国际劳…");
        assert_eq!(excerpt("👨‍👩‍👧👨‍👩‍👧", 7), "👨‍👩‍👧…");
        assert_eq!(excerpt(&"word ".repeat(1000), 300).chars().count(), 300);
    }

    #[test]
    fn highlighted_parts_are_those_of_utf_16_offsets() {
        let highlight = Highlight {
            text: "📧 Bergström: x".to_owned(),
            ranges: std::iter::once(3..12).collect(),
            starts_inside: true,
            ends_inside: false,
        };
        let parts: Vec<(String, bool)> =
            segments(&highlight).into_iter().map(|segment| (segment.text, segment.is_match)).collect();
        let part = |text: &str, is_match| (text.to_owned(), is_match);
        assert_eq!(parts, [part("… ", false), part("📧 ", false), part("Bergström", true), part(": x", false)]);
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((count(1, "release"), count(2000, "topic")), ("1 release".to_owned(), "2,000 topics".to_owned()));
    }
}
