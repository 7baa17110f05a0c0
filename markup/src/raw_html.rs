//! Raw HTML in a body: whether there is any, and the Markdown that replaces it.
//!
//! Earlier versions kept raw HTML in Markdown, and had no syntax for superscript and subscript.

use pulldown_cmark::{CowStr, Event, Options, Parser};

use crate::{
    events::{Footnotes, OPTIONS, render},
    from_html::from_html,
    nesting::limit_nesting,
    scripts::Scripts,
    text::to_text,
};

/// Syntax of a body in earlier versions, in addition to CommonMark and raw HTML.
const EARLIER_OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_FOOTNOTES).union(Options::ENABLE_STRIKETHROUGH);

/// Whether a body contains raw HTML, which is shown as text.
pub fn contains_html(markdown: &str) -> bool {
    let markdown = limit_nesting(markdown);
    Parser::new_ext(&markdown, OPTIONS).any(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_)))
}

/// Returns the Markdown for a body that an earlier version stored, or `None` if the body means the same now, if its
/// HTML cannot be converted (see [`from_html`]), or if the conversion would remove text between tags.
///
/// The new Markdown has the same text, and the same marks as far as Markdown can express them: elements without an
/// equivalent, such as `ins` and `abbr`, keep their text.
pub fn replace_html(markdown: &str) -> Option<String> {
    let limited = limit_nesting(markdown);
    let earlier = || Parser::new_ext(&limited, EARLIER_OPTIONS);
    let now = Scripts::new(&limited, Parser::new_ext(&limited, OPTIONS).into_offset_iter());
    if !contains_html(markdown) && render(earlier()) == render(now) {
        return None;
    }
    let replaced = from_html(&render(Footnotes::new(earlier()))).ok()?;
    // An element that is removed with its content, such as an unclosed `<select>`, must not take text with it.
    let before: String = earlier().filter_map(text).flat_map(|text| letters(&text)).collect();
    let mut after = letters(&to_text(&replaced)).into_iter();
    before.chars().all(|letter| after.any(|c| c == letter)).then_some(replaced)
}

/// Returns the text of an event that is not HTML.
fn text(event: Event<'_>) -> Option<CowStr<'_>> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        _ => None,
    }
}

/// Returns the characters of a text except white space.
fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_html;

    #[test]
    fn html_with_an_equivalent_is_replaced() {
        for (before, after) in [
            ("50<sup>th</sup> and H<sub>2</sub>O", "50^th^ and H~2~O"),
            ("<s>no</s> ~one~ ~~two~~", "~~no~~ ~~one~~ ~~two~~"),
            ("2^10^ a^b", "2\\^10\\^ a\\^b"),
            ("<ins>new</ins> <abbr title=\"x\">ILO</abbr> <q>so</q>", "new ILO “so”"),
            ("a<br>b <!-- no --> <span class=\"c\">c</span>", "a  \nb c"),
            ("<div>\n\n**a**\n\n</div>\n\n- b\n- c", "**a**\n\n- b\n- c"),
            ("| a |\n|---|\n| 1<br>2 |\n\n<script>x</script>", "|a|\n|-|\n|1 2|"),
            ("a[^1] <b>b</b>\n\n[^1]: Note", "a^\\[1\\]^ **b**\n\n\\[1\\] Note"),
        ] {
            let replaced = replace_html(before).unwrap();
            assert_eq!(replaced, after, "{before}");
            assert!(!contains_html(&replaced), "{replaced}");
        }
    }

    #[test]
    fn a_body_that_means_the_same_is_kept() {
        for markdown in [
            "",
            "*a* **b** ~~c~~ `<b>` \\<i> a < b",
            "* a\n* b\n\n1) c",
            "a^2 b~c 3 ^ 4",
            "```\n<p>\n```",
            "x[^1]\n\n[^1]: y",
        ] {
            assert_eq!(replace_html(markdown), None, "{markdown}");
            assert!(!contains_html(markdown), "{markdown}");
        }
    }

    #[test]
    fn html_that_would_take_text_with_it_is_kept_as_text() {
        for markdown in
            ["About the <textarea> element\n\nSecond", "a <title> b", "a <select> b", "x <script>f()</script> y"]
        {
            assert_eq!(replace_html(markdown), None, "{markdown}");
        }
        assert_eq!(replace_html("a\n\n<script>f()</script>\n\nb").as_deref(), Some("a\n\nb"));
    }

    #[test]
    fn html_that_is_too_deep_is_kept_as_text() {
        let markdown = "<div>".repeat(1000);
        assert_eq!(replace_html(&markdown), None);
        assert!(contains_html(&markdown) && to_html(&markdown).contains("&lt;div&gt;"));
    }
}
