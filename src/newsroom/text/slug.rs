//! Slugs: format check, and generation from a headline (transliteration to ASCII, cut between words). Pure.
//!
//! A slug is the last segment of a public URL: a to z, digits and single hyphens, at most 200 characters. Who owns a
//! slug is in `slug_registry`.

use deunicode::deunicode;

use super::is_control;

/// Characters of a slug at most.
pub const MAX_LENGTH: usize = 200;

/// Characters of a slug that is made from a headline at most.
const MAX_GENERATED: usize = 80;

/// Characters of a headline that are looked at.
const MAX_HEADLINE: usize = 1000;

/// Where a headline has nothing that could stand in a slug.
const FALLBACK: &str = "release";

/// A slug made from a headline or name: written in ASCII, cut between words. Never empty.
pub fn from_headline(headline: &str) -> String {
    // Line breaks part words; the transliteration would lose some of them.
    let headline_start: String =
        headline.chars().take(MAX_HEADLINE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut slug = String::with_capacity(MAX_GENERATED);
    // An apostrophe joins: "workers' day" has the words workers and day.
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

/// Whether a text is a slug; what is wrong and what to write instead, otherwise.
pub fn check(slug: &str) -> Result<(), String> {
    if slug.is_empty() {
        return Err(
            "the slug is empty: write at least one letter or digit, or leave it out to have one made".to_owned()
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
            "\"{excerpt}\" has {} characters, and a slug at most {MAX_LENGTH}: shorten it",
            slug.len()
        ));
    }
    let suggestion = from_headline(slug);
    Err(format!(
        "\"{excerpt}\" is not a slug: use lower-case letters a to z, digits and single hyphens between them, for example \
         \"{suggestion}\""
    ))
}

/// A variant of a slug: `base-2`. The base is cut where the whole would be too long.
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
