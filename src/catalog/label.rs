//! How labels compare: without case and without accents, the same on both databases because it is decided here.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text folded for comparison: compatibility-decomposed (NFKD), combining marks dropped, lower case.
pub fn fold(text: &str) -> String {
    text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(fold("Côte d’Ivoire"), fold("CÔTE D’IVOIRE"));
        assert_eq!(fold("Türkiye"), "turkiye");
        assert_eq!(fold("Ｌａｏ"), "lao");
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for c in '\0'..=char::MAX {
            let once = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "{c:?}");
        }
    }
}
