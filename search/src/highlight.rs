//! Highlights: where a query matches in a text, and a short part of a long text around its matches.

use std::ops::Range;

use crate::{
    query::{
        parse::{Clause, Query},
        search::Matches,
        terms::{Term, Tier},
    },
    text::{
        language::Language,
        tokens::{Token, tokens},
    },
};

/// A part of a text with the places where a query matches. All offsets are in UTF-16 code units, as in JavaScript
/// strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// The part of the text.
    pub text: String,
    /// The matches in `text`, in order and without overlaps.
    pub ranges: Vec<Range<usize>>,
    /// Whether text was left out before this part.
    pub starts_inside: bool,
    /// Whether text was left out after this part.
    pub ends_inside: bool,
}

/// Returns the part of a text around its matches, of at most `max_chars` characters and cut between words. Returns
/// `None` if nothing matches.
pub fn highlight(text: &str, language: &str, query: &Query, matches: &Matches, max_chars: usize) -> Option<Highlight> {
    let ranges = ranges(text, Language::of_tag(language), query, matches);
    let window = window(text, &ranges, max_chars)?;
    let part = &text[window.clone()];
    let utf16 = |at: usize| text[window.start..at].encode_utf16().count();
    let inside = ranges.iter().filter(|range| range.start >= window.start && range.end <= window.end);
    Some(Highlight {
        text: part.to_owned(),
        ranges: inside.map(|range| utf16(range.start)..utf16(range.end)).collect(),
        starts_inside: window.start > 0,
        ends_inside: window.end < text.len(),
    })
}

/// Returns the byte ranges of a text that match, in order and without overlaps.
fn ranges(text: &str, language: Language, query: &Query, matches: &Matches) -> Vec<Range<usize>> {
    let tokens: Vec<Token> = tokens(text).collect();
    let mut is_match = vec![false; tokens.len()];
    let stem = |token: &Token| if token.is_character { None } else { language.stem(token.written) };
    let token_stems: Vec<Option<String>> = tokens.iter().map(stem).collect();
    for (clause, terms) in query.clauses.iter().zip(&matches.terms) {
        match clause {
            Clause::Phrase(phrase) => {
                for start in 0..(tokens.len() + 1).saturating_sub(phrase.len()) {
                    let window = &tokens[start..start + phrase.len()];
                    if window.iter().zip(phrase).all(|(token, wanted)| token.folded == *wanted) {
                        is_match[start..start + phrase.len()].fill(true);
                    }
                }
            }
            Clause::Word { .. } => {
                let stem = terms.stems.iter().find(|(other, _)| *other == language).map(|(_, stem)| stem);
                let is_term = |term: &Term, token: &Token| term.tier != Tier::Stem && term.text == token.folded;
                for ((token, token_stem), is_match) in tokens.iter().zip(&token_stems).zip(&mut is_match) {
                    *is_match |= !token.is_character
                        && (terms.list.iter().any(|term| is_term(term, token))
                            || (stem.is_some() && token_stem.as_ref() == stem));
                }
            }
        }
    }
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (token, _) in tokens.iter().zip(is_match).filter(|(_, is_match)| *is_match) {
        match ranges.last_mut() {
            // Characters of one word.
            Some(last) if last.end == token.start => last.end = token.end(),
            _ => ranges.push(token.start..token.end()),
        }
    }
    ranges
}

/// Returns the byte range of the part to show: the one with most matches, of the earliest if several are equal.
fn window(text: &str, ranges: &[Range<usize>], max_chars: usize) -> Option<Range<usize>> {
    let first = ranges.first()?;
    if text.chars().count() <= max_chars {
        return Some(0..text.len());
    }
    let end_of =
        |start: usize| text[start..].char_indices().nth(max_chars).map_or(text.len(), |(offset, _)| start + offset);
    let mut best = (0, first);
    for (index, range) in ranges.iter().enumerate() {
        let end = end_of(range.start);
        let inside = ranges[index..].iter().take_while(|other| other.end <= end).count();
        if inside > best.0 {
            best = (inside, range);
        }
    }
    // Some words before the first match show its context.
    let best = best.1;
    let before = text[..best.start].char_indices().rev().nth(max_chars / 5).map_or(0, |(offset, _)| offset);
    let start = if before == 0 { 0 } else { next_word(text, before).min(best.start) };
    let end = end_of(start);
    let end = if end == text.len() { end } else { end_of_word(text, best.end.min(end), end) };
    Some(start..end)
}

/// Returns the start of the first word after an offset.
fn next_word(text: &str, offset: usize) -> usize {
    match text[offset..].find(char::is_whitespace) {
        Some(space) => {
            let space = offset + space;
            text[space..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |word| space + word)
        }
        None => offset,
    }
}

/// Returns the end of the last complete word between two offsets, or `end` if there is none.
fn end_of_word(text: &str, start: usize, end: usize) -> usize {
    if text[end..].starts_with(char::is_whitespace) {
        return end;
    }
    match text[start..end].rfind(char::is_whitespace) {
        Some(space) => start + text[start..start + space].trim_end().len(),
        None => end,
    }
}
