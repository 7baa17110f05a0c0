//! Texts as they are kept: trimmed, in Unicode NFC, without control characters, no longer than allowed.

use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Why a text cannot be taken. Reads on from the name of its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextFault {
    /// It has a character that is no text.
    Control {
        /// Which.
        character: char,
        /// Where, in characters from 1.
        position: usize,
    },
    /// It is too long.
    TooLong {
        /// Characters allowed.
        max: usize,
    },
}

impl fmt::Display for TextFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control { character, position } => {
                write!(
                    f,
                    "has the control character U+{:04X} at character {position}: take it out",
                    u32::from(*character)
                )
            }
            Self::TooLong { max } => write!(f, "is longer than {max} characters: shorten it"),
        }
    }
}

/// A text of one line, at most `max` characters. Line breaks and tabs, as copied texts have them, become blanks, and several
/// blanks one.
pub fn clean_line(value: &str, max: usize) -> Result<String, TextFault> {
    if value.len() > max.saturating_mul(16) {
        return Err(TextFault::TooLong { max });
    }
    let is_blank = |c: char| matches!(c, ' ' | '\n' | '\r' | '\t');
    if value.contains(['\n', '\r', '\t']) || value.contains("  ") {
        let words: Vec<&str> = value.split(is_blank).filter(|word| !word.is_empty()).collect();
        return clean(&words.join(" "), max, |_| false);
    }
    clean(value, max, |_| false)
}

/// A text of several lines, at most `max` characters. Line breaks become `\n`.
pub fn clean_text(value: &str, max: usize) -> Result<String, TextFault> {
    // A character takes four bytes at most, and a carriage return is never kept: this much cannot shrink to fit.
    if value.len() > max.saturating_mul(8) {
        return Err(TextFault::TooLong { max });
    }
    let value = if value.contains('\r') { value.replace("\r\n", "\n").replace('\r', "\n") } else { value.to_owned() };
    clean(&value, max, |c| matches!(c, '\n' | '\t'))
}

fn clean(value: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<String, TextFault> {
    let value = value.trim();
    // Normalising shrinks by less than this.
    if value.len() > max.saturating_mul(16) {
        return Err(TextFault::TooLong { max });
    }
    let found = value.chars().enumerate().find(|&(_, c)| is_control(c) && !allowed(c));
    if let Some((index, character)) = found {
        return Err(TextFault::Control { character, position: index + 1 });
    }
    let text: String =
        if is_nfc_quick(value.chars()) == IsNormalized::Yes { value.to_owned() } else { value.nfc().collect() };
    if text.chars().nth(max).is_some() { Err(TextFault::TooLong { max }) } else { Ok(text) }
}

/// Controls (Unicode Cc), line and paragraph separators, what turns the direction of the text around it (UAX #9: embeddings,
/// overrides, isolates), the byte order mark and noncharacters. Joiners and direction marks are text: Persian, Hindi and
/// Hebrew are not written without them.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_trimmed_and_composed() {
        assert_eq!(clean_line("  Cafe\u{301} ", 4), Ok("Café".to_owned()));
        assert_eq!(clean_text("a\r\nb\rc\td\n", 100), Ok("a\nb\nc\td".to_owned()));
        assert_eq!(clean_line("Two\n  lines\tand  blanks ", 100), Ok("Two lines and blanks".to_owned()));
        assert_eq!(clean_line("می\u{200C}خواهم", 100), Ok("می\u{200C}خواهم".to_owned()));
    }

    #[test]
    fn control_characters_are_refused_with_their_place() {
        for (text, character, position) in [
            ("a\0b", '\0', 2),
            ("ab\u{7}", '\u{7}', 3),
            ("a\u{85}b", '\u{85}', 2),
            ("a\u{202E}b", '\u{202E}', 2),
            ("x\u{FFFE}y", '\u{FFFE}', 2),
        ] {
            assert_eq!(clean_line(text, 100), Err(TextFault::Control { character, position }));
        }
        assert_eq!(clean_text("a\n\0", 100), Err(TextFault::Control { character: '\0', position: 3 }));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(clean_line(&"é".repeat(500), 500).is_ok());
        assert_eq!(clean_line(&"é".repeat(501), 500), Err(TextFault::TooLong { max: 500 }));
        assert_eq!(clean_line(&"x".repeat(10_000_000), 500), Err(TextFault::TooLong { max: 500 }));
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(text in "\\PC{0,60}") {
            if let Ok(clean) = clean_line(&text, 100) {
                prop_assert_eq!(clean_line(&clean, 100), Ok(clean.clone()));
            }
        }
    }
}
