//! Language tags (BCP 47, RFC 5646): checks that a tag is well-formed, normalizes its case, and lists its more
//! general fallbacks (RFC 4647).
//!
//! This module does not check whether a subtag is registered. It rejects irregular tags from before 2006, such as
//! `i-klingon`.

use std::{iter, ops::RangeInclusive};

use super::is_control;

/// Maximum length of a tag, in characters.
const MAX_LENGTH: usize = 64;

/// Returns the tag in canonical case, for example `en`, `pt-BR` or `zh-Hant`, or a message if it is not well-formed.
pub fn canonical(tag: &str) -> Result<String, String> {
    let subtags: Vec<&str> = if tag.len() <= MAX_LENGTH { tag.split('-').collect() } else { Vec::new() };
    if well_formed(&subtags).is_some() {
        return Ok(to_canonical_case(&subtags));
    }
    let mut excerpt: String = tag.chars().filter(|&c| !is_control(c)).take(40).collect();
    if tag.chars().nth(40).is_some() {
        excerpt.push('…');
    }
    Err(format!("\"{excerpt}\" is not a language tag: use a BCP 47 tag, for example en, pt-BR or zh-Hant"))
}

/// Iterates over a tag and its more general fallbacks, most specific first (RFC 4647, section 3.4): `zh-Hant-TW`,
/// `zh-Hant`, `zh`.
pub fn fallbacks(tag: &str) -> impl Iterator<Item = &str> {
    iter::successors(Some(tag), |tag| {
        let (mut shorter, _) = tag.rsplit_once('-')?;
        // A singleton (a subtag of one character) has no meaning without the subtag after it, so it is removed too.
        while let Some((before, _)) = shorter.rsplit_once('-').filter(|(_, last)| last.len() == 1) {
            shorter = before;
        }
        (shorter.len() > 1).then_some(shorter)
    })
}

/// Returns `Some` if the subtags match the rule `langtag` or `privateuse` of the grammar in RFC 5646, section 2.1.
fn well_formed(subtags: &[&str]) -> Option<()> {
    if subtags.iter().any(|part| !alphanumeric(part, 1..=8)) {
        return None;
    }
    let mut rest = subtags.iter().copied().peekable();
    let language = rest.next()?;
    if language.eq_ignore_ascii_case("x") {
        return rest.next().map(|_| ());
    }
    if !letters(language, 2..=8) {
        return None;
    }
    if language.len() <= 3 {
        // Up to three extended language subtags.
        for _ in 0..3 {
            rest.next_if(|part| letters(part, 3..=3));
        }
    }
    rest.next_if(|part| is_script(part));
    rest.next_if(|part| letters(part, 2..=2) || (part.len() == 3 && digits(part)));
    let mut seen: Vec<String> = Vec::new();
    while let Some(variant) = rest.next_if(|part| is_variant(part)) {
        let variant = variant.to_ascii_lowercase();
        if seen.contains(&variant) {
            return None;
        }
        seen.push(variant);
    }
    while let Some(singleton) = rest.next_if(|part| part.len() == 1) {
        let singleton = singleton.to_ascii_lowercase();
        let shortest = if singleton == "x" { 1 } else { 2 };
        if seen.contains(&singleton) || rest.next_if(|part| part.len() >= shortest).is_none() {
            return None;
        }
        while rest.next_if(|part| part.len() >= shortest).is_some() {}
        seen.push(singleton);
    }
    rest.next().is_none().then_some(())
}

/// Joins the subtags of a tag and converts them to the case that RFC 5646, section 2.1.1, recommends: regions in
/// upper case, scripts in title case, all others in lower case. After a singleton (a subtag of one character), all
/// subtags are in lower case.
fn to_canonical_case(subtags: &[&str]) -> String {
    let mut behind_singleton = false;
    let mut tag = String::with_capacity(MAX_LENGTH);
    for (index, part) in subtags.iter().enumerate() {
        let lower = part.to_ascii_lowercase();
        if index == 0 {
            tag.push_str(&lower);
        } else {
            tag.push('-');
            match part.len() {
                2 if !behind_singleton => tag.push_str(&lower.to_ascii_uppercase()),
                4 if !behind_singleton && is_script(part) => {
                    tag.push_str(&lower[..1].to_ascii_uppercase());
                    tag.push_str(&lower[1..]);
                }
                _ => tag.push_str(&lower),
            }
        }
        behind_singleton |= part.len() == 1;
    }
    tag
}

fn is_script(part: &str) -> bool {
    letters(part, 4..=4)
}

