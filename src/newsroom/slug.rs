//! Slugs: the last part of a public address. Lower-case letters a to z, digits, single hyphens.

use deunicode::deunicode;

/// Characters of a slug at most.
pub const MAX: usize = 200;

/// Characters of a slug that is made from a headline at most.
const MAX_MADE: usize = 80;

/// A slug made from a headline or name: transliterated to ASCII, cut between words.
pub fn from_headline(headline: &str) -> String {
    let ascii = deunicode(headline).to_ascii_lowercase();
    let mut slug = String::with_capacity(MAX_MADE);
    // An apostrophe joins: "workers' day" has the words workers and day.
    for word in ascii.replace('\'', "").split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.is_empty() {
            slug.push_str(&word[..word.len().min(MAX_MADE)]);
        } else if slug.len() + 1 + word.len() <= MAX_MADE {
            slug.push('-');
            slug.push_str(word);
        } else {
            break;
        }
    }
    if slug.is_empty() { "release".to_owned() } else { slug }
}

/// Whether a text is a slug; what to write instead, otherwise.
pub fn check(slug: &str) -> Result<(), String> {
    let form = slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let hyphens = !slug.starts_with('-') && !slug.ends_with('-') && !slug.contains("--");
    if form && hyphens && (1..=MAX).contains(&slug.len()) {
        return Ok(());
    }
    let shown: String = slug.chars().filter(|c| !c.is_control()).take(60).collect();
    if slug.len() > MAX {
        return Err(format!("the slug \"{shown}…\" is longer than {MAX} characters: shorten it"));
    }
    Err(format!(
        "\"{shown}\" is not a slug: write lower-case letters a to z, digits and single hyphens, for example \"{}\"",
        from_headline(&shown)
    ))
}

/// A variant of a slug: `base-2`.
pub fn numbered(base: &str, number: u32) -> String {
    let tail = format!("-{number}");
    let base = &base[..base.len().min(MAX - tail.len())];
    format!("{}{tail}", base.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headlines_become_slugs() {
        assert_eq!(
            from_headline("Asia Pacific records decline in child labour - ILO Report"),
            "asia-pacific-records-decline-in-child-labour-ilo-report"
        );
        assert_eq!(from_headline("Workers’ Day: Ça va à Genève!"), "workers-day-ca-va-a-geneve");
        assert_eq!(from_headline("…"), from_headline("..."));
        assert_eq!(from_headline("!!!"), "release");
    }

    #[test]
    fn what_is_no_slug_is_told_with_a_proposal() {
        assert!(check("my-slug-2").is_ok());
        assert!(check("My Slug").unwrap_err().contains("\"my-slug\""));
        for wrong in ["", "-a", "a-", "a--b", "a_b", "ä", "a\0b", "A"] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
        assert!(check(&"a".repeat(201)).unwrap_err().contains("longer than 200"));
        assert!(check(&"a".repeat(200)).is_ok());
    }

    #[test]
    fn variants_are_slugs_too() {
        assert_eq!(numbered("a-b", 2), "a-b-2");
        assert!(check(&numbered(&"a".repeat(200), 60)).is_ok());
    }

    proptest! {
        #[test]
        fn every_headline_gives_a_slug(headline in ".{0,300}") {
            prop_assert!(check(&from_headline(&headline)).is_ok());
        }
    }
}
