//! Adapts the tokens and stemmers of `text` to tantivy: writes each token, and behind it at the same position its
//! stem.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::text::{
    language::Language,
    tokens::{Tokens, tokens},
};

/// Name of the tokenizer in the schema.
pub const TOKENIZER: &str = "dateline";

/// First character of the terms that are stems. No token contains it.
const STEM_MARK: char = '\u{1}';

/// Private-use characters that precede a text on its way to the tokenizer and name its language, because tantivy
/// passes nothing else to a tokenizer.
const FIRST_LANGUAGE_MARK: u32 = 0xF_0000;

/// Returns a text with the mark of its language.
pub fn mark_language(text: &str, language: Language) -> String {
    let mark = char::from_u32(FIRST_LANGUAGE_MARK + u32::from(language.number())).unwrap_or(' ');
    let mut marked = String::with_capacity(text.len() + mark.len_utf8());
    marked.push(mark);
    marked.push_str(text);
    marked
}

/// Returns the term of a stem in a language.
pub fn stem_term(language: Language, stem: &str) -> String {
    let mut term = String::new();
    write_stem_term(language, stem, &mut term);
    term
}

/// Returns whether a term is a stem and not a word.
pub fn is_stem(term: &[u8]) -> bool {
    term.first() == Some(&(STEM_MARK as u8))
}

fn write_stem_term(language: Language, stem: &str, term: &mut String) {
    term.push(STEM_MARK);
    // The numbers of languages are small, so this is one printable ASCII character.
    term.push(char::from(b'0' + language.number()));
    term.push_str(stem);
}

/// The tokenizer of all text fields.
#[derive(Clone, Debug, Default)]
pub struct DocumentTokenizer {
    token: Token,
}

/// The tokens and stems of one text.
pub struct DocumentTokens<'a> {
    tokens: Tokens<'a>,
    language: Language,
    /// The stem to be written next, at the position of the token before it.
    stem: Option<String>,
    next_position: usize,
    token: &'a mut Token,
}

impl Tokenizer for DocumentTokenizer {
    type TokenStream<'a> = DocumentTokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> DocumentTokens<'a> {
        let mark = text.chars().next().map_or(0, |mark| (mark as u32).wrapping_sub(FIRST_LANGUAGE_MARK));
        self.token.reset();
        DocumentTokens {
            tokens: tokens(text),
            language: Language::from_number(mark.into()),
            stem: None,
            next_position: 0,
            token: &mut self.token,
        }
    }
}

impl TokenStream for DocumentTokens<'_> {
    fn advance(&mut self) -> bool {
        self.token.text.clear();
        if let Some(stem) = self.stem.take() {
            write_stem_term(self.language, &stem, &mut self.token.text);
            return true;
        }
        let Some(token) = self.tokens.next() else { return false };
        if !token.is_character {
            self.stem = self.language.stem(token.written).filter(|stem| *stem != token.folded);
        }
        self.token.text.push_str(&token.folded);
        self.token.position = self.next_position;
        (self.token.offset_from, self.token.offset_to) = (token.start, token.end());
        self.next_position += 1;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
