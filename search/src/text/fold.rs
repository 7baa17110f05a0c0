//! Folding: two texts that differ only in case, accents or invisible characters fold to the same text.
//!
//! `fold` is idempotent. It applies NFKD decomposition and full case folding, removes accents and invisible
//! characters, and replaces Latin letters that do not decompose with ASCII letters. The Unicode data is compiled in,
//! so the result is the same on all servers and with both databases.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, IndicSyllabicCategory, JoiningType, Script,
    },
};

/// Folds a text for comparison: texts that differ only in case or accents fold to the same text. Folding is
/// idempotent.
///
/// - Decomposition (NFKD) and full case folding (UAX #44, `Case_Folding`): ß becomes ss, final sigma becomes sigma.
/// - Accents, invisible characters and characters that only lengthen a word (Arabic tatweel) are removed. In the
///   scripts of India and South East Asia, vowel signs and signs that join consonants count as letters and stay,
///   while tone marks and nukta count as accents.
/// - Unicode does not decompose letters with a stroke (đ, ł, ø), ligatures (æ, œ) and similar letters (ð, þ, ı).
///   Latin letters of this sort become the ASCII letters that slugs use for them.
/// - Typographic apostrophes become straight apostrophes.
///
/// Collation keys at primary strength are similar, but they cannot answer "contains", because the key of a substring
/// is not a substring of the key. They also distinguish ı from i, and þ from th.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let decomposed = normalizer.normalize(text);
    let lower = CaseMapper::new().fold_string(&decomposed);
    let mut folded = String::with_capacity(lower.len());
    for c in lower.chars() {
        match c {
            _ if c.is_ascii() => folded.push(c),
            '‘' | '’' | '‛' | 'ʻ' | 'ʼ' => folded.push('\''),
            _ if is_dropped(c) => {}
            _ => match latin_to_ascii(c) {
                Some(letters) => folded.extend(letters.chars().map(|c| c.to_ascii_lowercase())),
                None => folded.push(c),
            },
        }
    }
    // Removing a character can put combining marks next to each other in an order that is not canonical.
    match normalizer.normalize(&folded) {
        Cow::Borrowed(_) => folded,
        Cow::Owned(ordered) => ordered,
    }
}

/// Returns whether folding removes a character. The character comes from a decomposed text.
fn is_dropped(c: char) -> bool {
    if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || CodePointMapData::<JoiningType>::new().get(c) == JoiningType::JoinCausing
    {
        return true;
    }
    let is_accent = || {
        use IndicSyllabicCategory as Category;
        let category = CodePointMapData::<Category>::new().get(c);
        matches!(
            category,
            Category::Other
                | Category::Nukta
                | Category::ToneMark
                | Category::CantillationMark
                | Category::SyllableModifier
        )
    };
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c)) && is_accent()
}

/// Returns the ASCII letters for a Latin letter that does not decompose, or `None` if it has no ASCII equivalent.
fn latin_to_ascii(c: char) -> Option<&'static str> {
    if CodePointMapData::<Script>::new().get(c) != Script::Latin {
        return None;
    }
    deunicode::deunicode_char(c).filter(|ascii| !ascii.is_empty() && ascii.bytes().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding_ignores_case_and_accents() {
        for (a, b) in [
            ("Côte d’Ivoire", "CÔTE D'IVOIRE"),
            ("Türkiye", "turkiye"),
            ("Ｌａｏ", "lao"),
            ("Đà Nẵng", "da nang"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("Łódź", "lodz"),
            ("Tromsø", "TROMSO"),
            ("Ærø", "aero"),
            ("Œuvre", "oeuvre"),
            ("Seyðisfjörður", "seydisfjordur"),
            ("Þingvellir", "THINGVELLIR"),
            ("Isparta", "ısparta"),
            ("İstanbul", "ISTANBUL"),
            ("Ħamrun", "hamrun"),
            ("ﬁnance", "FINANCE"),
            ("ΣΊΣΥΦΟΣ", "σισυφος"),
            ("ᾠδή", "ΩΙΔΗ"),
            ("Київ", "КИІВ"),
            ("آفاق", "افاق"),
            ("منظـمة", "مُنَظَّمة"),
            ("שָׁלוֹם", "שלום"),
            ("ข้าว", "ขาว"),
            ("ज़मीन", "जमीन"),
            ("プラ", "フラ"),
            ("ﾌﾟﾗ", "プラ"),
            ("می\u{200C}خواهم", "میخواهم"),
            ("co\u{AD}operation", "cooperation"),
            ("Hawaiʻi", "Hawai'i"),
        ] {
            assert_eq!(fold(a), fold(b), "{a}, {b}");
        }
    }

    #[test]
    fn folding_keeps_different_letters_apart() {
        for (a, b) in [
            ("กิน", "กน"),
            ("कि", "क"),
            ("कु", "की"),
            ("កុន", "កន"),
            ("ລີ", "ລ"),
            ("Lima", "Lama"),
            ("й", "j"),
            ("क्ष", "कष"),
        ] {
            assert_ne!(fold(a), fold(b), "{a}, {b}");
        }
    }

    #[test]
    fn folding_every_character_is_idempotent_and_ignores_case() {
        for c in '\0'..=char::MAX {
            let folded = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&folded), folded, "{c:?}");
            assert_eq!(fold(&c.to_lowercase().to_string()), folded, "{c:?}");
            assert_eq!(fold(&c.to_uppercase().to_string()), folded, "{c:?}");
        }
    }

    #[test]
    fn an_iota_subscript_folds_behind_the_other_marks_of_its_letter() {
        assert_eq!(fold("ῂ\u{1939}"), "η\u{1939}ι");
        assert_eq!(fold("η\u{1939}\u{300}\u{345}"), "η\u{1939}ι");
    }

    #[test]
    fn marks_around_a_dropped_character_are_reordered() {
        assert_eq!(fold("ก\u{0E38}\u{200B}\u{0E3A}"), "ก\u{0E3A}\u{0E38}");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_ignores_case(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone());
            // The test decomposes the text before it changes the case (Unicode definition D145). The iota subscript
            // of "ῂ" is a mark that is ordered after other marks, but uppercasing turns it into a capital iota, which
            // is a letter.
            let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(&text);
            prop_assert_eq!(fold(&decomposed.to_lowercase()), folded.clone());
            prop_assert_eq!(fold(&decomposed.to_uppercase()), folded.clone());
        }

        #[test]
        fn folding_marks_is_idempotent_despite_dropped_characters(text in "[\u{0E38}\u{0E3A}\u{200B}\u{0F71}\u{0F74}กa\u{0301}\u{00AD}\u{0640}]{0,8}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded.clone());
            prop_assert_eq!(fold(&text.replace(['\u{200B}', '\u{AD}', '\u{640}'], "")), folded.clone());
        }
    }
}
