//! Stemmers by language. The stem of a word is what its inflected forms have in common: "elections" and "election"
//! have the stem "elect".

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};
use icu_normalizer::ComposingNormalizerBorrowed;

use super::fold::fold;

/// Primary language subtags (BCP 47) and their Snowball stemmers. The position in this table is stored in the index:
/// append new languages, and raise `index::FORMAT` when an entry changes.
const STEMMERS: &[(&str, Algorithm)] = &[
    ("ar", Algorithm::Arabic),
    ("hy", Algorithm::Armenian),
    ("eu", Algorithm::Basque),
    ("ca", Algorithm::Catalan),
    ("cs", Algorithm::Czech),
    ("da", Algorithm::Danish),
    ("nl", Algorithm::Dutch),
    ("en", Algorithm::English),
    ("eo", Algorithm::Esperanto),
    ("et", Algorithm::Estonian),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("de", Algorithm::German),
    ("el", Algorithm::Greek),
    ("hi", Algorithm::Hindi),
    ("hu", Algorithm::Hungarian),
    ("id", Algorithm::Indonesian),
    ("ga", Algorithm::Irish),
    ("it", Algorithm::Italian),
    ("lt", Algorithm::Lithuanian),
    ("ne", Algorithm::Nepali),
    ("no", Algorithm::Norwegian),
    ("fa", Algorithm::Persian),
    ("pl", Algorithm::Polish),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("sr", Algorithm::Serbian),
    ("st", Algorithm::Sesotho),
    ("es", Algorithm::Spanish),
    ("sv", Algorithm::Swedish),
    ("ta", Algorithm::Tamil),
    ("tr", Algorithm::Turkish),
    ("yi", Algorithm::Yiddish),
];

/// Subtags that use the stemmer of another subtag.
const ALIASES: &[(&str, &str)] = &[("nb", "no"), ("nn", "no"), ("bs", "sr"), ("hr", "sr"), ("ms", "id")];

/// The shortest word that is stemmed, in characters.
const MIN_STEMMED: usize = 3;

/// A language with regard to stemming: 0 for a language without a stemmer, otherwise the position in `STEMMERS`
/// plus 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(u8);

impl Language {
    /// Returns the language of a BCP 47 tag. Only the primary subtag counts.
    pub fn of_tag(tag: &str) -> Self {
        let subtag = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let subtag = ALIASES.iter().find(|(alias, _)| *alias == subtag).map_or(subtag.as_str(), |(_, subtag)| subtag);
        let position = STEMMERS.iter().position(|(known, _)| *known == subtag);
        Self(position.map_or(0, |position| position as u8 + 1))
    }

    /// Returns the language with a number from the index. Unknown numbers have no stemmer.
    pub fn from_number(number: u64) -> Self {
        Self(u8::try_from(number).ok().filter(|&number| usize::from(number) <= STEMMERS.len()).unwrap_or(0))
    }

    /// Returns the number of the language in the index.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Returns the folded stem of a word as it is written in a text. Returns `None` if the language has no stemmer,
    /// or if the word is a number, a code or shorter than three letters.
    pub fn stem(self, word: &str) -> Option<String> {
        let (_, algorithm) = STEMMERS.get(usize::from(self.0).checked_sub(1)?)?;
        if word.chars().any(char::is_numeric) || word.chars().nth(MIN_STEMMED - 1).is_none() {
            return None;
        }
        // The stemmers expect composed lowercase letters.
        let lower = word.to_lowercase();
        let composed = if lower.is_ascii() {
            Cow::Borrowed(lower.as_str())
        } else {
            ComposingNormalizerBorrowed::new_nfc().normalize(&lower)
        };
        let composed = composed.replace('’', "'");
        let stem = fold(&Stemmer::new(*algorithm).stem(&composed));
        (!stem.is_empty()).then_some(stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(tag: &str, words: &[&str]) {
        let language = Language::of_tag(tag);
        let stems: Vec<_> = words.iter().map(|word| language.stem(word).unwrap_or_else(|| panic!("{word}"))).collect();
        assert!(stems.iter().all(|stem| *stem == stems[0]), "{tag}: {words:?} have the stems {stems:?}");
    }

    #[test]
    fn inflected_forms_share_a_stem() {
        same("en", &["refugee", "refugees", "Refugees"]);
        same("en-GB", &["employee", "employees"]);
        same("fr", &["publié", "publiée", "publiées"]);
        same("fr", &["élection", "élections", "ÉLECTIONS"]);
        same("de", &["Wahl", "Wahlen"]);
        same("ru", &["выборы", "выборов"]);
        same("es", &["elección", "elecciones"]);
        same("nb", &["valg", "valget"]);
        same("pt-BR", &["trabalhador", "trabalhadores"]);
    }

    #[test]
    fn news_is_not_the_plural_of_new() {
        let english = Language::of_tag("en");
        assert_ne!(english.stem("news"), english.stem("new"));
    }

    #[test]
    fn numbers_codes_and_short_words_have_no_stem() {
        let english = Language::of_tag("en");
        for word in ["2006", "G20s", "as", "12.5kg"] {
            assert_eq!(english.stem(word), None, "{word}");
        }
        assert_eq!(Language::of_tag("km").stem("elections"), None);
        assert_eq!(Language::from_number(200), Language::default());
    }

    #[test]
    fn every_language_of_the_table_is_found_by_its_subtag() {
        for (index, (subtag, _)) in STEMMERS.iter().enumerate() {
            assert_eq!(usize::from(Language::of_tag(subtag).number()), index + 1);
        }
        for (alias, subtag) in ALIASES {
            assert_eq!(Language::of_tag(alias), Language::of_tag(subtag));
        }
    }
}
