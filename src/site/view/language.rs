//! Names of languages in the language itself, and the direction of their script.

/// Names of common languages in the language itself (autonyms, as in CLDR).
const AUTONYMS: [(&str, &str); 46] = [
    ("am", "አማርኛ"),
    ("ar", "العربية"),
    ("bg", "български"),
    ("bn", "বাংলা"),
    ("bs", "bosanski"),
    ("ca", "català"),
    ("cs", "čeština"),
    ("da", "dansk"),
    ("de", "Deutsch"),
    ("el", "Ελληνικά"),
    ("en", "English"),
    ("es", "español"),
    ("et", "eesti"),
    ("fa", "فارسی"),
    ("fi", "suomi"),
    ("fr", "français"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("hr", "hrvatski"),
    ("hu", "magyar"),
    ("id", "Indonesia"),
    ("it", "italiano"),
    ("ja", "日本語"),
    ("km", "ខ្មែរ"),
    ("ko", "한국어"),
    ("lo", "ລາວ"),
    ("mn", "монгол"),
    ("ms", "Melayu"),
    ("my", "မြန်မာ"),
    ("nb", "norsk bokmål"),
    ("ne", "नेपाली"),
    ("nl", "Nederlands"),
    ("pl", "polski"),
    ("pt", "português"),
    ("ro", "română"),
    ("ru", "русский"),
    ("si", "සිංහල"),
    ("sr", "српски"),
    ("sv", "svenska"),
    ("sw", "Kiswahili"),
    ("th", "ไทย"),
    ("tr", "Türkçe"),
    ("uk", "українська"),
    ("ur", "اردو"),
    ("vi", "Tiếng Việt"),
    ("zh", "中文"),
];

/// Languages that are written from right to left if their tag names no script.
const RTL_LANGUAGES: [&str; 12] = ["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"];

/// Scripts that are written from right to left.
const RTL_SCRIPTS: [&str; 6] = ["adlm", "arab", "hebr", "nkoo", "syrc", "thaa"];

/// Returns the name of a language for readers: its own name, with the rest of the tag in brackets. Returns the tag if
/// the name is unknown.
pub fn name(tag: &str) -> String {
    let (primary, rest) = tag.split_once('-').map_or((tag, None), |(primary, rest)| (primary, Some(rest)));
    let name = AUTONYMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(primary)).map(|(_, name)| *name);
    match (name, rest) {
        (Some(name), Some(rest)) => format!("{name} ({rest})"),
        (Some(name), None) => name.to_owned(),
        (None, _) => tag.to_owned(),
    }
}

/// Returns the direction of a language: `ltr`, `rtl`, or `auto` if the language is unknown.
pub fn direction(tag: &str) -> &'static str {
    if speech_language(tag).is_empty() {
        return "auto";
    }
    let mut subtags = tag.split('-');
    let primary = subtags.next().unwrap_or_default();
    let is_in = |list: &[&str], subtag: &str| list.iter().any(|known| known.eq_ignore_ascii_case(subtag));
    // A script is the first subtag of four letters.
    let script = subtags.find(|subtag| subtag.len() == 4 && subtag.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let is_rtl = script.map_or_else(|| is_in(&RTL_LANGUAGES, primary), |script| is_in(&RTL_SCRIPTS, script));
    if is_rtl { "rtl" } else { "ltr" }
}

/// Returns the value for the attribute `lang`: the tag, or an empty text if the language is not a language (`und`,
/// `zxx`).
pub fn speech_language(tag: &str) -> &str {
    if ["und", "zxx", "mul"].contains(&tag) { "" } else { tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_decides_the_direction() {
        let directions = ["ar", "az-Arab", "ur-Latn", "he-IL", "en", "ku-Arab-IQ", "und"].map(direction);
        assert_eq!(directions, ["rtl", "rtl", "ltr", "rtl", "ltr", "rtl", "auto"]);
    }

    #[test]
    fn languages_have_their_own_names() {
        assert_eq!(["fr", "pt-BR", "tlh", "AR"].map(name), ["français", "português (BR)", "tlh", "العربية"]);
        let mut sorted = AUTONYMS;
        sorted.sort_unstable();
        assert_eq!(sorted, AUTONYMS);
    }
}
