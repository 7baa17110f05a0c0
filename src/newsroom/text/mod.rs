//! Validation of plain text: Unicode NFC, no control characters, length limits in characters, trimmed white space.
//!
//! All texts from editors and imports pass through `clean_line`, `clean_text` or `clean_body`, so canonically
//! equivalent texts (Unicode) have equal bytes. A body keeps leading and trailing white space, because white space
//! has a meaning in Markdown. A text without visible characters becomes empty; `validation` decides whether a field
//! may be empty.
//!
//! - `control`: control characters in texts imported from other systems (Windows-1252)
//! - `language`: language tags (BCP 47)
//! - `local_time`: local times in time zones
//! - `slug`: format of slugs, and generation of slugs from headlines

pub mod control;
pub mod language;
pub mod local_time;
pub mod slug;

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Maximum number of bytes that Unicode normalisation (NFC) can turn into one character: at most four characters are
/// composed into one, and each has at most four bytes.
const MAX_BYTES_PER_CHARACTER: usize = 16;

/// Why a text is rejected. The message has no subject, because the caller writes the name of the field before it:
/// "is 612 characters long; ..." becomes "headline is 612 characters long; ...".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text contains a control character.
    #[error("contains the invisible control character U+{:04X} at character {position}: remove it", u32::from(*.character))]
    Control {
        /// The first control character.
        character: char,
        /// Position of the control character in the text as received, in characters, counted from 1.
        position: usize,
    },
    /// The text is too long.
    #[error("is {length} characters long; the maximum is {max}: shorten it")]
    TooLong {
        /// Length of the text, in characters. Counted after normalisation, unless the text is so long that it is not
        /// normalised; then counted in the text as received.
        length: usize,
        /// Maximum length, in characters.
        max: usize,
    },
}

/// Cleans a single line of text. Replaces each run of line breaks, tabs and spaces with one space, and trims white
/// space. Returns an empty text if the input has no visible character. Fails if the cleaned text is longer than
/// `max_chars` characters or contains a forbidden control character.
pub fn clean_line(value: &str, max_chars: usize) -> Result<String, TextError> {
    clean(value, EdgeWhitespace::Trim, max_chars, |text| {
        let is_blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t');
        let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
        words.join(" ")
    })
}

/// Cleans a text of several lines and trims white space. Converts `\r\n` and `\r` to `\n` and keeps tabs. Returns an
/// empty text if the input has no visible character. Fails if the cleaned text is longer than `max_chars` characters
/// or contains a forbidden control character.
pub fn clean_text(value: &str, max_chars: usize) -> Result<String, TextError> {
    clean(value, EdgeWhitespace::Trim, max_chars, normalize_line_breaks)
}

/// Cleans a text of several lines like [`clean_text`], but keeps leading and trailing white space.
pub fn clean_body(value: &str, max_chars: usize) -> Result<String, TextError> {
    clean(value, EdgeWhitespace::Preserve, max_chars, normalize_line_breaks)
}

/// Whether leading and trailing white space is removed from a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EdgeWhitespace {
    Trim,
    Preserve,
}

