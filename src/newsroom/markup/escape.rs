//! Escaping for Markdown: writes text, link destinations, titles and code so that a parser reads back the
//! same characters.
//!
//! Characters that are invalid in URLs are percent-encoded. What counts as a marker follows CommonMark and its
//! table extension.

use std::fmt::Write;

/// Formats the destination and title of a link or image, in parentheses. Removes tabs and line feeds. Before the
/// query and fragment of a web address, replaces each backslash with a slash, as the URL Standard requires. Escapes
/// or percent-encodes other characters with a meaning in Markdown or HTML.
pub(super) fn destination(address: &str, title: &str) -> String {
    let mut text = String::with_capacity(address.len() + title.len() + 8);
    text.push('(');
    let address = address.trim();
    let mut in_path = !address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    for c in address.chars() {
        in_path &= !matches!(c, '?' | '#');
        match c {
            '\t' | '\n' => {}
            '(' | ')' => {
                text.push('\\');
                text.push(c);
            }
            '\\' if in_path => text.push('/'),
            '<' | '>' | '`' | '\\' | '|' => percent_encode(c, &mut text),
            c if c.is_whitespace() => percent_encode(c, &mut text),
            '&' => text.push_str("&amp;"),
            c => text.push(c),
        }
    }
    if !title.trim().is_empty() {
        text.push_str(" \"");
        escape_attribute(title, &mut text);
        text.push('"');
    }
    text.push(')');
    text
}

fn percent_encode(c: char, text: &mut String) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        write!(text, "%{byte:02X}").expect("writing to a String cannot fail");
    }
}

/// Escapes an attribute value for use as the title of a link or image, or as the alternative text of an image. A
/// parser reads back every character, including quotation marks and line feeds.
pub(super) fn escape_attribute(text: &str, markdown: &mut String) {
    let mut escaped = String::with_capacity(text.len());
    escape(text, false, &mut escaped);
    for c in escaped.chars() {
        match c {
            '"' => markdown.push_str("\\\""),
            '\n' => markdown.push_str("&#10;"),
            c => markdown.push(c),
        }
    }
}

/// Writes the start tag of an element with a title, for use in a line of Markdown. Nothing in the title is
/// read as a marker.
pub(super) fn start_tag_with_title(name: &str, title: &str, markdown: &mut String) {
    markdown.extend(["<", name, " title=\""]);
    for c in title.chars() {
        match c {
            '"' => markdown.push_str("&quot;"),
            '&' => markdown.push_str("&amp;"),
            '<' => markdown.push_str("&lt;"),
            '>' => markdown.push_str("&gt;"),
            // In a table cell, `|` would end the cell. A line feed would end the line, and a backtick could
            // start a code span.
            '|' | '\n' | '`' => write!(markdown, "&#{};", u32::from(c)).expect("writing to a String cannot fail"),
            c => markdown.push(c),
        }
    }
    markdown.push_str("\">");
}

