//! Limits on imported HTML: refuses a body that opens too many elements inside each other, or has too many tags or
//! attributes.
//!
//! HTML parsers need quadratic time or memory for deep nesting, for formatting elements that are never closed, for tags
//! with many attributes and for content of a table outside its cells. This check runs before the parser and reads tags
//! only, in linear time.

use std::collections::HashMap;

use super::error::{HtmlError, MAX_DEPTH, MAX_SPACES, MAX_TAGS};

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
            // `<!-->` is a complete comment.
            position = comment.find("->").map_or(html.len(), |end| start + 4 + end);
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
        let (length, spaces) = tag(rest);
        if spaces > MAX_SPACES {
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

/// Returns the length of a tag up to its `>`, and the number of white space characters in it outside of quoted values.
fn tag(rest: &str) -> (usize, usize) {
    let mut spaces = 0;
    let mut quote = None;
    let mut after_equals = false;
    for (position, byte) in rest.bytes().enumerate() {
        match byte {
            _ if quote.is_some() => quote = quote.filter(|quote| *quote != byte),
            b'>' => return (position, spaces),
            b'"' | b'\'' if after_equals => quote = Some(byte),
            byte if byte.is_ascii_whitespace() => spaces += 1,
            byte => after_equals = byte == b'=',
        }
    }
    (rest.len(), spaces)
}