fn is_variant(part: &str) -> bool {
    alphanumeric(part, 5..=8) || (part.len() == 4 && part.starts_with(|c: char| c.is_ascii_digit()))
}

fn letters(part: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn digits(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn alphanumeric(part: &str, lengths: RangeInclusive<usize>) -> bool {
    lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_normalized_to_canonical_case() {
        for (given, normalized) in [
            ("EN", "en"),
            ("pt-br", "pt-BR"),
            ("ZH-HANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sr-LATN", "sr-Latn"),
            ("sl-ROZAJ-biske", "sl-rozaj-biske"),
            ("de-ch-1901", "de-CH-1901"),
            ("zh-CMN-hans-cn", "zh-cmn-Hans-CN"),
            ("zh-yue-gan-hak-hk", "zh-yue-gan-hak-HK"),
            ("en-A-BBB-x-US-Latn", "en-a-bbb-x-us-latn"),
            ("en-ca-X-CA", "en-CA-x-ca"),
            ("az-Arab-x-AZE-derbend", "az-Arab-x-aze-derbend"),
            ("en-u-CA-gregory-t-HI-latn", "en-u-ca-gregory-t-hi-latn"),
            ("X-Foo-A-1", "x-foo-a-1"),
            ("qaa-Qaaa-QM-x-southern", "qaa-Qaaa-QM-x-southern"),
            ("abcdefgh", "abcdefgh"),
            ("de-0abc", "de-0abc"),
        ] {
            assert_eq!(canonical(given).as_deref(), Ok(normalized));
        }
    }

    #[test]
    fn invalid_tags_are_rejected_with_an_example() {
        for wrong in [
            "",
            "-",
            "e",
            "1",
            "123",
            "12345678",
            "english language",
            "en_US",
            "en-",
            "-en",
            "en--US",
            " en",
            "en ",
            "en\0",
            "ën",
            "en-US-US",
            "en-US-Latn",
            "de-1901-1901",
            "de-abcd-1901-ABCD",
            "en-a",
            "en-a-b",
            "en-a-bb-a-cc",
            "en-a-bb-A-cc",
            "en-x",
            "x",
            "X-",
            "i-klingon",
            "toolongtag",
            "en-toolongpart",
            "abcd-efg",
            "en-abc-def-ghi-jkl",
            "en-123a4b5c6",
        ] {
            let message = canonical(wrong).unwrap_err();
            assert!(message.contains("is not a language tag") && message.contains("pt-BR"), "{wrong:?}: {message}");
            assert!(!message.contains(is_control), "{message:?}");
        }
        assert!(canonical(&"en-".repeat(1_000_000)).unwrap_err().len() < 200);
    }

    #[test]
    fn a_tag_has_at_most_sixty_four_characters() {
        let tag = format!("en-x{}", "-abcdefg".repeat(7));
        assert_eq!(canonical(&format!("{tag}-abc")).map(|normalized| normalized.len()), Ok(64));
        assert!(canonical(&format!("{tag}-abcd")).is_err());
    }

    #[test]
    fn a_tag_falls_back_to_more_general_ones() {
        let all = |tag| fallbacks(tag).collect::<Vec<_>>();
        assert_eq!(all("zh-Hant-TW"), ["zh-Hant-TW", "zh-Hant", "zh"]);
        assert_eq!(all("en"), ["en"]);
        assert_eq!(
            all("zh-Hant-CN-x-private1-private2"),
            ["zh-Hant-CN-x-private1-private2", "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh"]
        );
        assert_eq!(all("en-a-bb-x-c"), ["en-a-bb-x-c", "en-a-bb", "en"]);
        assert_eq!(all("x-a-b"), ["x-a-b"]);
    }

    proptest! {
        #[test]
        fn canonicalization_is_idempotent(tag in "[a-cxA-CX]{1,4}(-[a-bxA-BX0-2]{1,5}){0,5}") {
            if let Ok(normalized) = canonical(&tag) {
                prop_assert!(normalized.eq_ignore_ascii_case(&tag));
                prop_assert_eq!(canonical(&tag.to_ascii_uppercase()), Ok(normalized.clone()));
                for shorter in fallbacks(&normalized) {
                    prop_assert_eq!(canonical(shorter), Ok(shorter.to_owned()));
                }
            }
        }

        #[test]
        fn any_text_is_either_a_tag_or_rejected(tag in any::<String>()) {
            prop_assert!(canonical(&tag).is_ok_and(|normalized| normalized.is_ascii()) || canonical(&tag).is_err());
            prop_assert!(fallbacks(&tag).all(|shorter| tag.starts_with(shorter)));
        }
    }
}
