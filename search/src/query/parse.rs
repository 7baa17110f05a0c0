//! Parses what people type: words, "phrases" and -exclusions. Everything else is text, so no input is invalid except
//! one that is too long.

use std::iter::once;

use crate::text::{
    segmentation,
    tokens::{Token, tokens},
};

/// Maximum length of a search text in characters.
pub const MAX_CHARS: usize = 1000;

/// Maximum number of words in a search text, including those in phrases and exclusions. In scripts that do not
/// separate words, each character counts.
pub const MAX_WORDS: usize = 64;

/// Quotation marks that begin a phrase, each with those that end it.
const QUOTES: &[(char, &[char])] = &[
    ('"', &['"']),
    ('“', &['”', '“']),
    ('”', &['”']),
    ('„', &['“', '”']),
    ('‟', &['”']),
    ('«', &['»']),
    ('»', &['«']),
    ('「', &['」']),
    ('『', &['』']),
    ('＂', &['＂']),
];

/// Why a search text cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text has more characters than `MAX_CHARS`.
    #[error("the search text has {0} characters; the maximum is {MAX_CHARS}")]
    TooLong(usize),
    /// The text has more words than `MAX_WORDS`.
    #[error("the search text has {0} words; the maximum is {MAX_WORDS}")]
    TooManyWords(usize),
}

/// A word or phrase of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clause {
    /// A word as it was typed, and folded. Its inflected forms match, too.
    Word {
        /// As it was typed.
        written: String,
        /// Folded.
        folded: String,
    },
    /// Folded tokens that must follow each other. Only these tokens match.
    Phrase(Vec<String>),
}

/// A parsed search text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// What a document should contain, without repetitions.
    pub clauses: Vec<Clause>,
    /// What a document must not contain.
    pub excluded: Vec<Clause>,
    /// Whether the last of `clauses` is a word that may still be incomplete, so that longer words match, too.
    pub last_is_prefix: bool,
}

/// Parses a search text.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    let length = text.chars().count();
    if length > MAX_CHARS {
        return Err(ParseError::TooLong(length));
    }
    let mut query = Query::default();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let (is_excluded, term) = match rest.strip_prefix(['-', '−', '–']) {
            Some(term) if term.starts_with(|c: char| c.is_alphanumeric() || is_quote(c)) => (true, term),
            _ => (false, rest),
        };
        let target = if is_excluded { &mut query.excluded } else { &mut query.clauses };
        if let Some((phrase, after)) = quoted(term) {
            let tokens: Vec<String> = tokens(phrase).map(|token| token.folded).collect();
            if !tokens.is_empty() {
                add(target, Clause::Phrase(tokens));
            }
            query.last_is_prefix = false;
            rest = after;
        } else {
            let end = term.find(char::is_whitespace).unwrap_or(term.len());
            // A quotation mark inside a word begins a phrase if another one ends it.
            let end = term[..end].char_indices().skip(1).find(|&(at, c)| is_quote(c) && quoted(&term[at..]).is_some());
            let end = end.map_or_else(|| term.find(char::is_whitespace).unwrap_or(term.len()), |(at, _)| at);
            let last = add_words(target, &term[..end]);
            if let Some(is_word) = last {
                query.last_is_prefix = is_word && !is_excluded;
            }
            rest = &term[end..];
        }
    }
    let words = query.word_count();
    if words > MAX_WORDS {
        return Err(ParseError::TooManyWords(words));
    }
    // A word that is followed by a space is complete. So is a word that is repeated, because only its first occurrence
    // is kept.
    query.last_is_prefix &=
        text.ends_with(char::is_alphanumeric) && matches!(query.clauses.last(), Some(Clause::Word { .. }));
    Ok(query)
}

/// Returns the number of words in a search text, at most `MAX_WORDS`, also if the text cannot be parsed.
pub fn word_count(text: &str) -> usize {
    parse(text).map_or(MAX_WORDS, |query| query.word_count())
}

impl Query {
    /// Returns the number of words, including those in phrases and exclusions.
    fn word_count(&self) -> usize {
        let words = |clause: &Clause| match clause {
            Clause::Word { .. } => 1,
            Clause::Phrase(tokens) => tokens.len(),
        };
        self.clauses.iter().chain(&self.excluded).map(words).sum()
    }
}

/// Splits a text that begins with a quoted phrase into the phrase and the rest.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let (_, ends) = QUOTES.iter().find(|(begin, _)| *begin == first)?;
    let inner = &text[first.len_utf8()..];
    let end = inner.find(*ends)?;
    let after = &inner[end..];
    Some((&inner[..end], &after[after.chars().next()?.len_utf8()..]))
}

fn is_quote(c: char) -> bool {
    QUOTES.iter().any(|(begin, _)| *begin == c)
}

