//! Cuts the words of a query in scripts that do not separate words, with the dictionaries and models of ICU4X.

use std::sync::LazyLock;

use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed, options::WordBreakInvariantOptions};

static SEGMENTER: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));

/// Returns the words of a text that consists of characters of such scripts only: byte ranges without gaps.
pub fn words(text: &str) -> Vec<&str> {
    let breaks: Vec<usize> = SEGMENTER.segment_str(text).collect();
    breaks.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_queries_are_cut() {
        assert_eq!(words("国际劳工组织"), ["国际", "劳工", "组织"]);
        // The model cuts a compound at another place than a dictionary would.
        assert_eq!(words("แรงงานระหว่างประเทศ"), ["แรง", "งาน", "ระหว่าง", "ประเทศ"]);
        assert!(words("អង្គការពលកម្មអន្តរជាតិ").contains(&"ពលកម្ម"));
        assert_eq!(words(""), [] as [&str; 0]);
    }
}
