//! Language tags: well-formed by BCP 47 (RFC 5646, section 2.1), kept in its canonical case.

/// Characters of a tag at most.
const MAX: usize = 64;

/// A tag in canonical case; why it is none, otherwise.
pub fn canonical(tag: &str) -> Result<String, String> {
    let wrong = || {
        let shown: String = tag.chars().filter(|c| !c.is_control()).take(40).collect();
        format!("\"{shown}\" is not a language tag: write one of BCP 47, for example en, pt-BR or zh-Hant")
    };
    if tag.len() > MAX {
        return Err(wrong());
    }
    let parts: Vec<&str> = tag.split('-').collect();
    if parts
        .iter()
        .any(|part| part.is_empty() || part.len() > 8 || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(wrong());
    }
    well_formed(&parts).map(|()| cased(&parts)).ok_or_else(wrong)
}

fn letters(part: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `langtag` or `privateuse` of the grammar; the irregular tags of old are not taken.
fn well_formed(parts: &[&str]) -> Option<()> {
    let mut rest = parts.iter().copied().peekable();
    let first = rest.next()?;
    if first.eq_ignore_ascii_case("x") {
        return rest.peek().map(|_| ());
    }
    if !letters(first, 2..=8) {
        return None;
    }
    if first.len() <= 3 {
        for _ in 0..3 {
            rest.next_if(|part| letters(part, 3..=3));
        }
    }
    rest.next_if(|part| letters(part, 4..=4));
    rest.next_if(|part| letters(part, 2..=2) || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit())));
    let variant =
        |part: &&str| (5..=8).contains(&part.len()) || (part.len() == 4 && part.as_bytes()[0].is_ascii_digit());
    let mut seen: Vec<String> = Vec::new();
    while let Some(part) = rest.next_if(variant) {
        let part = part.to_ascii_lowercase();
        if seen.contains(&part) {
            return None;
        }
        seen.push(part);
    }
    while let Some(singleton) = rest.next_if(|part| part.len() == 1) {
        let singleton = singleton.to_ascii_lowercase();
        let private = singleton == "x";
        let least = if private { 1 } else { 2 };
        if seen.contains(&singleton) || rest.next_if(|part| part.len() >= least).is_none() {
            return None;
        }
        while rest.next_if(|part| part.len() >= least).is_some() {}
        seen.push(singleton);
    }
    rest.next().is_none().then_some(())
}

/// RFC 5646, section 2.1.1: lower case, but regions in capitals and scripts with one, unless behind a singleton.
fn cased(parts: &[&str]) -> String {
    let mut singleton = false;
    let cased = parts.iter().enumerate().map(|(number, part)| {
        let lower = part.to_ascii_lowercase();
        let plain = number == 0 || singleton;
        singleton |= part.len() == 1;
        match part.len() {
            2 if !plain => lower.to_ascii_uppercase(),
            4 if !plain && letters(part, 4..=4) => lower[..1].to_ascii_uppercase() + &lower[1..],
            _ => lower,
        }
    });
    cased.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_kept_in_canonical_case() {
        for (given, kept) in [
            ("EN", "en"),
            ("pt-br", "pt-BR"),
            ("ZH-HANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("de-ch-1901", "de-CH-1901"),
            ("en-a-BBB-x-US", "en-a-bbb-x-us"),
            ("X-Foo", "x-foo"),
            ("zh-cmn-Hans-CN", "zh-cmn-Hans-CN"),
        ] {
            assert_eq!(canonical(given).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for wrong in [
            "",
            "e",
            "english language",
            "en_US",
            "en-",
            "-en",
            "en-US-US",
            "de-1901-1901",
            "en-a",
            "en-x",
            "x",
            "en-a-bb-a-cc",
            "123",
            "en\0",
            "toolongtag",
        ] {
            assert!(canonical(wrong).is_err(), "{wrong:?}");
        }
        assert!(canonical(&"a-".repeat(1000)).is_err());
    }

    proptest! {
        #[test]
        fn canonical_tags_stay_as_they_are(tag in "[a-zA-Z0-9-]{0,20}") {
            if let Ok(kept) = canonical(&tag) {
                prop_assert_eq!(canonical(&kept), Ok(kept.clone()));
            }
        }
    }
}
