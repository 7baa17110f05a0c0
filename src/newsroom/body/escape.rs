//! Text written so that Markdown reads it as text.

use std::fmt::Write;

/// The address of a link or picture, in parentheses.
pub(super) fn destination(address: &str, title: &str) -> String {
    let mut text = String::with_capacity(address.len() + title.len() + 8);
    text.push('(');
    for c in address.trim().chars() {
        match c {
            '(' | ')' => {
                text.push('\\');
                text.push(c);
            }
            '<' | '>' | '`' | '\\' | '|' | ' ' | '\t' | '\n' => {
                write!(text, "%{:02X}", u32::from(c)).expect("writing to a text cannot fail");
            }
            c if c.is_whitespace() => {}
            '&' => text.push_str("&amp;"),
            c => text.push(c),
        }
    }
    if !title.trim().is_empty() {
        text.push_str(" \"");
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        escape(&title.replace('"', "\u{201D}"), false, &mut text);
        text.push('"');
    }
    text.push(')');
    text
}

/// Writes text so that it is read as text.
pub(super) fn escape(text: &str, begins_line: bool, markdown: &mut String) {
    let first = if begins_line { first_escape(text) } else { None };
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let after = &text[at + c.len_utf8()..];
        let is_mark = match c {
            '\\' | '*' | '`' | '[' | ']' | '~' => true,
            '_' => !before.is_alphanumeric() || !after.starts_with(char::is_alphanumeric),
            '<' => after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
            '&' => {
                let name = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
                name.starts_with(';') && name.len() < after.len()
            }
            _ => false,
        };
        if is_mark || first == Some(at) {
            markdown.push('\\');
        }
        markdown.push(c);
        before = c;
    }
}

/// Where the character is to be escaped that would make another block of a line.
fn first_escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let blank = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    match bytes.first()? {
        b'>' | b'=' | b'|' => Some(0),
        b'+' | b'-' if blank(1) || matches!(bytes[1], b'+' | b'-' | b'|' | b':') => Some(0),
        b'#' if bytes.iter().position(|byte| *byte != b'#').is_none_or(blank) => Some(0),
        b':' if bytes.get(1) == Some(&b'-') => Some(0),
        b'0'..=b'9' => {
            let dot = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
            (dot < 10 && matches!(bytes[dot], b'.' | b')') && blank(dot + 1)).then_some(dot)
        }
        _ => None,
    }
}

/// Backticks that stand around code: more than it has in a row, and no less than asked for.
pub(super) fn fence(code: &str, least: usize) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// The words of a text, one blank between them.
pub(super) fn one_line(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut markdown = String::new();
        escape(text, true, &mut markdown);
        markdown
    }

    #[test]
    fn text_stays_text() {
        for (text, markdown) in [
            ("snake_case _x_ *y* `z` ~w", "snake_case \\_x\\_ \\*y\\* \\`z\\` \\~w"),
            ("[a](b) 1 < 2 <b> </b> <", "\\[a\\](b) 1 < 2 \\<b> \\</b> <"),
            ("AT&T R & D &copy; a\\b", "AT&T R & D \\&copy; a\\\\b"),
            ("- a", "\\- a"),
            ("-5", "-5"),
            ("+", "\\+"),
            ("# a", "\\# a"),
            ("#a", "#a"),
            ("> a", "\\> a"),
            ("2006. a", "2006\\. a"),
            ("2) a", "2\\) a"),
            ("3.5 a", "3.5 a"),
            ("== a", "\\== a"),
            ("--- a", "\\--- a"),
            ("|a|", "\\|a|"),
        ] {
            assert_eq!(escaped(text), markdown);
        }
    }

    #[test]
    fn addresses_cannot_end_early() {
        assert_eq!(
            destination("https://a/b (c)|`<d>&e", "say \"x\"\n *y*"),
            "(https://a/b%20\\(c\\)%7C%60%3Cd%3E&amp;e \"say ”x” \\*y\\*\")"
        );
    }
}
