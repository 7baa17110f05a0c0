//! The terms of the index that a word stands for, in tiers: the word itself, its inflected forms, longer words, words
//! with a typing error.

use std::collections::BTreeSet;

use super::{domain::Domain, parse::Clause, postings};
use crate::{
    index::{is_stem, schema::Field, segments::Segments, stem_term},
    text::language::Language,
};

/// Maximum number of terms that a word stands for in the tiers `Prefix` and `Typo`, each.
pub const MAX_EXPANSIONS: usize = 50;

/// Shortest beginning of a word for which longer words match, in characters.
const MIN_PREFIX: usize = 2;

/// Shortest words in which one and two typing errors are forgiven, in characters.
const MIN_TYPO: [usize; 2] = [5, 9];

/// How a term relates to a word. A document is ranked by the worst tier of its words first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// The word itself, apart from case and accents.
    Exact = 0,
    /// Another inflected form of the word in the language of the document.
    Stem = 1,
    /// A longer word that begins with the word.
    Prefix = 2,
    /// A word that differs by one or two letters.
    Typo = 3,
}

/// A term of the index that matches a word.
#[derive(Clone, Debug)]
pub struct Term {
    /// The tier of documents that contain the term.
    pub tier: Tier,
    /// The term.
    pub text: String,
    /// The only language of the documents in which the term matches. `None`: all languages.
    pub language: Option<Language>,
}

/// The terms and other properties with which a clause is evaluated.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The terms, best tier first.
    pub list: Vec<Term>,
    /// The stems of the word by language.
    pub stems: Vec<(Language, String)>,
}

/// Which tiers a word may use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerance {
    /// Whether longer words match.
    pub prefix: bool,
    /// Whether words with a typing error match.
    pub typos: bool,
}

/// Finds the terms of a word. Terms that occur only in documents that do not count are left out, so they cannot take
/// the place of others.
pub fn terms_of(
    segments: &Segments,
    domain: &Domain,
    fields: &[Field],
    clause: &Clause,
    tolerance: Tolerance,
) -> Result<Terms, std::io::Error> {
    let Clause::Word { written, folded } = clause else { return Ok(Terms { list: Vec::new(), stems: Vec::new() }) };
    let mut list = vec![Term { tier: Tier::Exact, text: folded.clone(), language: None }];
    let mut stems = Vec::new();
    for &language in &domain.languages {
        let Some(stem) = language.stem(written) else { continue };
        list.push(Term { tier: Tier::Stem, text: stem_term(language, &stem), language: None });
        // A word that equals its stem is in the index only as a word.
        if stem != *folded && language.stem(&stem).is_none_or(|again| again == stem) {
            list.push(Term { tier: Tier::Stem, text: stem.clone(), language: Some(language) });
        }
        stems.push((language, stem));
    }
    let mut add = |tier, candidates: BTreeSet<(usize, String)>| -> Result<(), std::io::Error> {
        let mut added = 0;
        for (_, text) in candidates {
            if list.iter().any(|term| term.text == text && term.language.is_none()) {
                continue;
            }
            if postings::is_counted(segments, domain, fields, &text)? {
                list.push(Term { tier, text, language: None });
                added += 1;
            }
            if added == MAX_EXPANSIONS {
                break;
            }
        }
        Ok(())
    };
    if tolerance.prefix && is_prefix(folded) {
        // The shortest words are the most similar ones.
        add(Tier::Prefix, candidates(segments, fields, folded, |term| Some(term.chars().count()))?)?;
    }
    if tolerance.typos {
        add(Tier::Typo, similar(segments, fields, folded)?)?;
    }
    Ok(Terms { list, stems })
}

/// Returns whether longer words match a word.
pub fn is_prefix(folded: &str) -> bool {
    folded.chars().nth(MIN_PREFIX - 1).is_some() && !folded.contains(char::is_numeric)
}

/// Returns the number of typing errors that are forgiven in a word. None are forgiven in numbers and codes.
pub fn max_errors(folded: &str) -> usize {
    if folded.contains(char::is_numeric) {
        return 0;
    }
    let length = folded.chars().count();
    MIN_TYPO.iter().filter(|&&min| length >= min).count()
}

/// Returns the number of typing errors between a word and a term, if it is forgiven: letters that are missing, too
/// many, wrong, or exchanged with the next one. The first letter must be right.
pub fn errors(folded: &str, term: &str) -> Option<usize> {
    let max = max_errors(folded);
    let same_first = folded.chars().next() == term.chars().next();
    if max == 0 || !same_first || folded.len().abs_diff(term.len()) > max * 4 || term.contains(char::is_numeric) {
        return None;
    }
    Some(strsim::osa_distance(folded, term)).filter(|&errors| errors > 0 && errors <= max)
}

/// Returns the terms that differ from a word by a forgiven number of typing errors, fewest errors first.
pub fn similar(
    segments: &Segments,
    fields: &[Field],
    folded: &str,
) -> Result<BTreeSet<(usize, String)>, std::io::Error> {
    match folded.chars().next() {
        Some(first) if max_errors(folded) > 0 => {
            candidates(segments, fields, first.encode_utf8(&mut [0; 4]), |term| errors(folded, term))
        }
        _ => Ok(BTreeSet::new()),
    }
}

/// Returns the words of the index that begin with a prefix and have a weight, sorted by it.
fn candidates(
    segments: &Segments,
    fields: &[Field],
    prefix: &str,
    weight: impl Fn(&str) -> Option<usize>,
) -> Result<BTreeSet<(usize, String)>, std::io::Error> {
    let mut found = BTreeSet::new();
    for segment in segments.list() {
        for &field in fields.iter().filter(|field| Field::INDEXED.contains(field)) {
            let mut terms = segment.text(field).0.terms().range().ge(prefix).into_stream()?;
            while terms.advance() && terms.key().starts_with(prefix.as_bytes()) {
                let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                if !is_stem(terms.key())
                    && let Some(weight) = weight(term)
                {
                    found.insert((weight, term.to_owned()));
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_forgiven_in_long_words_only() {
        assert_eq!(errors("refugess", "refugees"), Some(1));
        assert_eq!(errors("electoins", "elections"), Some(1));
        assert_eq!(errors("zanzibarum", "zanzibarium"), Some(1));
        assert_eq!(errors("unemploiement", "unemployment"), Some(2));
        assert_eq!(errors("refugees", "refugees"), None);
        assert_eq!(errors("work", "worm"), None);
        assert_eq!(errors("strike", "spoke"), None);
        assert_eq!(errors("strike", "attike"), None);
    }

    #[test]
    fn no_error_is_forgiven_in_numbers_and_codes() {
        assert_eq!(errors("12.5kgs", "12.3kgs"), None);
        assert_eq!(errors("20061", "20071"), None);
        assert_eq!(errors("covids", "covid1"), None);
        assert_eq!(max_errors("covid19abc"), 0);
        assert!(!is_prefix("2006") && !is_prefix("a") && is_prefix("ab"));
    }
}
