//! Limits on imported HTML: refuses a body that opens too many elements inside each other, or has too many tags or
//! attributes.
//!
//! HTML parsers need quadratic time or memory for deep nesting, for formatting elements that are never closed, for tags
//! with many attributes and for content of a table outside its cells. This check runs before the parser and reads tags
//! only, in linear time.

use std::collections::HashMap;

use super::error::{HtmlError, MAX_DEPTH, MAX_SEPARATORS, MAX_TAGS};

/// Elements that have no content, or whose end tag may be omitted.
const NOT_COUNTED: [&str; 29] = [
    "area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html", "img", "input", "li",
    "link", "meta", "option", "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

/// Fails if the HTML exceeds a limit. An end tag closes the last open element of its name.
pub(super) fn check(html: &str) -> Result<(), HtmlError> {
    let mut open: HashMap<String, usize> = HashMap::new();
    let (mut depth, mut tags) = (0, 0);
    let mut position = 0;
    while let Some(offset) = html[position..].find('<') {
        let start = position + offset;
        let rest = &html[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            position = html.len() - comment.len() + comment_length(comment);
            continue;
        }
        let (is_end, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        position = html.len() - rest.len();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        tags += 1;
        if tags > MAX_TAGS {
            return Err(HtmlError::TooManyTags { position: start });
        }
        let (length, separators) = tag(rest);
        if separators > MAX_SEPARATORS {
            return Err(HtmlError::TooManyAttributes { position: start });
        }
        position += length;
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        if NOT_COUNTED.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name.clone()).or_default();
        if !is_end {
            if depth == MAX_DEPTH {
                return Err(HtmlError::TooDeep { element: name, position: start });
            }
            *count += 1;
            depth += 1;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
    }
    Ok(())
}

/// Returns the length of a comment after `<!--`. The comments `<!-->` and `<!--->` end at once.
fn comment_length(comment: &str) -> usize {
    if comment.starts_with('>') || comment.starts_with("->") {
        return 0;
    }
    let ends = ["-->", "--!>"].into_iter().filter_map(|end| comment.find(end));
    ends.min().unwrap_or(comment.len())
}

/// State of the reader of a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before an attribute.
    Between,
    Name,
    /// After the `=` of an attribute.
    Equals,
    Unquoted,
    Quoted(u8),
}

/// Returns the length of a tag up to its `>`, and the number of characters that separate attributes.
fn tag(rest: &str) -> (usize, usize) {
    let mut separators = 0;
    let mut state = State::Name;
    for (position, byte) in rest.bytes().enumerate() {
        state = match (state, byte) {
            (State::Quoted(quote), byte) if byte == quote => State::Between,
            (State::Quoted(_), _) => state,
            (_, b'>') => return (position, separators),
            (State::Equals, b'"' | b'\'') => State::Quoted(byte),
            (State::Equals, byte) if byte.is_ascii_whitespace() => State::Equals,
            (State::Equals, _) => State::Unquoted,
            (State::Name, b'=') => State::Equals,
            (State::Unquoted, b'/') => State::Unquoted,
            (_, byte) if byte.is_ascii_whitespace() || byte == b'/' => State::Between,
            (State::Unquoted, _) => State::Unquoted,
            (_, _) => State::Name,
        };
        separators += usize::from(state == State::Between);
    }
    (rest.len(), separators)
}
