//! Nesting limit for Markdown: escapes block markers beyond 40 in one line, before the Markdown parser runs.
//!
//! The parser visits every open block for each line. Without this limit, a body of one megabyte of `>` takes minutes
//! (denial of service). A marker beyond the limit becomes text.

use std::borrow::Cow;

/// Maximum number of block quotes, list items and footnotes that one line may open.
const MAX_BLOCKS_PER_LINE: usize = 40;

/// Returns the Markdown with the first block marker beyond the limit escaped in each line.
pub(crate) fn limit_nesting(markdown: &str) -> Cow<'_, str> {
    let mut text = String::new();
    let mut copied = 0;
    let mut line_start = 0;
    for line in markdown.split_inclusive(['\n', '\r']) {
        if let Some(at) = excess_marker(line) {
            text.push_str(&markdown[copied..line_start + at]);
            text.push('\\');
            copied = line_start + at;
        }
        line_start += line.len();
    }
    if copied == 0 && text.is_empty() {
        return Cow::Borrowed(markdown);
    }
    text.push_str(&markdown[copied..]);
    Cow::Owned(text)
}

/// Returns the position of the character to escape so that the marker beyond the limit becomes text, if there is one.
fn excess_marker(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let is_blank = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let (mut at, mut opened) = (0, 0);
    loop {
        at += bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        // The position of the character to escape, and the length of the marker.
        let (marker, length) = match bytes.get(at)? {
            b'>' => (at, 1),
            b'-' | b'+' | b'*' if is_blank(at + 1) => (at, 1),
            b'0'..=b'9' => {
                let digits = bytes[at..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
                let dot = at + digits;
                if !matches!(bytes.get(dot), Some(b'.' | b')')) || !is_blank(dot + 1) {
                    return None;
                }
                (dot, digits + 1)
            }
            b'[' if bytes.get(at + 1) == Some(&b'^') => {
                let label = bytes[at + 2..].iter().take_while(|byte| !matches!(byte, b'[' | b']')).count();
                if !bytes[at + 2 + label..].starts_with(b"]:") {
                    return None;
                }
                (at, label + 4)
            }
            _ => return None,
        };
        // If the rest of the line has only this character and white space, it is a thematic break and opens no block.
        let is_rule = || {
            matches!(bytes[at], b'-' | b'*') && bytes[at..].iter().all(|b| *b == bytes[at] || b.is_ascii_whitespace())
        };
        if opened == MAX_BLOCKS_PER_LINE {
            return (!is_rule()).then_some(marker);
        }
        opened += 1;
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_markdown_is_unchanged() {
        for markdown in
            ["", "> > a\n> - b\n1. c", "a > b", &format!("{}a", "> ".repeat(40)), &"- ".repeat(200), &"*".repeat(200)]
        {
            assert!(matches!(limit_nesting(markdown), Cow::Borrowed(same) if same == markdown), "{markdown}");
        }
    }

    #[test]
    fn an_excess_marker_becomes_text() {
        for (marker, escaped) in
            [(">", "\\>"), ("- ", "\\- "), ("12) ", "12\\) "), ("[^a]:", "\\[^a]:"), ("+\t", "\\+\t")]
        {
            let markdown = format!("a\n{}b\nc", marker.repeat(60));
            let expected = format!("a\n{}{escaped}{}b\nc", marker.repeat(40), marker.repeat(19));
            assert_eq!(limit_nesting(&markdown), expected);
        }
        let twice = format!("{0}a\r{0}b", ">".repeat(41));
        assert_eq!(limit_nesting(&twice), format!("{0}a\r{0}b", format!("{}\\>", ">".repeat(40))));
    }
}
