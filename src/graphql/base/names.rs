//! Names of topics and places: alternative names by language, and search in all names.

use super::scalars::LanguageTag;
use crate::catalog::{Concept, Vocabulary, fold};

/// Returns the alternative names of a topic or place in one language, or in all languages if `language` is None.
pub fn alt_names<'a>(concept: &'a impl Concept, language: Option<&LanguageTag>) -> Vec<&'a str> {
    let is_selected = |of: &str| language.is_none_or(|tag| tag.0.eq_ignore_ascii_case(of));
    concept.alt_names.iter().filter(|name| is_selected(&name.language)).map(|name| name.name.as_str()).collect()
}

/// Folds the case and accents of a search text, like those of the names that it is compared with. Returns None if
/// there is no search text or if it is empty after folding: every name matches then.
pub fn normalized_search(search: Option<&str>) -> Option<String> {
    search.map(fold).filter(|text| !text.is_empty())
}

/// Returns whether any name of a concept contains `text`, ignoring case and accents. `text` must be folded already.
pub fn has_name_containing<T: Concept>(vocabulary: &Vocabulary<T>, number: u32, text: &str) -> bool {
    vocabulary.get(number).all_names().any(|name| fold(name).contains(text))
}
