//! Limits on the text of a document, in one pass over its tokens, without recursion.
//!
//! The parser recurses into literals and selections, and a few kilobytes of brackets would fill its stack; so the text is
//! scanned before it is parsed. The scan also blanks the descriptions of operations, fragments and variables (GraphQL,
//! September 2025, 2.3), which `apollo-compiler` 1.33 does not parse.

use std::{borrow::Cow, ops::Range};

use async_graphql::Pos;

use super::{
    error::{PARSE_FAILED, RequestError, START, at_most},
    position::Source,
};
use crate::limits::Limits;

/// Keywords that begin a definition which may have a description.
const DESCRIBED: [&str; 4] = ["query", "mutation", "subscription", "fragment"];

/// It is ignored wherever it stands (GraphQL, September 2025, 2.1.1).
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A text within the limits: without descriptions, each byte of which became a blank, so that offsets stay the same.
#[derive(Debug)]
pub(super) struct Scanned<'a> {
    pub(super) text: Cow<'a, str>,
    /// The descriptions, as written.
    pub(super) descriptions: Vec<Range<usize>>,
    /// The tokens, without descriptions.
    pub(super) tokens: Vec<Range<usize>>,
}

/// Scans a text; fails where it is beyond a limit, or a string does not end.
pub(super) fn scan<'a>(query: &'a str, limits: &Limits) -> Result<Scanned<'a>, RequestError> {
    let advice = "send long values as variables";
    at_most(query.len() as u64, limits.query_bytes, "bytes", "limits.query_bytes", advice, START)?;
    let bytes = query.as_bytes();
    let (mut at, mut tokens, mut nesting, mut directives) = (0, 0, 0_u64, 0);
    let mut descriptions = Descriptions::default();
    let mut ranges = Vec::new();
    while at < bytes.len() {
        let start = at;
        let place = || Source::new(query).position(start);
        match bytes[at] {
            b'#' => {
                at = until(bytes, at, |byte| byte == b'\n' || byte == b'\r');
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
                at = after_string(bytes, at).map_err(|message| RequestError::new(PARSE_FAILED, message, place()))?
            }
            b'{' | b'[' | b'(' => {
                nesting += 1;
                at += 1;
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                at += 1;
            }
            byte if byte == b'-' || byte.is_ascii_digit() => at = after_number(bytes, at),
            b'.' if bytes[at..].starts_with(b"...") => at += 3,
            byte if is_name(byte) => {
                at = until(bytes, at, |byte| !is_name(byte));
                let letters = (at - start) as u64;
                let advice = "use shorter names";
                check(letters, limits.name_letters, "letters in a name", "limits.name_letters", advice, place)?;
            }
            b'@' => {
                directives += 1;
                at += 1;
            }
            _ => at += 1,
        }
        tokens += 1;
        ranges.push(start..at);
        descriptions.token(&query.as_bytes()[start..at], start..at, nesting);
        let advice = "ask for less at a time, and send long lists as variables";
        check(tokens, limits.tokens, "tokens", "limits.tokens", advice, place)?;
        let advice = "flatten it, or send deep values as variables";
        check(nesting, limits.nesting, "brackets in brackets", "limits.nesting", advice, place)?;
        check(directives, limits.directives, "directives", "limits.directives", "use fewer", place)?;
    }
    let descriptions = descriptions.found;
    // Both are sorted.
    ranges.retain(|token| descriptions.binary_search_by_key(&token.start, |of| of.start).is_err());
    Ok(Scanned { text: blanked(query, &descriptions), descriptions, tokens: ranges })
}

/// `at_most`, for limits that are looked at for every token: where it is, is worked out only where it is wrong.
fn check(
    found: u64,
    limit: u64,
    what: &str,
    setting: &str,
    advice: &str,
    place: impl Fn() -> Pos,
) -> Result<(), RequestError> {
    if found <= limit { Ok(()) } else { at_most(found, limit, what, setting, advice, place()) }
}

/// The position behind a number that begins at `start`, and behind letters and dots that must not follow one: whether it is
/// a number is for the parser to say.
fn after_number(bytes: &[u8], start: usize) -> usize {
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

/// The first position from `at` on whose byte is of a kind; the end where there is none.
fn until(bytes: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|&byte| wanted(byte)).map_or(bytes.len(), |length| at + length)
}

/// The position behind a string or block string that begins at `start`; a message where it does not end.
fn after_string(bytes: &[u8], start: usize) -> Result<usize, &'static str> {
    let block = bytes[start..].starts_with(b"\"\"\"");
    let mut at = start + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at..].starts_with(b"\\\"\"\"") => at += 4,
            b'\\' if !block && !matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) => at += 2,
            b'"' if !block => return Ok(at + 1),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return Ok(at + 3),
            b'\n' | b'\r' if !block => {
                return Err(
                    "the query cannot be parsed: there is a line break in a string; write \\n, or use a block \
                            string (\"\"\")",
                );
            }
            _ => at += 1,
        }
    }
    Err("the query cannot be parsed: a string does not end; close it with the quotes that begin it")
}