/// Writes text and escapes every character that a parser would read as a marker. `begins_line`: the text is at the
/// start of a line, where block markers count.
pub(super) fn escape(text: &str, begins_line: bool, markdown: &mut String) {
    let first = if begins_line { block_start_escape(text) } else { None };
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

/// Returns the position of the character to escape in a line that would otherwise start another kind of block.
fn block_start_escape(text: &str) -> Option<usize> {
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

/// Returns the backticks to put around code: more than its longest run of backticks, and at least `min_length`.
pub(super) fn fence(code: &str, min_length: usize) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(min_length.max(longest + 1))
}

/// Returns the words of a text, separated by single spaces.
pub(super) fn collapse_whitespace(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::newsroom::markup::{
        html_to_markdown, markdown_to_html,
        plain_text::decode_references,
        tokenizer::{Token, Tokenizer},
    };

    fn markdown(html: &str) -> String {
        html_to_markdown(html).unwrap().0
    }

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
    fn link_destinations_cannot_end_early() {
        assert_eq!(
            destination(" https://a\\b (c)|`<d>\t&e\u{A0}?\\", "say \"x\"\n *y*"),
            "(https://a/b%20\\(c\\)%7C%60%3Cd%3E&amp;e%C2%A0?%5C \"say \\\"x\\\"&#10; \\*y\\*\")"
        );
    }

    /// Converts an HTML body to Markdown and back to HTML, and returns all values of an attribute in the result.
    fn values(body: &str, name: &str) -> Vec<String> {
        let html = markdown_to_html(&markdown(body));
        let value = |token| match token {
            Token::StartTag(_, attributes) => attributes.value(name).map(|value| decode_references(value).into_owned()),
            _ => None,
        };
        Tokenizer::new(&html).filter_map(value).collect()
    }

    #[test]
    fn attribute_texts_round_trip() {
        for (written, text) in [
            ("say &quot;hi&quot;", "say \"hi\""),
            ("“a” ‘b’ 'c'", "“a” ‘b’ 'c'"),
            ("[a](b) ![c] *d* _e_ `f` ~~g~~ <b> \\ \\\" | # (h)", "[a](b) ![c] *d* _e_ `f` ~~g~~ <b> \\ \\"),
            ("&amp;quot; &amp;copy; &amp;#10; &lt;i>", "&quot; &copy; &#10; <i>"),
            (" two  blanks \n\n and\tlines\r\n", " two  blanks \n\n and\tlines\n"),
            ("a\\", "a\\"),
        ] {
            let (title, alt) = (format!("title=\"{written}\""), format!("alt=\"{written}\""));
            let body = format!(
                "<p>x <a href=https://a {title}>y</a>, <abbr {title}>z</abbr> <img src=https://a/b {alt} {title}>"
            );
            for body in
                [body.clone(), format!("<ul><li>{body}"), format!("<h2>{body}"), format!("<table><tr><td>{body}<td>x")]
            {
                assert_eq!(values(&body, "title"), [text; 3], "{body} became {}", markdown(&body));
                assert_eq!(values(&body, "alt"), [text], "{body} became {}", markdown(&body));
            }
        }
    }

    #[test]
    fn link_destinations_are_preserved() {
        for (written, address) in [
            ("https://a/b c", "https://a/b%20c"),
            ("https://a/(b)_(c", "https://a/(b)_(c"),
            ("https://a/&quot;b&quot;'c'", "https://a/%22b%22'c'"),
            ("https://a/b?c=d&amp;copy=e&#35;f", "https://a/b?c=d&amp;copy=e#f"),
            ("https://a\\b?c\\d", "https://a/b?c%5Cd"),
            ("https://a/b\n  c\td|`e`*f*_g_", "https://a/b%20%20cd%7C%60e%60*f*_g_"),
            ("https://a/\u{A0}é%20<b>", "https://a/%C2%A0%C3%A9%20%3Cb%3E"),
            ("mailto:a@b.example?subject=c d", "mailto:a@b.example?subject=c%20d"),
            ("mailto:a\\b@x", "mailto:a%5Cb@x"),
        ] {
            for body in
                [format!("<a href=\"{written}\">x</a>"), format!("<table><tr><td>a<td><a href=\"{written}\">x</a>")]
            {
                let html = markdown_to_html(&markdown(&body));
                assert!(html.contains(&format!("<a href=\"{address}\" rel")), "{body} became {html}");
            }
        }
    }

    proptest! {
        #[test]
        fn attributes_round_trip(text in "[-a1 .,)(#>+=*_`~|:!?\\[\\]<&;\\\\'\"^{}$%@/\n\té字“…]{0,16}x") {
            let escaped = text.replace('&', "&amp;").replace('"', "&quot;");
            let inner = format!(
                "<a href=https://a title=\"{escaped}\">y</a> <img src=https://a/b alt=\"{escaped}\">\
                 <abbr title=\"{escaped}\">z</abbr>"
            );
            for body in [format!("<p>{inner}"), format!("<h2>{inner}"), format!("<blockquote><ul><li>{inner}"), format!("<table><tr><td>{inner}<td>x")] {
                let expected = text.as_str();
                prop_assert_eq!(values(&body, "title"), [expected; 2], "{} became {}", body, markdown(&body));
                prop_assert_eq!(values(&body, "alt"), [expected], "{} became {}", body, markdown(&body));
            }
        }
    }
}