/// Adds the words of a text without spaces. Returns whether the last of them is a word that can be incomplete, or
/// `None` if there is no word.
fn add_words(clauses: &mut Vec<Clause>, text: &str) -> Option<bool> {
    let mut last = None;
    let mut characters: Option<(usize, usize)> = None;
    for token in tokens(text).map(Some).chain(once(None)) {
        if let Some(Token { start, is_character: true, .. }) = token {
            let end = token.as_ref().map_or(start, Token::end);
            match &mut characters {
                Some((_, last_end)) if *last_end == start => *last_end = end,
                _ => {
                    add_characters(clauses, text, characters.replace((start, end)));
                }
            }
            last = Some(false);
            continue;
        }
        add_characters(clauses, text, characters.take());
        if let Some(token) = token {
            add(clauses, Clause::Word { written: token.written.to_owned(), folded: token.folded });
            last = Some(true);
        }
    }
    last
}

/// Adds the words of a run of characters in a script that does not separate words. Each word is a phrase.
fn add_characters(clauses: &mut Vec<Clause>, text: &str, range: Option<(usize, usize)>) {
    let Some((start, end)) = range else { return };
    for word in segmentation::words(&text[start..end]) {
        let characters: Vec<String> = tokens(word).map(|token| token.folded).collect();
        if !characters.is_empty() {
            add(clauses, Clause::Phrase(characters));
        }
    }
}

fn add(clauses: &mut Vec<Clause>, clause: Clause) {
    let is_same = |other: &Clause| match (other, &clause) {
        (Clause::Word { folded, .. }, Clause::Word { folded: new, .. }) => folded == new,
        _ => *other == clause,
    };
    if !clauses.iter().any(is_same) {
        clauses.push(clause);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shows a query in one line: words, "phrases", -exclusions, and `*` for a prefix.
    fn shown(text: &str) -> String {
        let query = parse(text).unwrap();
        let show = |clause: &Clause| match clause {
            Clause::Word { folded, .. } => folded.clone(),
            Clause::Phrase(tokens) => format!("\"{}\"", tokens.join(" ")),
        };
        let clauses = query.clauses.iter().map(show).chain(query.excluded.iter().map(|c| format!("-{}", show(c))));
        clauses.collect::<Vec<_>>().join(" ") + if query.last_is_prefix { "*" } else { "" }
    }

    #[test]
    fn words_phrases_exclusions_and_prefix() {
        assert_eq!(shown("Child labour"), "child labour*");
        assert_eq!(shown("child labour "), "child labour");
        assert_eq!(shown("\"Road map\" peace -budget"), "\"road map\" peace -budget");
        assert_eq!(shown("peace -\"road map\""), "peace -\"road map\"");
        assert_eq!(shown("-budget"), "-budget");
    }

    #[test]
    fn every_sort_of_quotation_mark_begins_a_phrase() {
        for text in ["\"road map\"", "“road map”", "„road map“", "„road map”", "«road map»", "»road map«", "”road map”"]
        {
            assert_eq!(shown(text), "\"road map\"", "{text}");
        }
        assert_eq!(shown("\"road map"), "road map*");
        assert_eq!(shown("a\"b c\"d"), "a \"b c\" d*");
    }

    #[test]
    fn a_minus_excludes_only_before_a_word_and_after_a_space() {
        assert_eq!(shown("labour-market follow-up"), "labour market follow up*");
        assert_eq!(shown("2021-03-09"), "2021 03 09*");
        assert_eq!(shown("- budget"), "budget*");
        assert_eq!(shown("--budget"), "budget*");
        assert_eq!(shown("++_-7=-_3@!"), "7 3");
    }

    #[test]
    fn query_syntax_of_other_engines_is_text() {
        assert_eq!(shown("foo AND bar"), "foo and bar*");
        assert_eq!(shown("NOT (field:x) [1 TO 2] *"), "not field x 1 to 2");
        assert_eq!(shown("\" ' ( ] \u{0} *"), "");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_words() {
        assert_eq!(shown("国际劳工组织"), "\"国 际\" \"劳 工\" \"组 织\"");
        assert_eq!(shown("劳工 -就业"), "\"劳 工\" -\"就 业\"");
        assert_eq!(shown("ILO劳工2024"), "ilo \"劳 工\" 2024*");
        assert_eq!(shown("\"国际劳工组织\""), "\"国 际 劳 工 组 织\"");
    }

    #[test]
    fn repeated_words_count_once() {
        assert_eq!(shown("News news NEWS"), "news*");
    }

    #[test]
    fn texts_that_are_too_long_are_refused() {
        assert_eq!(parse(&"a".repeat(1001)), Err(ParseError::TooLong(1001)));
        let words = (0..65).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(parse(&words), Err(ParseError::TooManyWords(65)));
        assert_eq!(parse(&"a ".repeat(500)).unwrap().clauses.len(), 1);
    }

    proptest! {
        #[test]
        fn every_text_is_parsed(text in any::<String>()) {
            let query = parse(&text).unwrap();
            for clause in query.clauses.iter().chain(&query.excluded) {
                match clause {
                    Clause::Word { folded, .. } => prop_assert!(!folded.is_empty()),
                    Clause::Phrase(tokens) => prop_assert!(!tokens.is_empty()),
                }
            }
        }

        #[test]
        fn the_order_of_quotes_and_minus_does_not_matter_to_termination(text in "[-\"“”«» a国ก]{0,60}") {
            prop_assert!(parse(&text).is_ok() || text.chars().count() > 60);
        }
    }
}