fn normalize_line_breaks(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

fn clean(
    value: &str,
    edges: EdgeWhitespace,
    max: usize,
    normalize: impl Fn(&str) -> String,
) -> Result<String, TextError> {
    if value.chars().all(is_invisible) {
        return Ok(String::new());
    }
    let start = if edges == EdgeWhitespace::Trim { value.trim_start() } else { value };
    let skipped = &value[..value.len() - start.len()];
    let value = if edges == EdgeWhitespace::Trim { start.trim_end() } else { start };
    if value.len() > max.saturating_mul(MAX_BYTES_PER_CHARACTER) {
        return Err(TextError::TooLong { length: value.chars().count(), max });
    }
    let forbidden = value.chars().enumerate().find(|&(_, c)| is_control(c) && !matches!(c, '\n' | '\r' | '\t'));
    if let Some((index, character)) = forbidden {
        return Err(TextError::Control { character, position: skipped.chars().count() + index + 1 });
    }
    let text = normalize(value);
    let text = to_nfc(text);
    match text.chars().count() {
        length if length > max => Err(TextError::TooLong { length, max }),
        _ => Ok(text),
    }
}

/// Returns the text in Unicode NFC. A text that is already in NFC is not copied.
pub(super) fn to_nfc(text: String) -> String {
    match ComposingNormalizerBorrowed::new_nfc().normalize(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(composed) => composed,
    }
}

/// Whether a character is treated as a control character: Unicode Cc, line and paragraph separators, directional
/// embeddings, overrides and isolates (UAX #9), the byte order mark and noncharacters. Joiners and direction marks
/// are not, because Persian, Hindi, Hebrew and many emoji need them. Tabs and line breaks belong to Cc, so callers
/// that allow them must exempt them.
pub(super) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        || matches!(c, '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Whether a character is invisible: white space, or a character that only affects its neighbours (soft hyphen,
/// joiners, direction marks).
fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn control(character: char, position: usize) -> Result<String, TextError> {
        Err(TextError::Control { character, position })
    }

    fn too_long(length: usize, max: usize) -> Result<String, TextError> {
        Err(TextError::TooLong { length, max })
    }

    #[test]
    fn lines_are_trimmed_and_normalized_to_nfc() {
        assert_eq!(clean_line("Two\n  lines,\ttabs and  blanks\r\n", 100), Ok("Two lines, tabs and blanks".to_owned()));
        assert_eq!(clean_line("a \r\n b", 3), Ok("a b".to_owned()));
        assert_eq!(clean_line("\u{A0} Cafe\u{301}\r\n", 4), Ok("Café".to_owned()));
        assert_eq!(clean_line("한국".nfd().collect::<String>().as_str(), 2), Ok("한국".to_owned()));
        assert_eq!(clean_line("\u{2126}", 1), Ok("Ω".to_owned()));
    }

    #[test]
    fn line_breaks_of_every_system_become_line_feeds() {
        assert_eq!(clean_text("\r\na\r\nb\rc\td\n\ne\n", 100), Ok("a\nb\nc\td\n\ne".to_owned()));
        assert_eq!(clean_text("a\r\nb", 3), Ok("a\nb".to_owned()));
    }

    #[test]
    fn a_body_keeps_leading_and_trailing_white_space() {
        for body in ["    first\n    second", "\n\n\ta  \n\n", " \u{A0}a\u{3000}", "a\n"] {
            assert_eq!(clean_body(body, 100).as_deref(), Ok(body));
        }
        assert_eq!(clean_body("\r\n    e\u{301}\r  b\r\n", 100), Ok("\n    é\n  b\n".to_owned()));
        assert_eq!(clean_body("  abc", 4), too_long(5, 4));
        assert_eq!(clean_body("    \0", 100), control('\0', 5));
    }

    #[test]
    fn invisible_text_becomes_empty() {
        for text in ["", " \t\r\n", "\u{200B}\u{200D} \u{2060}", "\u{3000}", &" ".repeat(1000)] {
            assert_eq!(clean_line(text, 10), Ok(String::new()), "{text:?}");
            assert_eq!(clean_text(text, 10), Ok(String::new()), "{text:?}");
            assert_eq!(clean_body(text, 10), Ok(String::new()), "{text:?}");
        }
    }

    #[test]
    fn joiners_and_direction_marks_are_accepted() {
        for text in ["می\u{200C}خواهم", "👩\u{200D}👩\u{200D}👧", "שלום\u{200F}!", "क्\u{200D}ष", "a\u{200E}b"]
        {
            assert_eq!(clean_line(text, 100).as_deref(), Ok(text));
        }
    }

    #[test]
    fn control_characters_are_rejected_with_their_position_in_the_input() {
        let forbidden = "\0\u{1}\u{8}\u{B}\u{C}\u{1B}\u{7F}\u{80}\u{85}\u{9F}\u{2028}\u{2029}\u{202A}\u{202E}\u{2066}\u{2069}\
                       \u{FEFF}\u{FDD0}\u{FDEF}\u{FFFE}\u{1FFFF}\u{10FFFF}";
        for character in forbidden.chars() {
            let text = format!(" é{character}b");
            assert_eq!(clean_line(&text, 100), control(character, 3));
            assert_eq!(clean_text(&text, 100), control(character, 3));
            assert_eq!(clean_body(&text, 100), control(character, 3));
        }
    }

    #[test]
    fn control_characters_at_the_ends_are_rejected_unless_trimmed() {
        for character in ['\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'] {
            for (text, position) in [(format!("a{character}"), 2), (format!("{character}a"), 1)] {
                assert_eq!(clean_body(&text, 100), control(character, position));
                assert_eq!(clean_text(&text, 100).as_deref(), Ok("a"), "{text:?}");
                assert_eq!(clean_line(&text, 100).as_deref(), Ok("a"), "{text:?}");
            }
        }
        for character in ['\0', '\u{1B}', '\u{FEFF}'] {
            for (text, position) in [(format!("a{character}"), 2), (format!("{character}a"), 1)] {
                assert_eq!(clean_body(&text, 100), control(character, position));
                assert_eq!(clean_text(&text, 100), control(character, position));
                assert_eq!(clean_line(&text, 100), control(character, position));
            }
        }
    }

    #[test]
    fn length_is_counted_in_characters_after_normalising() {
        assert!(clean_line(&"é".repeat(500), 500).is_ok());
        assert!(clean_line(&"e\u{301}".repeat(500), 500).is_ok());
        assert!(clean_line(&format!("{}\n", "x".repeat(500)), 500).is_ok());
        assert_eq!(clean_line(&"e\u{301}".repeat(501), 500), too_long(501, 500));
        assert_eq!(clean_line("x", 0), too_long(1, 0));
        assert_eq!(clean_text(&"\r\n".repeat(3).replace("\r\n", "a\r\n"), 4), too_long(5, 4));
    }

    #[test]
    fn ten_megabytes_are_rejected_within_two_seconds() {
        let started = std::time::Instant::now();
        let text = "x".repeat(10_000_000);
        assert_eq!(clean_line(&text, 500), too_long(10_000_000, 500));
        assert_eq!(clean_text(&"\0".repeat(10_000_000), 500), too_long(10_000_000, 500));
        assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
    }

    #[test]
    fn max_bytes_per_character_is_an_upper_bound() {
        let longest = ('\0'..=char::MAX).map(|c| std::iter::once(c).nfd().count()).max();
        assert!(longest.is_some_and(|characters| characters * 4 <= MAX_BYTES_PER_CHARACTER), "{longest:?}");
    }

    #[test]
    fn error_messages_name_the_problem_its_position_and_a_remedy() {
        let error_text = |text: &str| clean_line(text, 5).unwrap_err().to_string();
        assert_eq!(error_text("\0b"), "contains the invisible control character U+0000 at character 1: remove it");
        assert_eq!(error_text("abcdef"), "is 6 characters long; the maximum is 5: shorten it");
    }

    fn any_text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![
                any::<char>(),
                "[ \r\n\ta\u{301}\u{AC}\u{1100}\u{1161}]".prop_map(|s| s.chars().next().unwrap_or('a'))
            ],
            0..40,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn cleaned_text_is_valid_and_cleaning_is_idempotent(text in any_text()) {
            if let Ok(clean) = clean_line(&text, 30) {
                prop_assert!(!clean.contains(is_control));
                prop_assert!(clean.chars().count() <= 30 && clean.trim() == clean);
                prop_assert!(clean.nfc().eq(clean.chars()));
                prop_assert_eq!(clean_line(&clean, 30), Ok(clean.clone()));
            }
            if let Ok(clean) = clean_text(&text, 30) {
                prop_assert!(!clean.contains(|c| is_control(c) && !matches!(c, '\n' | '\t')));
                prop_assert!(clean.chars().count() <= 30 && clean.trim() == clean);
                prop_assert_eq!(clean_text(&clean, 30), Ok(clean.clone()));
            }
            if let Ok(clean) = clean_body(&text, 30) {
                prop_assert!(!clean.contains(|c| is_control(c) && !matches!(c, '\n' | '\t')));
                let lines = text.replace("\r\n", "\n").replace('\r', "\n");
                prop_assert!(clean.is_empty() || lines.nfc().eq(clean.chars()));
                prop_assert_eq!(clean_body(&clean, 30), Ok(clean.clone()));
            }
        }
    }
}
