//! Limits on the document text: bytes, tokens, nesting, name length and directives, in one pass without recursion.
//!
//! The scan runs before the parser, because the parser is recursive and a few kilobytes of nested brackets would
//! overflow its stack. The scan also blanks out the descriptions of operations, fragments and variables (GraphQL,
//! September 2025, 2.3), because `apollo-compiler` 1.33 rejects them.

use std::{borrow::Cow, ops::Range};

use async_graphql::Pos;

use super::{
    error::{DOCUMENT_START, PARSE_FAILED, RequestError, check_limit},
    position::Source,
};
use crate::limits::Limits;

/// Keywords of definitions that may have a description.
const DESCRIBABLE_KEYWORDS: [&str; 4] = ["query", "mutation", "subscription", "fragment"];

/// Byte order mark. GraphQL ignores it everywhere in a document (September 2025, 2.1.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A document text that is within the limits, with its descriptions blanked out. A space replaces each byte of a
/// description except line breaks, so byte offsets and lines stay the same.
#[derive(Debug)]
pub(super) struct ScannedText<'a> {
    pub(super) text: Cow<'a, str>,
    /// Byte ranges of the descriptions in the original text.
    pub(super) descriptions: Vec<Range<usize>>,
    /// Byte ranges of the tokens, in text order. Descriptions are not included.
    pub(super) tokens: Vec<Range<usize>>,
}

/// Scans a document text. Fails if the text exceeds a limit or contains an unterminated string.
pub(super) fn scan<'a>(query: &'a str, limits: &Limits) -> Result<ScannedText<'a>, RequestError> {
    let advice = "send long values as variables";
    check_limit(query.len() as u64, limits.query_bytes, "bytes", "limits.query_bytes", advice, DOCUMENT_START)?;
    let bytes = query.as_bytes();
    let (mut at, mut tokens, mut nesting, mut directives) = (0, 0, 0_u64, 0);
    let mut descriptions = DescriptionFinder::default();
    let mut ranges = Vec::new();
    while at < bytes.len() {
        let start = at;
        let position = || Source::new(query).position(start);
        match bytes[at] {
            b'#' => {
                at = find_byte(bytes, at, |byte| byte == b'\n' || byte == b'\r');
                continue;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' => {
                at += 1;
                continue;
            }
            _ if bytes[at..].starts_with(BYTE_ORDER_MARK) => {
                at += BYTE_ORDER_MARK.len();
                continue;
            }
            b'"' => {
                at = end_of_string(bytes, at).map_err(|message| RequestError::new(PARSE_FAILED, message, position()))?
            }
            b'{' | b'[' | b'(' => {
                nesting += 1;
                at += 1;
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                at += 1;
            }
            byte if byte == b'-' || byte.is_ascii_digit() => at = end_of_number(bytes, at),
            b'.' if bytes[at..].starts_with(b"...") => at += 3,
            byte if is_name(byte) => {
                at = find_byte(bytes, at, |byte| !is_name(byte));
                let letters = (at - start) as u64;
                let advice = "use shorter names";
                check_token_limit(
                    letters,
                    limits.name_letters,
                    "letters in a name",
                    "limits.name_letters",
                    advice,
                    position,
                )?;
            }
            b'@' => {
                directives += 1;
                at += 1;
            }
            _ => at += 1,
        }
        tokens += 1;
        ranges.push(start..at);
        descriptions.push_token(&query.as_bytes()[start..at], start..at, nesting);
        let advice = "request less at a time, and send long lists as variables";
        check_token_limit(tokens, limits.tokens, "tokens", "limits.tokens", advice, position)?;
        let advice = "flatten it, or send deep values as variables";
        check_token_limit(nesting, limits.nesting, "levels of nested brackets", "limits.nesting", advice, position)?;
        check_token_limit(
            directives,
            limits.directives,
            "directives",
            "limits.directives",
            "use fewer directives",
            position,
        )?;
    }
    let descriptions = descriptions.ranges;
    // The descriptions are sorted by position, as the binary search requires.
    ranges.retain(|token| descriptions.binary_search_by_key(&token.start, |range| range.start).is_err());
    Ok(ScannedText { text: blank_out(query, &descriptions), descriptions, tokens: ranges })
}

