//! Control characters in imported text: replaces C1 controls with the corresponding Windows-1252 characters, and
//! removes all other control characters.
//!
//! The import report counts the replaced and the removed characters. C1 controls appear when Windows-1252 text was
//! decoded as ISO 8859-1. The mapping is that of the HTML standard. If an editor enters a control character, the
//! parent module rejects the text instead.

use super::is_control;

/// The Windows-1252 characters for the bytes 0x80 to 0x9F. A space marks each of the five undefined bytes.
const WINDOWS_1252: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/// Numbers of control characters that were replaced or removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControlCount {
    /// Number of C1 controls that were replaced with Windows-1252 characters.
    pub mapped: u64,
    /// Number of control characters that were removed.
    pub removed: u64,
}

impl ControlCount {
    /// Whether no control character was found.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl std::ops::AddAssign for ControlCount {
    fn add_assign(&mut self, other: Self) {
        self.mapped += other.mapped;
        self.removed += other.removed;
    }
}

/// Replaces each character from U+0080 to U+009F with the Windows-1252 character of the same code. Five of these
/// codes are undefined in Windows-1252; their characters are removed. Also removes every other control character
/// except tab, line feed and carriage return. A text that needs no change is scanned once and not copied.
pub fn replace_controls(text: &mut String) -> ControlCount {
    let mut count = ControlCount::default();
    if !text.contains(is_disallowed_control) {
        return count;
    }
    let replaced = text.chars().filter_map(|c| {
        if !is_disallowed_control(c) {
            return Some(c);
        }
        let replacement = u32::from(c).checked_sub(0x80).and_then(|index| WINDOWS_1252.chars().nth(index as usize));
        let replacement = replacement.filter(|&replacement| replacement != ' ');
        if replacement.is_some() {
            count.mapped += 1;
        } else {
            count.removed += 1;
        }
        replacement
    });
    *text = replaced.collect();
    count
}

fn is_disallowed_control(c: char) -> bool {
    is_control(c) && !matches!(c, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced(text: &str) -> (String, u64, u64) {
        let mut text = text.to_owned();
        let ControlCount { mapped, removed } = replace_controls(&mut text);
        (text, mapped, removed)
    }

    #[test]
    fn c1_controls_are_mapped_from_windows_1252_as_in_the_html_standard() {
        let expected = [
            0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
            0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
            0x0153, 0, 0x017E, 0x0178,
        ];
        for (number, replacement) in (0x80..=0x9F).zip(expected) {
            let control = char::from_u32(number).unwrap();
            let (text, mapped, removed) = replaced(&format!("a{control}b"));
            let actual = text.chars().nth(1).filter(|c| *c != 'b').map_or(0, u32::from);
            assert_eq!(
                (actual, mapped, removed),
                (replacement, u64::from(replacement > 0), u64::from(replacement == 0)),
                "U+{number:04X}"
            );
        }
    }

    #[test]
    fn other_control_characters_are_removed_and_counted() {
        assert_eq!(replaced("l\u{92}ecole\u{0}\u{1B}\u{7F}\u{81}"), ("l’ecole".to_owned(), 1, 4));
        assert_eq!(replaced("a\u{2028}b\u{202E}c\u{FEFF}d\u{FFFF}e\u{FDD0}"), ("abcde".to_owned(), 0, 5));
        assert_eq!(
            replaced("a\tb\nc\r\nd 👩\u{200D}👧 \u{A0}é"),
            ("a\tb\nc\r\nd 👩\u{200D}👧 \u{A0}é".to_owned(), 0, 0)
        );
    }

    proptest! {
        #[test]
        fn no_control_character_remains_and_the_count_matches(text in any::<String>()) {
            let before = text.chars().count() as u64;
            let (after, _, removed) = replaced(&text);
            prop_assert!(!after.contains(is_disallowed_control));
            prop_assert_eq!(after.chars().count() as u64 + removed, before);
            prop_assert_eq!(replaced(&after), (after, 0, 0));
        }
    }
}
