//! Words of a plain text, by Unicode segmentation (UAX #29).

use icu_properties::{CodePointMapData, props::GeneralCategory};
use icu_segmenter::{WordSegmenter, options::WordBreakInvariantOptions};

/// Counts the words of a plain text: the segments between word boundaries (UAX #29) that contain a letter or a
/// decimal digit.
///
/// Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces between words. For them, boundaries are
/// found with the dictionaries of ICU, longest match first. The neural networks (LSTM) of ICU find some words better,
/// but are about a hundred times slower: three megabytes of Thai would take five seconds. The running time is
/// proportional to the length of the text, whatever its content.
pub fn word_count(text: &str) -> usize {
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut begin = 0;
    let is_word = |&end: &usize| {
        // `is_word_like` is not used: in ICU4X 2.4 it is false for words that end with a combining mark, which are
        // common in Hindi.
        let segment = &text[begin..end];
        begin = end;
        segment.chars().any(|c| c.is_alphabetic() || is_digit(c))
    };
    segmenter.segment_str(text).filter(is_word).count()
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_every_script() {
        for (text, words) in [
            ("", 0),
            ("One two — three, 4!", 4),
            ("one—two three", 3),
            ("one…two", 2),
            ("either/or", 2),
            ("don't, don’t", 2),
            ("3.14 and 1,000,000", 3),
            ("The U.S. official of the U.S.", 6),
            ("state-of-the-art", 4),
            ("rock ’n’ roll", 3),
            ("aujourd'hui, naïve cafe\u{301}", 3),
            ("3.5 % — 7%", 2),
            ("... --- \u{A0} *", 0),
            ("🙂 👩\u{200D}👩\u{200D}👧 🇨🇭", 0),
            ("Привет, мир", 2),
            ("سلام دنیا", 2),
            ("שלום עולם", 2),
            ("हिन्दी में समाचार", 3),
            ("বাংলা ভাষা", 2),
            ("தமிழ் மொழி", 2),
            ("ไทย ๓ ข่าว", 3),
            ("½ ① ₂", 0),
            ("한국 노동", 2),
            ("국제노동기구는 화요일에 발표했다", 3),
            ("国际劳工组织发布就业报告", 6),
            ("世界の労働、2006年。", 5),
            ("私は学生です", 4),
            ("ILO報告ILO", 3),
            ("カタカナ・ー", 2),
            ("องค์การแรงงานระหว่างประเทศ", 4),
            ("ผมกินข้าวที่บ้าน", 5),
            ("អង្គការពលកម្មអន្តរជាតិ", 3),
            ("ພາສາລາວ", 2),
        ] {
            assert_eq!(word_count(text), words, "{text}");
        }
    }

    #[test]
    fn long_texts_without_spaces_have_the_words_of_their_parts() {
        for (part, words) in
            [("国际劳工组织发布就业报告", 6), ("องค์การแรงงานระหว่างประเทศ", 4), ("អង្គការពលកម្មអន្តរជាតិ", 3), ("ILO", 0)]
        {
            assert_eq!(word_count(&part.repeat(30_000)), (words * 30_000).max(1), "{part}");
        }
    }
}