/// Replaces each character of some ranges by a blank for each of its bytes; line breaks stay.
fn blanked<'a>(query: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
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

/// Finds descriptions: a string outside all brackets before a keyword, and a string before a variable in the parentheses
/// behind an operation's keyword and name.
#[derive(Default)]
struct Descriptions {
    found: Vec<Range<usize>>,
    /// A string that is a description if the next token is right.
    pending: Option<Range<usize>>,
    /// Tokens since the keyword of an operation, as far as variables may still begin.
    head: Option<u8>,
    /// Within the parentheses of variable definitions.
    variables: bool,
    /// The token before is an equals sign: a default value follows.
    default: bool,
}

impl Descriptions {
    /// The next token, and how many brackets are open behind it.
    fn token(&mut self, token: &[u8], range: Range<usize>, nesting: u64) {
        let keyword = nesting == 0 && DESCRIBED.iter().any(|keyword| keyword.as_bytes() == token);
        if let Some(pending) = self.pending.take()
            && if self.variables { token == b"$" } else { keyword }
        {
            self.found.push(pending);
        }
        let is_string = token.first() == Some(&b'"');
        if is_string && (nesting == 0 || (self.variables && nesting == 1 && !self.default)) {
            self.pending = Some(range);
        }
        self.default = token == b"=";
        match (nesting, self.head) {
            (0, None) if keyword && token != b"fragment" => self.head = Some(0),
            // The name.
            (0, Some(0)) if is_name(token[0]) => self.head = Some(1),
            (1, Some(_)) if token == b"(" => (self.head, self.variables) = (None, true),
            (0, _) => (self.head, self.variables) = (None, false),
            (_, Some(_)) => self.head = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> String {
        scan(query, &Limits::default()).expect_err("it is to be refused").message
    }

    fn text(query: &str) -> String {
        scan(query, &Limits::default()).expect(query).text.into_owned()
    }

    #[test]
    fn brackets_in_strings_and_comments_are_text() {
        let brackets = "[".repeat(500);
        for query in [
            format!("{{ a(x: \"{brackets}\") }}"),
            format!("{{ a(x: \"\"\"{brackets} \\\"\"\" {brackets}\"\"\") }}"),
            format!("# {brackets}\n{{ a }}"),
            format!("{{ a(x: \"\\\"{brackets}\") }}"),
        ] {
            assert_eq!(text(&query), query);
        }
        assert!(refused(&format!("{{ a(x: {}{}) }}", "[".repeat(65), "]".repeat(65))).contains("limits.nesting"));
    }

    #[test]
    fn a_string_without_an_end_is_refused() {
        for begun in ["\"\"\"a\"", "\"\"\"a", "\"a", "\"a\n\"", "\"\"\"a\\\"\"\"", "\"\"\" \"\"", "\"a\\\n\""] {
            let query = format!("{{ nodes(ids: [{begun} {}]) {{ id }} }}", "[".repeat(1500) + &"]".repeat(1500));
            assert_eq!(scan(&query, &Limits::default()).expect_err(begun).code, PARSE_FAILED, "{begun}");
        }
        assert!(refused("{ a(x: \"b\nc\") }").contains("line break in a string"));
        text("{ a(x: \"\", y: \"\"\"\"\"\", z: \"\"\" \"\" \"\"\") }");
    }

    #[test]
    fn long_texts_names_and_lists_of_directives_are_refused_where_they_go_beyond() {
        assert!(refused(&"a ".repeat(150_000)).contains("limits.query_bytes"));
        assert!(refused(&"a ".repeat(30_000)).contains("limits.tokens"));
        assert!(refused(&format!("{{ a {} }}", "@skip(if: false) ".repeat(201))).contains("limits.directives"));
        let error = scan(&format!("{{\n  {} }}", "a".repeat(300)), &Limits::default()).expect_err("too long");
        assert!(error.message.contains("limits.name_letters"));
        assert_eq!(error.locations, [Pos { line: 2, column: 3 }]);
    }

    #[test]
    fn descriptions_become_blanks_and_other_strings_stay() {
        let query = "\"ä\" query Q(\"v\" $a: S = \"x\" @d(s: \"y\") \"\"\"w\nw\"\"\" $b: [S] = [\"z\"]) { f(x: \"u\") } \"F\" fragment F on T { a }";
        let wanted = "     query Q(    $a: S = \"x\" @d(s: \"y\")     \n     $b: [S] = [\"z\"]) { f(x: \"u\") }     fragment F on T { a }";
        assert_eq!(text(query), wanted);
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
        // Only the string right before the keyword is one.
        assert_eq!(text("\"a\" \"b\" query { f }"), "\"a\"     query { f }");
    }
}
