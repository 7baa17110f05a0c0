//! Tokens: the units that the index contains and that queries look up.
//!
//! A token is a run of letters, digits and their marks: a word, a number or a code. In scripts that do not separate
//! words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), each character is a token of its own, so a word is found as
//! a phrase of tokens, wherever a segmenter would cut the text.

use std::iter::Peekable;
use std::str::CharIndices;

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup, LineBreak, Script},
};

use super::fold::fold;

/// Maximum length of a token in characters. Longer tokens are cut, in texts and in queries.
const MAX_CHARS: usize = 64;

/// A token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Byte offset of the token in the text.
    pub start: usize,
    /// The token as it is written, without characters after the maximum length.
    pub written: &'a str,
    /// The folded token, which the index contains.
    pub folded: String,
    /// Whether the token is a single character of a script that does not separate words.
    pub is_character: bool,
}

impl Token<'_> {
    /// Returns the byte offset of the end of the token in the text.
    pub fn end(&self) -> usize {
        self.start + self.written.len()
    }
}

/// Classes of characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or digit of a word.
    Word,
    /// A character of a script that does not separate words.
    Character,
    /// A mark or an invisible character: part of the token before it.
    Extend,
    /// Anything else: separates tokens.
    Separator,
}

/// Returns the tokens of a text in order.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, chars: text.char_indices().peekable() }
}

/// Iterator over the tokens of a text.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (start, first) = self.chars.next()?;
            let class = class(first);
            let end = match class {
                Class::Word => self.end_of_word(start, first),
                Class::Character => self.end_of_marks(start + first.len_utf8()),
                Class::Extend | Class::Separator => continue,
            };
            let written = cut(&self.text[start..end]);
            let folded = normalize(written);
            // A token can consist of nothing but characters that folding removes.
            if !folded.is_empty() {
                return Some(Token { start, written, folded, is_character: class == Class::Character });
            }
        }
    }
}

impl Tokens<'_> {
    /// Consumes the rest of a word and returns its end.
    fn end_of_word(&mut self, start: usize, first: char) -> usize {
        let (mut end, mut previous) = (start + first.len_utf8(), first);
        // Number of letters since the start of the word or since the last full stop in it.
        let mut letters = 1;
        let mut only_single_letters = first.is_alphabetic();
        while let Some(&(index, c)) = self.chars.peek() {
            match class(c) {
                Class::Word => {
                    letters += 1;
                    only_single_letters &= letters == 1 && c.is_alphabetic();
                    previous = c;
                }
                Class::Extend => {}
                Class::Separator if matches!(c, '.' | ',' | '٫' | '٬') => {
                    let mut rest = self.text[index + c.len_utf8()..].chars();
                    let next = rest.next().unwrap_or(' ');
                    let in_number = previous.is_numeric() && next.is_numeric();
                    // "U.S.", but not "example.org" and not "end.Next".
                    let in_abbreviation = c == '.'
                        && only_single_letters
                        && letters == 1
                        && next.is_alphabetic()
                        && rest
                            .map(class)
                            .find(|&class| class != Class::Extend)
                            .is_none_or(|class| class == Class::Separator);
                    if !in_number && !in_abbreviation {
                        return end;
                    }
                    letters = 0;
                }
                Class::Character | Class::Separator => return end,
            }
            end = index + c.len_utf8();
            self.chars.next();
        }
        end
    }

    /// Consumes the marks after a character and returns their end.
    fn end_of_marks(&mut self, mut end: usize) -> usize {
        while let Some(&(index, c)) = self.chars.peek()
            && class(c) == Class::Extend
        {
            end = index + c.len_utf8();
            self.chars.next();
        }
        end
    }
}

/// Returns the class of a character.
fn class(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Word } else { Class::Separator };
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    if GeneralCategoryGroup::Mark.contains(category) || category == GeneralCategory::Format {
        return Class::Extend;
    }
    if !GeneralCategoryGroup::Letter.contains(category) && !GeneralCategoryGroup::Number.contains(category) {
        return Class::Separator;
    }
    let has_no_spaces = c >= '\u{E00}'
        && (CodePointMapData::<LineBreak>::new().get(c) == LineBreak::ComplexContext
            || matches!(CodePointMapData::<Script>::new().get(c), Script::Han | Script::Hiragana | Script::Katakana)
            || matches!(c, 'ー' | 'ｰ'));
    if has_no_spaces { Class::Character } else { Class::Word }
}