/// Variant of `check_limit` for limits that are checked at every token. Computing the error position is slow, so it
/// is computed only if the limit is exceeded.
fn check_token_limit(
    count: u64,
    limit: u64,
    what: &str,
    setting: &str,
    advice: &str,
    position: impl Fn() -> Pos,
) -> Result<(), RequestError> {
    if count <= limit { Ok(()) } else { check_limit(count, limit, what, setting, advice, position()) }
}

/// Returns the end of the number token that begins at `start`. Letters, digits and dots that directly follow the
/// number become part of the token, even if they make the number invalid. The parser reports invalid numbers.
fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        let sign = matches!(byte, b'+' | b'-') && matches!(bytes[at - 1], b'e' | b'E');
        let dot = byte == b'.' && !bytes[at..].starts_with(b"...");
        if !is_name(byte) && !sign && !dot {
            break;
        }
        at += 1;
    }
    at
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns the offset of the first matching byte at or after `at`. Returns the length of the text if no byte matches.
fn find_byte(bytes: &[u8], at: usize, matches: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|&byte| matches(byte)).map_or(bytes.len(), |length| at + length)
}

/// Returns the end of the string or block string that begins at `start`. Fails with a message if the string is
/// unterminated or, unless it is a block string, contains a line break.
fn end_of_string(bytes: &[u8], start: usize) -> Result<usize, &'static str> {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block && !matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => at += 2,
            b'"' if !block => return Ok(at + 1),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return Ok(at + 3),
            b'\n' | b'\r' if !block => {
                return Err("the query cannot be parsed: a string has a line break; write \\n, or use a block \
                            string (\"\"\")");
            }
            _ => at += 1,
        }
    }
    Err("the query cannot be parsed: a string is not terminated; close it with the quotes that begin it")
}

/// Replaces each byte in `ranges` by a space, except line breaks.
fn blank_out<'a>(query: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return query.into();
    }
    let (mut text, mut end) = (String::with_capacity(query.len()), 0);
    for range in ranges {
        text.push_str(&query[end..range.start]);
        let blank = |byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
        text.extend(query[range.clone()].bytes().map(blank));
        end = range.end;
    }
    text.push_str(&query[end..]);
    text.into()
}

/// Finds the descriptions among the tokens of a document. A string is a description in two positions: outside all
/// brackets, directly before a keyword such as `query`; and in an operation's list of variables, directly before a
/// variable.
#[derive(Default)]
struct DescriptionFinder {
    ranges: Vec<Range<usize>>,
    /// A string directly before the next token. It is a description if the next token is a keyword or begins a
    /// variable.
    pending: Option<Range<usize>>,
    /// Number of tokens since the keyword of an operation: 0, or 1 after the operation's name. None if the next token
    /// cannot begin a list of variables.
    tokens_since_keyword: Option<u8>,
    /// Whether the next token is inside the parentheses of an operation's list of variables.
    in_variables: bool,
    /// Whether the previous token is an equals sign. A string after an equals sign is a default value, not a
    /// description.
    after_equals: bool,
}

