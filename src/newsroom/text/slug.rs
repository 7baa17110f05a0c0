//! Slugs: checks their format, and generates a slug from a headline (transliterated to ASCII, cut between words). All
//! functions are pure.
//!
//! A slug is the last segment of a public URL: a to z, digits and single hyphens, at most 200 characters.
//! `slug_registry` records the owner of each slug.

use deunicode::deunicode;

use super::is_control;

/// Maximum length of a slug, in characters.
pub const MAX_LENGTH: usize = 200;

/// Maximum length of a slug generated from a headline, in characters.
const MAX_GENERATED: usize = 80;

/// Maximum number of characters of a headline from which a slug is generated. The rest of the headline is ignored.
const MAX_HEADLINE: usize = 1000;

/// The slug for a headline from which no letter or digit remains after transliteration.
const FALLBACK: &str = "release";

/// Generates a slug from a headline or name: transliterates it to ASCII and cuts it between words. The result
/// is never empty.
pub fn from_headline(headline: &str) -> String {
    // Line breaks separate words, but `deunicode` drops some of them. Every control character therefore becomes a
    // space first.
    let headline_start: String =
        headline.chars().take(MAX_HEADLINE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut slug = String::with_capacity(MAX_GENERATED);
    // An apostrophe does not separate words: "workers' day" has the words "workers" and "day".
    let ascii = deunicode(&headline_start).to_ascii_lowercase().replace('\'', "");
    for word in ascii.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.is_empty() {
            slug.push_str(&word[..word.len().min(MAX_GENERATED)]);
        } else if slug.len() + 1 + word.len() <= MAX_GENERATED {
            slug.push('-');
            slug.push_str(word);
        } else {
            break;
        }
    }
    if slug.is_empty() { FALLBACK.to_owned() } else { slug }
}

/// Checks that a text is a valid slug. Otherwise returns an error message that says what is wrong. If the format is
/// wrong, the message also suggests a valid slug.
pub fn check(slug: &str) -> Result<(), String> {
    if slug.is_empty() {
        return Err(
            "the slug is empty: write at least one letter or digit, or omit it to have one generated".to_owned()
        );
    }
    let letters = slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    let hyphens = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    if letters && hyphens && slug.len() <= MAX_LENGTH {
        return Ok(());
    }
    let mut excerpt: String = slug.chars().filter(|&c| !is_control(c)).take(60).collect();
    if slug.chars().nth(60).is_some() {
        excerpt.push('…');
    }
    if letters && hyphens {
        return Err(format!(
            "\"{excerpt}\" has {} characters; a slug has at most {MAX_LENGTH}: shorten it",
            slug.len()
        ));
    }
    let suggestion = from_headline(slug);
    Err(format!(
        "\"{excerpt}\" is not a slug: use lower-case letters a to z, digits and single hyphens between them, for example \
         \"{suggestion}\""
    ))
}

/// Returns a numbered variant of a slug, for example `base-2`. Truncates `base` if the variant would be longer than
/// `MAX_LENGTH`.
pub fn numbered(base: &str, n: u32) -> String {
    let tail = format!("-{n}");
    let base = base[..base.floor_char_boundary(MAX_LENGTH - tail.len())].trim_end_matches('-');
    format!("{}{tail}", if base.is_empty() { FALLBACK } else { base })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::fold;

    #[test]
    fn headlines_become_slugs() {
        for (headline, slug) in [
            ("Child labour declines in Asia - ILO report", "child-labour-declines-in-asia-ilo-report"),
            ("Workers’ Day: Ça va à Genève!", "workers-day-ca-va-a-geneve"),
            ("  --Zwei_Wörter--  ", "zwei-worter"),
            ("Прощай, оружие", "proshchai-oruzhie"),
            ("2006/05/08", "2006-05-08"),
            ("a\0b\u{202E}c é\nd", "a-bc-e-d"),
        ] {
            assert_eq!(from_headline(headline), slug);
        }
    }

    #[test]
    fn slugs_and_folded_labels_transliterate_letters_alike() {
        for letter in "đłøæœðþıħŧ".chars().map(String::from) {
            assert_eq!(fold(&letter), from_headline(&letter), "{letter}");
        }
    }

    #[test]
    fn a_headline_without_letters_gets_the_fallback_slug() {
        for headline in ["", "!!!", " \n", "\u{200D}", "\u{E000}\u{10FFFF}"] {
            assert_eq!(from_headline(headline), "release", "{headline:?}");
        }
    }

    #[test]
    fn long_headlines_are_cut_between_words() {
        let slug = from_headline("abcd efgh ".repeat(20).as_str());
        assert_eq!(slug, format!("{}abcd-efgh", "abcd-efgh-".repeat(7)));
        assert_eq!(from_headline(&"x".repeat(100)), "x".repeat(80));
        assert_eq!(from_headline(&"字".repeat(10_000_000)).len(), 80);
    }

    #[test]
    fn invalid_slugs_are_rejected_with_a_suggestion() {
        let message = check("My slug").unwrap_err();
        assert!(
            message.starts_with("\"My slug\" is not a slug") && message.ends_with("for example \"my-slug\""),
            "{message}"
        );
        for wrong in ["-a", "a-", "a--b", "a_b", "ä", "a\0b", "A", "a b", " a", "a\n", "-", "а", "a/b", "a.b", "a%20b"]
        {
            let message = check(wrong).unwrap_err();
            let suggestion = message.split('"').nth_back(1).unwrap();
            assert_eq!(check(suggestion), Ok(()), "{wrong:?}: {message}");
            assert!(!message.contains(is_control), "{message:?}");
        }
        assert!(check("").unwrap_err().contains("empty"));
    }

    #[test]
    fn a_slug_has_at_most_two_hundred_characters() {
        assert_eq!(check(&"a".repeat(200)), Ok(()));
        let message = check(&"a".repeat(201)).unwrap_err();
        assert!(message.contains("201 characters") && message.contains("at most 200"), "{message}");
        assert!(check(&"Ä ".repeat(1_000_000)).unwrap_err().len() < 500);
    }

    #[test]
    fn numbered_variants_are_valid_slugs() {
        assert_eq!(numbered("a-b", 2), "a-b-2");
        assert_eq!(numbered(&"a".repeat(200), 60), format!("{}-60", "a".repeat(197)));
        assert_eq!(numbered(&format!("{}-b", "a".repeat(197)), 2), format!("{}-2", "a".repeat(197)));
        assert_eq!(numbered("", 3), "release-3");
    }

    proptest! {
        #[test]
        fn every_headline_gives_a_valid_slug(headline in any::<String>()) {
            let slug = from_headline(&headline);
            prop_assert_eq!(check(&slug), Ok(()));
            prop_assert!(slug.len() <= MAX_GENERATED);
            prop_assert_eq!(from_headline(&slug), slug);
        }

        #[test]
        fn check_and_numbered_never_panic(text in any::<String>(), n in any::<u32>()) {
            let variant = numbered(&text, n);
            prop_assert!(variant.len() <= MAX_LENGTH);
            if let Err(message) = check(&text) {
                prop_assert!(message.len() < 600);
            } else {
                prop_assert_eq!(check(&variant), Ok(()));
            }
        }
    }
}