/// Cuts a token to the maximum length.
fn cut(token: &str) -> &str {
    if token.len() <= MAX_CHARS {
        return token;
    }
    token.char_indices().nth(MAX_CHARS).map_or(token, |(end, _)| &token[..end])
}

/// Folds a token. Full stops of abbreviations and separators of thousands are removed: "U.S." becomes "us", and
/// "1,000" becomes "1000".
fn normalize(written: &str) -> String {
    let folded = fold(written);
    if !folded.contains(['.', ',', '٫', '٬']) {
        return folded;
    }
    if !folded.contains(char::is_numeric) {
        return folded.replace('.', "");
    }
    let groups: Vec<&str> = folded.split(',').collect();
    let is_thousands = groups.len() > 1
        && groups[0].len() <= 3
        && groups[1..].iter().all(|group| group.split('.').next().is_some_and(|digits| digits.len() == 3));
    if is_thousands { groups.concat() } else { folded }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        tokens(text).map(|token| token.folded).collect()
    }

    #[test]
    fn words_end_at_spaces_hyphens_and_apostrophes() {
        assert_eq!(folded("Labour-market review, follow-up"), ["labour", "market", "review", "follow", "up"]);
        assert_eq!(folded("Workers’ rights in Côte d’Ivoire"), ["workers", "rights", "in", "cote", "d", "ivoire"]);
        assert_eq!(folded("workers' rights"), folded("workers rights"));
        assert_eq!(folded("see example.org. Next"), ["see", "example", "org", "next"]);
        assert_eq!(folded("co\u{AD}operation می\u{200C}خواهم"), ["cooperation", "میخواهم"]);
    }

    #[test]
    fn numbers_measures_and_dates() {
        assert_eq!(
            folded("12.5kg 12,5 1,000 1,234,567.89 2021-03-09"),
            ["12.5kg", "12,5", "1000", "1234567.89", "2021", "03", "09"]
        );
        assert_eq!(folded("COVID-19, G20. 7."), ["covid", "19", "g20", "7"]);
    }

    #[test]
    fn abbreviations_lose_their_full_stops() {
        assert_eq!(folded("the U.S. and the U.N. e.g. A. B"), ["the", "us", "and", "the", "un", "eg", "a", "b"]);
        assert_eq!(folded("plan B.Next"), ["plan", "b", "next"]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters() {
        assert_eq!(folded("国际劳工 ILO"), ["国", "际", "劳", "工", "ilo"]);
        assert_eq!(folded("カタカナ"), ["カ", "タ", "カ", "ナ"]);
        assert_eq!(folded("ข้าว"), ["ข", "า", "ว"]);
        assert_eq!(folded("ពលកម្ម").concat(), fold("ពលកម្ម"));
        assert!(tokens("劳工").all(|token| token.is_character));
    }

    #[test]
    fn emoji_and_punctuation_are_no_tokens() {
        assert_eq!(folded("📧 — ++_-=_@! \u{0}\u{301} …"), [] as [&str; 0]);
        assert_eq!(folded("++_-7=-_3@!"), ["7", "3"]);
    }

    #[test]
    fn long_tokens_are_cut() {
        let long = "a".repeat(10_000);
        assert_eq!(folded(&long), ["a".repeat(MAX_CHARS)]);
        assert_eq!(folded(&format!("{long} b")).len(), 2);
    }

    proptest! {
        #[test]
        fn tokens_are_in_order_and_offsets_are_of_the_text(text in any::<String>()) {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.start >= end);
                end = token.end();
                prop_assert_eq!(&text[token.start..end], token.written);
                prop_assert!(token.written.chars().count() <= MAX_CHARS);
            }
        }

        #[test]
        fn composed_and_decomposed_texts_have_the_same_tokens(text in "[a-zÀ-ſ0-9 .,'’อาข้ำ国ガрё-]{0,40}") {
            let decomposed = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&text).into_owned();
            prop_assert_eq!(folded(&text), folded(&decomposed));
        }
    }
}