impl DescriptionFinder {
    /// Processes the next token. `nesting` is the number of brackets that are open after the token.
    fn push_token(&mut self, token: &[u8], range: Range<usize>, nesting: u64) {
        let keyword = nesting == 0 && DESCRIBABLE_KEYWORDS.iter().any(|keyword| keyword.as_bytes() == token);
        if let Some(pending) = self.pending.take()
            && if self.in_variables { token == b"$" } else { keyword }
        {
            self.ranges.push(pending);
        }
        let is_string = token.first() == Some(&b'"');
        if is_string && (nesting == 0 || (self.in_variables && nesting == 1 && !self.after_equals)) {
            self.pending = Some(range);
        }
        self.after_equals = token == b"=";
        match (nesting, self.tokens_since_keyword) {
            (0, None) if keyword && token != b"fragment" => self.tokens_since_keyword = Some(0),
            // The token is the name of the operation.
            (0, Some(0)) if is_name(token[0]) => self.tokens_since_keyword = Some(1),
            (1, Some(_)) if token == b"(" => (self.tokens_since_keyword, self.in_variables) = (None, true),
            (0, _) => (self.tokens_since_keyword, self.in_variables) = (None, false),
            (_, Some(_)) => self.tokens_since_keyword = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(query: &str) -> String {
        scan(query, &Limits::default()).expect_err("the query must be rejected").message
    }

    fn text(query: &str) -> String {
        scan(query, &Limits::default()).expect(query).text.into_owned()
    }

    #[test]
    fn brackets_in_strings_and_comments_are_not_counted() {
        let brackets = "[".repeat(500);
        for query in [
            format!("{{ a(x: \"{brackets}\") }}"),
            format!("{{ a(x: \"\"\"{brackets} \\\"\"\" {brackets}\"\"\") }}"),
            format!("# {brackets}\n{{ a }}"),
            format!("{{ a(x: \"\\\"{brackets}\") }}"),
        ] {
            assert_eq!(text(&query), query);
        }
        assert!(rejection(&format!("{{ a(x: {}{}) }}", "[".repeat(65), "]".repeat(65))).contains("limits.nesting"));
    }

    #[test]
    fn an_unterminated_string_is_rejected() {
        for unterminated in ["\"\"\"a\"", "\"\"\"a", "\"a", "\"a\n\"", "\"\"\"a\\\"\"\"", "\"\"\" \"\"", "\"a\\\n\""] {
            let query = format!("{{ nodes(ids: [{unterminated} {}]) {{ id }} }}", "[".repeat(1500) + &"]".repeat(1500));
            assert_eq!(scan(&query, &Limits::default()).expect_err(unterminated).code, PARSE_FAILED, "{unterminated}");
        }
        assert!(rejection("{ a(x: \"b\nc\") }").contains("a string has a line break"));
        text("{ a(x: \"\", y: \"\"\"\"\"\", z: \"\"\" \"\" \"\"\") }");
    }

    #[test]
    fn documents_beyond_a_limit_are_rejected_at_the_position_where_they_exceed_it() {
        assert!(rejection(&"a ".repeat(150_000)).contains("limits.query_bytes"));
        assert!(rejection(&"a ".repeat(30_000)).contains("limits.tokens"));
        assert!(rejection(&format!("{{ a {} }}", "@skip(if: false) ".repeat(201))).contains("limits.directives"));
        let error =
            scan(&format!("{{\n  {} }}", "a".repeat(300)), &Limits::default()).expect_err("the name is too long");
        assert!(error.message.contains("limits.name_letters"));
        assert_eq!(error.locations, [Pos { line: 2, column: 3 }]);
    }

    #[test]
    fn descriptions_are_blanked_and_other_strings_stay() {
        let query = "\"ä\" query Q(\"v\" $a: S = \"x\" @d(s: \"y\") \"\"\"w\nw\"\"\" $b: [S] = [\"z\"]) { f(x: \"u\") } \"F\" fragment F on T { a }";
        let expected = "     query Q(    $a: S = \"x\" @d(s: \"y\")     \n     $b: [S] = [\"z\"]) { f(x: \"u\") }     fragment F on T { a }";
        assert_eq!(text(query), expected);
        for unchanged in [
            "\"a\" { f }",
            "\"a\" \"b\"",
            "query @d(s: \"a\") { f }",
            "query Q @d(s: \"a\" $b) { f }",
            "{ f(x: [\"a\" $b]) } ",
            "fragment F(\"a\" $b: S) on T { f }",
            "query Q($a: S = \"x\" $b: S) { f }",
            "query Q($a: S = {b: \"x\"}) { f }",
            "\"a\" type T { f: S }",
        ] {
            assert_eq!(text(unchanged), unchanged);
        }
        // Only the string directly before the keyword is a description.
        assert_eq!(text("\"a\" \"b\" query { f }"), "\"a\"     query { f }");
    }
}
