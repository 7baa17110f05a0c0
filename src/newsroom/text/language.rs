//! Language tags (BCP 47, RFC 5646): checks that a tag is well-formed, and normalizes its case.
//!
//! This module does not check whether a subtag is registered. It rejects the tags from before 2006 that RFC 5646 keeps
//! as exceptions (grandfathered), such as `i-klingon`.

use std::collections::HashSet;

use oxilangtag::LanguageTag;

use super::is_control;

/// Maximum length of a tag, in characters.
const MAX_LENGTH: usize = 64;

/// Returns the tag in canonical case, for example `en`, `pt-BR` or `zh-Hant`, or a message if it is not well-formed.
pub fn canonical(tag: &str) -> Result<String, String> {
    if tag.len() <= MAX_LENGTH
        && let Ok(parsed) = LanguageTag::parse_and_normalize(tag)
        && is_accepted(&parsed)
    {
        return Ok(parsed.into_inner());
    }
    let mut excerpt: String = tag.chars().filter(|&c| !is_control(c)).take(40).collect();
    if tag.chars().nth(40).is_some() {
        excerpt.push('…');
    }
    Err(format!("\"{excerpt}\" is not a language tag: use a BCP 47 tag, for example en, pt-BR or zh-Hant"))
}

/// Whether a normalized tag fulfils what the parser does not check: it is not grandfathered, and repeats no variant and
/// no extension (RFC 5646, section 2.2.9).
fn is_accepted(tag: &LanguageTag<String>) -> bool {
    // The primary language of a grandfathered tag, and of a tag for private use, is the whole tag.
    let is_grandfathered = tag.primary_language().contains('-') && !tag.as_str().starts_with("x-");
    let (mut variants, mut extensions) = (HashSet::new(), HashSet::new());
    let mut singletons = tag.extension().into_iter().flat_map(|all| all.split('-')).filter(|part| part.len() == 1);
    !is_grandfathered
        && tag.variant_subtags().all(|variant| variants.insert(variant))
        && singletons.all(|singleton| extensions.insert(singleton))
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

    proptest! {
        #[test]
        fn canonicalization_is_idempotent(tag in "[a-cxA-CX]{1,4}(-[a-bxA-BX0-2]{1,5}){0,5}") {
            if let Ok(normalized) = canonical(&tag) {
                prop_assert!(normalized.eq_ignore_ascii_case(&tag));
                prop_assert_eq!(canonical(&tag.to_ascii_uppercase()), Ok(normalized.clone()));
            }
        }

        #[test]
        fn any_text_is_either_a_tag_or_rejected(tag in any::<String>()) {
            prop_assert!(canonical(&tag).is_ok_and(|normalized| normalized.is_ascii()) || canonical(&tag).is_err());
        }
    }
}
