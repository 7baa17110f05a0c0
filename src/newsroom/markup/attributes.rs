//! Filter for HTML attributes: keeps allowed attributes, each at most once, with a limited length and in quotes.
//!
//! The only CSS property that is read is `text-align`; it becomes the attribute `align`. URLs are checked
//! in `sanitizer`.

use super::{elements::GLOBAL_ATTRIBUTES, tokenizer::Attributes};

/// Maximum length of an attribute value, in bytes. Attributes with longer values, such as images in `data:`
/// URLs, are dropped.
const MAX_VALUE: usize = 4000;

/// Maximum number of columns or rows that a cell may span.
const MAX_SPAN: u32 = 100;

/// Returns the attributes that an element keeps, as text to append to the name in its start tag.
pub(super) fn filter_attributes(allowed: &[&str], attributes: Attributes<'_>) -> String {
    let mut text = String::new();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in attributes {
        let lower = name.to_ascii_lowercase();
        let (name, value) = match lower.as_str() {
            // `text-align` is the only part of a style that is kept: it aligns the column of a table.
            "style" if allowed.contains(&"align") => match text_align(value) {
                Some(align) => ("align", align),
                None => continue,
            },
            "align" => match alignment(value) {
                Some(align) => ("align", align),
                None => continue,
            },
            name => (name, value),
        };
        let Some(name) = allowed.iter().chain(GLOBAL_ATTRIBUTES).find(|known| **known == name) else { continue };
        if seen.contains(name) || value.len() > MAX_VALUE || !is_valid(name, value) {
            continue;
        }
        seen.push(name);
        text.push(' ');
        text.push_str(name);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '"' => text.push_str("&quot;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text
}

/// Whether a value is valid for its attribute. Numbers are limited to a range that any program can handle.
fn is_valid(attribute: &str, value: &str) -> bool {
    match attribute {
        "colspan" | "rowspan" => value.parse::<u32>().is_ok_and(|span| (2..=MAX_SPAN).contains(&span)),
        "start" | "value" => value.len() <= 6 && value.parse::<u32>().is_ok(),
        "width" | "height" => value.len() <= 5 && value.parse::<u32>().is_ok(),
        "dir" => matches!(value, "ltr" | "rtl" | "auto"),
        _ => true,
    }
}

/// Returns the alignment that `text-align` sets in a style, or `None` if it is missing or unknown.
fn text_align(style: &str) -> Option<&'static str> {
    let mut declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    let (_, align) = declarations.find(|(property, _)| property.trim().eq_ignore_ascii_case("text-align"))?;
    alignment(align)
}

/// Returns the known alignment that equals `value`, ignoring case and surrounding white space, or `None`.
fn alignment(value: &str) -> Option<&'static str> {
    ["left", "center", "right"].into_iter().find(|known| value.trim().eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::newsroom::markup::flatten_html::flatten_html;

    #[test]
    fn attributes_are_deduplicated_limited_and_quoted() {
        let html = "<ol START=3 start=4 class=x onclick=y><li value='-1' dir=rtl lang=\"a&quot;<>'\">";
        assert_eq!(flatten_html(html), "<ol start=\"3\"><li dir=\"rtl\" lang=\"a&quot;&lt;&gt;'\"></li></ol>");
        assert_eq!(
            flatten_html("<td><table><td colspan=9999 rowspan=2>"),
            "\n<table><tr><td rowspan=\"2\"></td></tr></table>"
        );
        assert_eq!(
            flatten_html(
                "<table><th style='color:red; Text-Align: right;width:1px'><td align=center><td align=x style=y><p align=left>"
            ),
            "<table><tr><th align=\"right\"></th><td align=\"center\"></td><td><p></p></td></tr></table>"
        );
        assert_eq!(
            flatten_html("<table><td ALIGN=RIGHT>1<td style='text-align:CENTER'>2"),
            "<table><tr><td align=\"right\">1</td><td align=\"center\">2</td></tr></table>"
        );
        assert_eq!(flatten_html(&format!("<img src=data:{}>a", "x".repeat(MAX_VALUE))), "a");
    }
}
